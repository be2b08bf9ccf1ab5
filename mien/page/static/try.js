/** The view "Try": webcam, pictures, a video or the demo through the server's recognizer. */

import { announce } from "./announce.js";
import { ApiError, demoFrame, sentence } from "./api.js";
import { describe, FaceCards, replacePairs } from "./faces.js";
import { Pictures } from "./pictures.js";
import { Player } from "./player.js";
import { RecordView } from "./record.js";
import { Means, milliseconds, Rate, Waterfall } from "./speed.js";
import { Stage } from "./stage.js";
import { openCamera, openVideo } from "./video.js";

const MOST_FRAMES_PER_SECOND = 30;
const TEXT_INTERVAL_MS = 100;
const RETRY_MS = 1000;

const $ = (name) => document.getElementById(`try-${name}`);

export class TryView {
  constructor() {
    this.stage = new Stage($("canvas"));
    this.cards = new FaceCards($("faces"), "Label, probabilities and head pose of each face appear here.");
    this.waterfall = new Waterfall($("waterfall"));
    this.record = new RecordView($("record"));
    this.pictures = new Pictures($("strip"), (item, picture) => this.showPicture(item, picture));
    this.player = new Player($("player"));
    this.means = new Means();
    this.rate = new Rate();
    this.running = new AbortController();
    this.textsAt = 0;
    $("camera").onclick = () =>
      this.play("camera", (signal) => openCamera($("stage"), (line) => this.fail(line), signal));
    $("demo").onclick = () => this.play("demo", openDemo);
    $("open").onclick = () => $("files").click();
    $("files").onchange = () => this.open([...$("files").files]);
    $("stop").onclick = () => this.stop();
    $("mirror").onchange = () => this.stage.mirror($("mirror").checked);
    $("bundle").onchange = () => this.changeBundle();
    acceptDrops($("stage"), (files) => this.open(files));
    this.showSpeed();
  }

  /** @param {import("./api.js").State} state */
  configure(state) {
    this.stage.contours = state.contours;
    $("bundle").replaceChildren(
      ...state.bundles.map(({ name }) => new Option(name, name, name === state.bundle, name === state.bundle)),
    );
  }

  /** Ends what runs, and releases the camera. */
  stop() {
    if (document.activeElement === $("stop")) $("camera").focus();
    this.begin("");
  }

  /**
   * Ends what ran before.
   * @param {"" | "camera" | "open" | "demo"} name the button of what begins now
   * @returns {AbortSignal} of what begins now
   */
  begin(name) {
    this.running.abort();
    this.running = new AbortController();
    this.pictures.clear();
    this.player.hide();
    this.means.reset();
    this.rate.reset();
    this.stage.show(null);
    this.cards.clear();
    this.record.show(null);
    this.showSpeed();
    this.say("");
    for (const button of ["camera", "open", "demo"]) $(button).setAttribute("aria-pressed", String(button === name));
    $("stop").disabled = !name;
    $("start").hidden = false;
    return this.running.signal;
  }

  /** @param {"camera" | "open" | "demo"} name @param {(signal: AbortSignal) => Promise<import("./video.js").Source>} open */
  async play(name, open) {
    const signal = this.begin(name);
    try {
      const source = await open(signal);
      if (signal.aborted) return source.close();
      signal.addEventListener("abort", source.close); // at once, also while an answer is waited for
      this.setMirror(source.mirrored);
      if (source.file) this.player.show(source.file);
      await this.loop(source, signal);
    } catch (error) {
      if (!signal.aborted) this.fail(error.message);
    }
  }

  /** One frame after the other, the next one when the answer is there. */
  async loop(source, signal) {
    for (;;) {
      const due = performance.now() + 1000 / MOST_FRAMES_PER_SECOND;
      try {
        const shot = await source.next($("bundle").value, signal);
        this.say("");
        this.rate.tick();
        this.show(shot.picture, shot.answer, shot.roundTrip, "No face in view.");
      } catch (error) {
        if (signal.aborted || !(error instanceof ApiError) || error.status !== 0) throw error;
        this.say(`${error.message} Trying again every second.`);
        await sleep(RETRY_MS, signal);
      }
      await sleep(Math.max(0, due - performance.now()), signal);
    }
  }

