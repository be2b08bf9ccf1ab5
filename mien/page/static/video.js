/** Frames of a video element, be it the webcam or a file, and their JPEGs. */

import { recognizeFrame, recognizePicture } from "./api.js";

/** Width to which frames are reduced before they are sent, px. */
const SENT_WIDTH = 640;
/** Width of the frames that are shown, px. */
const SHOWN_WIDTH = 1280;
const QUALITY = 0.9;
const CAMERA = { audio: false, video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } } };

const CAMERA_ERRORS = {
  NotAllowedError: "The browser was not allowed to use the camera. Allow it in the site settings, then try again.",
  NotFoundError: "This computer has no camera that the browser can find. Pictures, videos and the demo work without.",
  NotReadableError: "The camera does not answer: another program may be using it.",
};

/**
 * @typedef {{picture: CanvasImageSource, answer: import("./api.js").Answer, roundTrip: number}} Shot
 * @typedef {{mirrored: boolean, file?: HTMLVideoElement,
 *   next: (bundle: string, signal: AbortSignal) => Promise<Shot>, close: () => void}} Source
 */

/**
 * Opens the webcam.
 * @param {HTMLElement} stage where the video element is put, behind the canvas
 * @param {(line: string) => void} ended called when the camera goes away
 * @param {AbortSignal} signal aborted when the user has given up before the browser has asked
 * @returns {Promise<Source>}
 */
export async function openCamera(stage, ended, signal) {
  if (!navigator.mediaDevices) throw new Error("This browser gives no camera to this address: use http://localhost.");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia(CAMERA);
  } catch (error) {
    throw new Error(CAMERA_ERRORS[error.name] ?? `The camera cannot be opened: ${error.message}`);
  }
  const video = addVideo(stage);
  const close = () => {
    stream.getTracks().forEach((track) => track.stop());
    video.remove();
  };
  if (signal.aborted) {
    close();
    throw signal.reason;
  }
  stream.getVideoTracks()[0].onended = () => ended("The camera has gone: it was unplugged, or taken from the page.");
  video.srcObject = stream;
  return { mirrored: true, next: framesOf(video), close };
}

/**
 * Opens a video file, which the browser itself plays.
 * @param {HTMLElement} stage where the video element is put, behind the canvas
 * @param {File} file
 * @returns {Promise<Source>}
 */
export async function openVideo(stage, file) {
  const address = URL.createObjectURL(file);
  const video = addVideo(stage);
  const close = () => {
    video.removeAttribute("src");
    video.load(); // releases the file
    video.remove();
    URL.revokeObjectURL(address);
  };
  await new Promise((resolve, reject) => {
    video.onloadeddata = () => (video.videoWidth ? resolve : reject)(); // a file may hold sound alone
    video.onerror = reject;
    video.src = address;
  }).catch(() => {
    close();
    throw new Error(`“${file.name}” is no video that this browser can play.`);
  });
  return { mirrored: false, file: video, next: framesOf(video), close };
}

/** @param {HTMLElement} stage */
function addVideo(stage) {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, playsInline: true, tabIndex: -1 });
  video.setAttribute("aria-hidden", "true");
  stage.prepend(video);
  return video;
}

/** @param {HTMLVideoElement} video @returns {Source["next"]} */
function framesOf(video) {
  const shown = document.createElement("canvas");
  const sent = document.createElement("canvas");
  sent.getContext("2d", { willReadFrequently: true });
  const newFrame = watchFrames(video);
  video.play().catch(() => {}); // taken away before it could start
  return async (bundle, signal) => {
    await newFrame(signal);
    drawReduced(video, video.videoWidth, video.videoHeight, SHOWN_WIDTH, shown);
    drawReduced(shown, shown.width, shown.height, SENT_WIDTH, sent);
    const jpeg = await toJpeg(sent);
    const started = performance.now();
    const recognize = video.paused ? recognizePicture : recognizeFrame; // a frame that stays is a picture
    const answer = await recognize(jpeg, bundle, signal);
    return { picture: shown, answer, roundTrip: performance.now() - started };
  };
}

/**
 * A function that waits until the video shows another frame than when it was called before.
 * @param {HTMLVideoElement} video @returns {(signal: AbortSignal) => Promise<void>}
 */
function watchFrames(video) {
  let isNew = false;
  let wake = () => {};
  const note = () => {
    isNew = true;
    wake();
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  return async (signal) => {
    while (!isNew) {
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
        wake = () => {
          signal.removeEventListener("abort", resolve);
          resolve();
        };
      });
      signal.throwIfAborted();
    }
    isNew = false;
  };
}

/**
 * @param {CanvasImageSource} picture @param {number} width @param {number} height @param {number} most its width after
 * @param {HTMLCanvasElement} canvas
 */
export function drawReduced(picture, width, height, most, canvas) {
  const scale = Math.min(1, most / width);
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  canvas.getContext("2d").drawImage(picture, 0, 0, w, h);
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
export const toJpeg = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
