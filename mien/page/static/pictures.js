/** Pictures that were dropped or chosen: their recognition one after the other, and the strip to choose from. */

import { MAX_BYTES, MAX_SIDE, recognizePicture } from "./api.js";
import { describe } from "./faces.js";
import { drawReduced, toJpeg } from "./video.js";

/** What is sent as it is. The server turns a WebP as its Exif says, which browsers do not: see `fit`. */
const TAKEN = ["image/jpeg", "image/png"];
const THUMBNAIL = { width: 112, height: 84 };

/**
 * @typedef {{file: File, answer?: import("./api.js").Answer, roundTrip?: number, error?: string,
 *   button: HTMLButtonElement, caption: HTMLElement}} Item
 */

export class Pictures {
  /**
   * @param {HTMLElement} strip
   * @param {(item: Item, picture: ImageBitmap | null) => void} show called for the chosen picture, also when its
   *   answer is there
   */
  constructor(strip, show) {
    this.strip = strip;
    this.show = show;
    /** @type {Item[]} */
    this.items = [];
    /** @type {Item | null} */
    this.chosen = null;
    this.picture = null;
  }

  /** @param {File[]} files @param {string} bundle @param {AbortSignal} signal */
  async add(files, bundle, signal) {
    this.clear();
    this.items = files.map((file) => this.makeItem(file));
    this.strip.replaceChildren(
      ...this.items.map(({ button }) => {
        const entry = document.createElement("li");
        entry.append(button);
        return entry;
      }),
    );
    this.strip.hidden = files.length < 2;
    await this.recognize(bundle, signal);
  }

  clear() {
    this.items = [];
    this.chosen = null;
    this.picture = null;
    this.strip.replaceChildren();
    this.strip.hidden = true;
  }

  /** All pictures again or for the first time. @param {string} bundle @param {AbortSignal} signal */
  async recognize(bundle, signal) {
    for (const item of this.items) Object.assign(item, { answer: undefined, error: undefined });
    if (!this.chosen) await this.choose(this.items[0]);
    for (const item of this.items) {
      await this.recognizeOne(item, bundle, signal);
      item.caption.textContent = item.error ? "no answer" : describe(item.answer.record.faces);
      item.button.classList.toggle("failed", Boolean(item.error));
      if (item === this.chosen) this.show(item, this.picture);
    }
  }

  async recognizeOne(item, bundle, signal) {
    try {
      const bitmap = await decode(item.file);
      drawThumbnail(bitmap, item.button.querySelector("canvas"));
      const blob = await fit(item.file, bitmap);
      bitmap.close();
      const started = performance.now();
      item.answer = await recognizePicture(blob, bundle, signal);
      item.roundTrip = performance.now() - started;
    } catch (error) {
      signal.throwIfAborted();
      item.error = error.message;
    }
  }

  /** @param {Item} item */
  async choose(item) {
    this.chosen = item;
    for (const { button } of this.items) button.setAttribute("aria-pressed", String(button === item.button));
    const picture = await decode(item.file).catch(() => null);
    if (this.chosen !== item) return;
    this.picture = picture;
    this.show(item, picture);
  }

  makeItem(file) {
    const button = document.createElement("button");
    const canvas = Object.assign(document.createElement("canvas"), THUMBNAIL);
    const caption = Object.assign(document.createElement("span"), { textContent: "…" });
    const name = Object.assign(document.createElement("span"), { className: "unseen", textContent: `${file.name}: ` });
    button.type = "button";
    button.title = file.name;
    button.append(canvas, name, caption);
    const item = { file, button, caption };
    button.onclick = () => this.choose(item);
    return item;
  }
}

/** @param {File} file @returns {Promise<ImageBitmap>} */
async function decode(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    throw new Error(`“${file.name}” is no picture that this browser can read: expected JPEG, PNG or WebP.`);
  }
}

/** The file as it is, or, where the server would not take it or see it otherwise, as a JPEG. */
async function fit(file, bitmap) {
  const side = Math.max(bitmap.width, bitmap.height);
  if (TAKEN.includes(file.type) && file.size <= MAX_BYTES && side <= MAX_SIDE) return file;
  const canvas = document.createElement("canvas");
  drawReduced(bitmap, bitmap.width, bitmap.height, (bitmap.width * Math.min(side, MAX_SIDE / 2)) / side, canvas);
  return toJpeg(canvas);
}

/** The middle of a picture, which fills the thumbnail. */
function drawThumbnail(bitmap, canvas) {
  const scale = Math.max(canvas.width / bitmap.width, canvas.height / bitmap.height);
  const [w, h] = [bitmap.width * scale, bitmap.height * scale];
  canvas.getContext("2d").drawImage(bitmap, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
}
