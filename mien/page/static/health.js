/** The status of the service in words. */

/**
 * @typedef {{bundle: string, frames: number, fps: number, dropped: number, skipped: number, reopened: number,
 *   asleep: boolean, camera_lost: boolean, paused: "" | "device" | "reader", temperature_c: number | null,
 *   sinks: Object<string, {dropped: number, failures: number}>}} Status
 */

/** @param {Status} status @returns {{name: string}} */
export function stateOf(status) {
  if (status.paused) return { name: status.paused === "device" ? "device" : "paused" };
  if (status.camera_lost) return { name: "lost" };
  return { name: status.asleep ? "asleep" : "live" };
}

/** @param {Status} status @returns {[string, string][]} */
export function healthPairs(status) {
  const sinks = Object.entries(status.sinks).map(([name, { dropped, failures }]) => [
    `Sink ${name}`,
    dropped || failures ? `${count(dropped, "result")} lost, ${count(failures, "failure")}` : "nothing lost",
  ]);
  return [
    ["Frames per second", status.fps.toFixed(1)],
    ["Frames since the start", status.frames.toLocaleString("en")],
    ["Frames dropped", status.dropped.toLocaleString("en")],
    ["Frames not readable", status.skipped.toLocaleString("en")],
    ["Camera opened again", count(status.reopened, "time")],
    ["Processor", status.temperature_c === null ? "temperature not known" : `${status.temperature_c.toFixed(0)} °C`],
    ["Bundle", status.bundle],
    ...sinks,
  ];
}

/** @param {number} number @param {string} noun */
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