  /** @param {File[]} files */
  async open(files) {
    $("files").value = "";
    if (!files.length) return;
    const video = files.find((file) => file.type.startsWith("video/"));
    if (video) return this.play("open", () => openVideo($("stage"), video));
    const signal = this.begin("open");
    this.setMirror(false);
    await this.pictures.add(files, $("bundle").value, signal).catch(() => {}); // ended by the user
  }

  /** @param {import("./pictures.js").Item} item @param {ImageBitmap | null} picture */
  showPicture(item, picture) {
    this.say(item.error ?? "");
    if (item.answer) {
      this.means.reset();
      this.textsAt = 0;
      this.show(picture, item.answer, item.roundTrip);
      return;
    }
    this.cards.show([], [], item.error ? "No answer for this file." : "Looking for faces…");
    this.record.show(null);
    $("start").hidden = Boolean(picture);
    const size = picture && [picture.width, picture.height];
    this.stage.show(picture && { picture, size, faces: [], meshes: [], labels: [] });
  }

  /**
   * @param {CanvasImageSource} picture @param {import("./api.js").Answer} answer @param {number} roundTrip ms
   * @param {string} [empty] what to say where there is no face
   */
  show(picture, { record, meshes, labels }, roundTrip, empty) {
    $("start").hidden = true;
    this.stage.show({ picture, size: record.size, faces: record.faces, meshes, labels });
    this.means.add({ ...record.ms, roundTrip });
    announce(describe(record.faces, false));
    if (performance.now() - this.textsAt < TEXT_INTERVAL_MS) return;
    this.textsAt = performance.now();
    this.cards.show(record.faces, labels, empty);
    this.record.show(record);
    this.showSpeed();
  }

  showSpeed() {
    const { values } = this.means;
    replacePairs($("tiles"), [
      ["Round trip", milliseconds(values.roundTrip)],
      ["Recognition", milliseconds(values.total)],
      ["Frames", this.rate.value ? `${this.rate.value.toFixed(0)} / s` : "–"],
    ]);
    this.waterfall.show(values);
  }

  async changeBundle() {
    if (!this.pictures.items.length) return; // the next frame goes to the new one
    this.running.abort();
    this.running = new AbortController();
    await this.pictures.recognize($("bundle").value, this.running.signal).catch(() => {});
  }

  /** @param {string} line what went wrong, after which nothing runs */
  fail(line) {
    this.stop();
    this.say(line);
  }

  /** @param {string} line empty: nothing to say */
  say(line) {
    $("message").hidden = !line;
    if ($("message").textContent !== sentence(line)) $("message").textContent = sentence(line);
  }

  /** @param {boolean} on */
  setMirror(on) {
    $("mirror").checked = on;
    this.stage.mirror(on);
  }
}

/** @returns {Promise<import("./video.js").Source>} */
async function openDemo() {
  const next = async (bundle, signal) => {
    await visible(signal);
    const started = performance.now();
    const answer = await demoFrame(bundle, signal);
    const roundTrip = performance.now() - started;
    const picture = Object.assign(new Image(), { src: answer.picture });
    await picture.decode();
    return { picture, answer, roundTrip };
  };
  return { mirrored: false, next, close: () => {} };
}

/** Waits until the page is seen. @param {AbortSignal} signal */
async function visible(signal) {
  while (document.hidden) await sleep(200, signal);
}

/** @param {HTMLElement} area @param {(files: File[]) => void} open */
function acceptDrops(area, open) {
  const over = (on) => area.classList.toggle("over", on);
  for (const type of ["dragenter", "dragover"]) {
    window.addEventListener(type, (event) => {
      event.preventDefault();
      over(!area.closest("[hidden]"));
    });
  }
  window.addEventListener("dragleave", (event) => event.relatedTarget || over(false));
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (!area.closest("[hidden]")) open([...event.dataTransfer.files]);
  });
}

/**
 * Waits; rejects with the signal's reason once it is aborted.
 * @param {number} ms @param {AbortSignal} signal @returns {Promise<void>}
 */
function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
