/** Probabilities of the last minutes: one row for each label. */

import { colorName, colorValue } from "./palette.js";

const SHOWN_S = 180;
/** Records are averaged over this time, s. */
const STEP_S = 0.5;
/** Time without a record that leaves a gap, s: a service asleep takes few frames. */
const GAP_S = 2;
const ROW_PX = 30;
const AXIS_PX = 22;
const REDRAW_MS = 250;
const REDRAW_CALM_MS = 1000;

const TICKS = [
  [3, "−3 min", "left"],
  [2, "−2 min", "center"],
  [1, "−1 min", "center"],
  [0, "now", "right"],
];

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** @typedef {{time: number, count: number, values: number[], top: number}} Sample  top: index of the label; -1: no face */

export class Chart {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.parent = parent;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.names = document.createElement("ul");
    parent.append(this.names, this.canvas);
    /** @type {string[]} */
    this.labels = [];
    /** @type {Sample[]} */
    this.samples = [];
    this.timer = 0;
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  /** @param {string[]} labels other labels than before begin an empty chart */
  setLabels(labels) {
    if (labels.join() === this.labels.join()) return;
    this.labels = labels;
    this.samples = [];
    this.names.replaceChildren(
      ...labels.map((label) => {
        const name = Object.assign(document.createElement("li"), { textContent: label });
        name.dataset.color = colorName(label, labels);
        return name;
      }),
    );
    this.canvas.style.height = `${labels.length * ROW_PX + AXIS_PX}px`;
    this.draw();
  }

  /** @param {import("./api.js").FaceRecord | null} face of the newest record */
  add(face) {
    const now = performance.now() / 1000;
    const time = Math.floor(now / STEP_S) * STEP_S;
    let sample = this.samples.at(-1);
    if (sample?.time !== time) {
      sample = { time, count: 0, values: this.labels.map(() => 0), top: -1 };
      this.samples.push(sample);
      while (this.samples[0].time < now - SHOWN_S - GAP_S) this.samples.shift();
    }
    if (!face) return;
    sample.count++;
    this.labels.forEach((label, i) => {
      sample.values[i] += ((face.probabilities[label] ?? 0) - sample.values[i]) / sample.count;
    });
    sample.top = sample.values.indexOf(Math.max(...sample.values));
  }

  /** @param {boolean} on whether to go on drawing */
  run(on) {
    clearTimeout(this.timer);
    if (!on) return;
    this.draw();
    this.timer = setTimeout(() => this.run(true), calm.matches ? REDRAW_CALM_MS : REDRAW_MS);
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !this.labels.length) return;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const now = performance.now() / 1000;
    const x = (time) => width - ((now - time) / SHOWN_S) * width;
    this.drawGrid(context, width, height);
    this.labels.forEach((label, i) => this.drawRow(context, i, x));
    this.canvas.setAttribute("aria-label", this.describe());
  }

  drawGrid(context, width, height) {
    const line = colorValue(this.canvas, "line");
    context.fillStyle = line;
    this.labels.forEach((_, i) => context.fillRect(0, (i + 1) * ROW_PX - 1, width, 1));
    context.font = `12px ${getComputedStyle(this.canvas).fontFamily}`;
    context.textBaseline = "bottom";
    for (const [minutes, text, align] of TICKS) {
      const x = width * (1 - (60 * minutes) / SHOWN_S);
      context.fillStyle = line;
      if (minutes % 3) context.fillRect(x, 0, 1, height - AXIS_PX);
      context.fillStyle = colorValue(this.canvas, "dim");
      context.textAlign = align;
      context.fillText(text, x, height);
    }
  }

  /** A faint area over all of the time, and a solid one where the label was the most probable. */
  drawRow(context, row, x) {
    context.fillStyle = colorValue(this.canvas, `color-${colorName(this.labels[row], this.labels)}`);
    const bottom = (row + 1) * ROW_PX - 1;
    const drawSamples = (wanted, alpha) => {
      context.globalAlpha = alpha;
      context.beginPath();
      this.samples.forEach((sample, i) => {
        if (!wanted(sample)) return;
        const next = this.samples[i + 1]?.time ?? sample.time + STEP_S;
        const end = next - sample.time > GAP_S ? sample.time + STEP_S : next;
        const height = sample.values[row] * (ROW_PX - 6);
        context.rect(x(sample.time), bottom - height, x(end) - x(sample.time) + 0.3, height);
      });
      context.fill();
    };
    drawSamples((sample) => sample.top >= 0 && sample.top !== row, 0.4);
    drawSamples((sample) => sample.top === row, 1);
    context.globalAlpha = 1;
  }

  /** How often each label was the most probable one, in words. */
  describe() {
    const seen = this.samples.filter(({ top }) => top >= 0);
    const shares = this.labels
      .map((label, i) => [label, seen.filter(({ top }) => top === i).length / (seen.length || 1)])
      .filter(([, share]) => share >= 0.01)
      .sort(([, a], [, b]) => b - a)
      .map(([label, share]) => `${label} ${Math.round(100 * share)}% of the time`);
    return shares.length ? `Most probable: ${shares.join(", ")}` : "No face in the last three minutes";
  }
}
