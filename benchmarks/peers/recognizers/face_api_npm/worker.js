'use strict';
/*
 * face-api in Node, with TensorFlow.js on WebAssembly: a process that answers JSON lines.
 *
 *   node worker.js FOLDER    (with node_modules in it)
 *
 * It takes lines from stdin, pictures as raw bytes behind their line, and answers each on stdout:
 *
 *   {"open": DETECT}    → {"packages": {NAME: VERSION}}: the networks are loaded; with face-api's own detector or not
 *   {"picture": [H, W]} and H × W × 3 bytes, RGB → {"expressions": {NAME: P} or null}: of its most certain face, or,
 *                       without the detector, of the picture as a whole
 *
 * Whatever does not work is answered with {"error": REASON}.
 */
const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');

console.log = console.error; // stdout is for the answers
const folder = path.resolve(process.argv[2]);
const load = createRequire(path.join(folder, 'package.json'));

/** The next bytes of stdin; fewer only at its end. */
function read(length) {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const count = fs.readSync(0, bytes, filled, length - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

/** The next line of stdin, which is short; null: it has ended. */
function readLine() {
  const bytes = [];
  for (;;) {
    const next = read(1);
    if (next.length === 0) return null;
    if (next[0] === 10) return Buffer.from(bytes).toString();
    bytes.push(next[0]);
  }
}

function say(answer) {
  fs.writeSync(1, `${JSON.stringify(answer)}\n`);
}

let tf, faceapi, detector;

async function open(detect) {
  tf = load('@tensorflow/tfjs');
  const wasm = load('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(path.join(folder, 'node_modules/@tensorflow/tfjs-backend-wasm/dist/'));
  wasm.setThreadsCount(1);
  if (!(await tf.setBackend('wasm'))) throw new Error('TensorFlow.js cannot start its WebAssembly backend');
  await tf.ready();
  faceapi = load('@vladmandic/face-api/dist/face-api.node-wasm.js');
  const models = path.join(folder, 'node_modules/@vladmandic/face-api/model');
  await faceapi.nets.faceExpressionNet.loadFromDisk(models);
  if (detect) {
    await faceapi.nets.ssdMobilenetv1.loadFromDisk(models);
    detector = new faceapi.SsdMobilenetv1Options(); // its defaults
  }
  const names = Object.keys(load('./package.json').dependencies);
  const versions = names.map((name) => [name, load(`./node_modules/${name}/package.json`).version]);
  return { packages: Object.fromEntries([['node', process.versions.node], ...versions]) };
}

async function answer(pixels, shape) {
  const tensor = tf.tensor3d(pixels, [...shape, 3], 'int32');
  try {
    if (!detector) return { expressions: await faceapi.nets.faceExpressionNet.predictExpressions(tensor) };
    const face = await faceapi.detectSingleFace(tensor, detector).withFaceExpressions();
    return { expressions: face ? face.expressions : null };
  } finally {
    tensor.dispose();
  }
}

async function main() {
  for (let line = readLine(); line !== null; line = readLine()) {
    const message = JSON.parse(line);
    const pixels = message.picture ? read(3 * message.picture[0] * message.picture[1]) : null;
    try {
      say(await (pixels ? answer(pixels, message.picture) : open(message.open)));
    } catch (error) {
      say({ error: String(error).replace(/\s+/g, ' ') });
    }
  }
}

main();
