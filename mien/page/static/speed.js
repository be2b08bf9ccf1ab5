/** How fast answers come: tiles with the main figures, and the stages one after the other. */

const STAGES = ["landmarks", "features", "classify", "smooth"];
/** Weight of the newest frame in the shown means. */
const WEIGHT = 0.15;

/** @param {number | undefined} value milliseconds */
export const milliseconds = (value) => {
  if (value === undefined || !Number.isFinite(value)) return "–";
  return `${value.toFixed(value < 1 ? 2 : value < 10 ? 1 : 0)} ms`;
};

/** Means over the latest frames, so that they can be read. */
export class Means {
  constructor() {
    this.reset();
  }

  reset() {
    /** @type {Object<string, number>} */
    this.values = {};
  }

  /** @param {Object<string, number>} sample */
  add(sample) {
    for (const [name, value] of Object.entries(sample)) {
      const mean = this.values[name];
      this.values[name] = mean === undefined ? value : mean + WEIGHT * (value - mean);
    }
  }
}

/** Frames per second over the last second or so. */
export class Rate {
  constructor() {
    /** @type {number[]} */
    this.times = [];
  }

  reset() {
    this.times = [];
  }

  tick() {
    const now = performance.now();
    this.times.push(now);
    while (this.times[0] < now - 1500) this.times.shift();
  }

  get value() {
    const [first, last] = [this.times[0], this.times.at(-1)];
    return this.times.length < 3 ? undefined : ((this.times.length - 1) * 1000) / (last - first);
  }
}

/** The stages as bars that begin where the one before ends. */
export class Waterfall {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.rows = STAGES.map((stage) => {
      const row = document.createElement("div");
      const name = Object.assign(document.createElement("span"), { textContent: stage });
      const track = Object.assign(document.createElement("span"), { className: "track" });
      const bar = document.createElement("i");
      const number = document.createElement("span");
      track.append(bar);
      row.append(name, track, number);
      return { row, bar, number };
    });
    parent.replaceChildren(...this.rows.map(({ row }) => row));
    this.show({});
  }

  /** @param {Object<string, number>} ms of each stage */
  show(ms) {
    const total = STAGES.reduce((sum, stage) => sum + (ms[stage] ?? 0), 0) || 1;
    let start = 0;
    STAGES.forEach((stage, i) => {
      const { bar, number } = this.rows[i];
      bar.style.left = `${(100 * start) / total}%`;
      bar.style.width = ms[stage] ? `max(2px, ${(100 * ms[stage]) / total}%)` : "0";
      number.textContent = milliseconds(ms[stage]);
      start += ms[stage] ?? 0;
    });
  }
}
