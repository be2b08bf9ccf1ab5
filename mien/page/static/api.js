/** The page's server: its requests, and its errors as one line each. */

/**
 * @typedef {{yaw: number, pitch: number, roll: number}} Pose
 * @typedef {{id: number, label: string, status: string, reasons: string[], probabilities: Object<string, number>,
 *   presence: number, box: [number, number, number, number], pose: Pose, mesh?: string}} FaceRecord
 * @typedef {{schema: number, frame: number, source: string, size: [number, number], faces: FaceRecord[],
 *   ms: Object<string, number>}} FrameRecord  see docs/reference/jsonl.md
 * @typedef {{record: FrameRecord, meshes: string[], labels: string[], picture?: string}} Answer
 * @typedef {{points: number[], closed: boolean}} Contour
 * @typedef {{version: string, bundle: string, labels: string[], bundles: {name: string, labels: string[]}[],
 *   contours: Contour[], points: number, socket: string}} State
 */

export const MAX_BYTES = 8_000_000;
/** Longest side of a picture that the server takes, px. */
export const MAX_SIDE = 4096;

const session = crypto.randomUUID();

/** An answer other than 2xx, or none that is whole (status 0). */
export class ApiError extends Error {
  /** @param {string} line @param {number} status */
  constructor(line, status) {
    super(line);
    this.status = status;
  }
}

/** @param {string} line @returns {string} the line with a capital letter at its beginning */
export const sentence = (line) => line.charAt(0).toUpperCase() + line.slice(1);

/** @returns {Promise<State>} */
export const fetchState = () => send("/api/state");

/**
 * The next frame of a video; faces are tracked and smoothed.
 * @param {Blob} jpeg @param {string} bundle @param {AbortSignal} signal @returns {Promise<Answer>}
 */
export const recognizeFrame = (jpeg, bundle, signal) => post("recognize", { kind: "frame", bundle }, jpeg, signal);

/**
 * A single picture.
 * @param {Blob} picture @param {string} bundle @param {AbortSignal} signal @returns {Promise<Answer>}
 */
export const recognizePicture = (picture, bundle, signal) =>
  post("recognize", { kind: "picture", bundle }, picture, signal);

/**
 * The next frame of the built-in demo, with its picture.
 * @param {string} bundle @param {AbortSignal} signal @returns {Promise<Answer>}
 */
export const demoFrame = (bundle, signal) => post("demo", { bundle }, null, signal);

/** @param {"pause" | "resume"} command */
export const sendCommand = (command) =>
  send("/api/command", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ command }),
  });

/** The request before, for the server takes those of a session one at a time. */
let before = Promise.resolve();

/**
 * Posts once the request before has its answer, even if nobody waits for that any more.
 * @param {string} path @param {Object<string, string>} query @param {Blob | null} body @param {AbortSignal} signal
 */
function post(path, query, body, signal) {
  const ask = async () => {
    signal.throwIfAborted();
    const address = `/api/${path}?${new URLSearchParams({ session, ...query })}`;
    const answer = await send(address, { method: "POST", body });
    signal.throwIfAborted();
    return answer;
  };
  const answer = before.then(ask);
  before = answer.catch(() => {});
  return answer;
}

/** @param {string} address @param {RequestInit} [options] @returns {Promise<any>} the JSON of the answer, if it has any */
async function send(address, options) {
  let response, answer;
  try {
    response = await fetch(address, options);
    answer = response.status === 204 ? undefined : await response.json();
  } catch {
    throw new ApiError("The server of this page does not answer: is “mien page” still running?", 0);
  }
  if (!response.ok) throw new ApiError(answer.error, response.status);
  return answer;
}
