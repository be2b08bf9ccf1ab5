/** Texts for screen readers: only when they change, and at most one every few seconds. */

const INTERVAL_MS = 4000;
const element = document.getElementById("live");

let newest = "";
let timer = 0;
let saidAt = -Infinity;

/** @param {string} text */
export function announce(text) {
  newest = text;
  if (timer || text === element.textContent) return;
  timer = setTimeout(say, Math.max(0, saidAt + INTERVAL_MS - performance.now()));
}

function say() {
  timer = 0;
  if (newest === element.textContent) return;
  element.textContent = newest;
  saidAt = performance.now();
}
