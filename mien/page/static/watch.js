/** The view "Watch": what the service that runs on this computer sees, as points and probabilities. */

import { announce } from "./announce.js";
import { sendCommand, sentence } from "./api.js";
import { Chart } from "./chart.js";
import { describe, FaceCards, replacePairs } from "./faces.js";
import { healthPairs, stateOf } from "./health.js";
import { Means, milliseconds, Rate, Waterfall } from "./speed.js";
import { Stage } from "./stage.js";

const TEXT_INTERVAL_MS = 100;
const RETRY_MS = 2000;
/** A service that says nothing for so long hangs: it sends its status about once a second. */
const SILENCE_MS = 10_000;

const $ = (name) => document.getElementById(`watch-${name}`);

export class WatchView {
  constructor() {
    this.stage = new Stage($("canvas"));
    this.cards = new FaceCards($("faces"), "Each face in view of the service's camera appears here.");
    this.waterfall = new Waterfall($("waterfall"));
    this.chart = new Chart($("chart"));
    this.means = new Means();
    this.rate = new Rate();
    /** @type {EventSource | null} */
    this.events = null;
    /** @type {string[]} */
    this.labels = [];
    this.textsAt = 0;
    this.retry = 0;
    this.silence = 0;
    $("pause").onclick = () => this.command("pause");
    $("resume").onclick = () => this.command("resume");
    this.setState({ name: "connecting" });
    this.showSpeed();
  }

  /** @param {import("./api.js").State} state */
  configure(state) {
    this.stage.contours = state.contours;
  }

  /** @param {boolean} on whether somebody looks at this view */
  connect(on) {
    clearTimeout(this.retry);
    this.chart.run(on);
    if (!on) {
      this.expectMessage(false);
      this.events?.close();
      this.events = null;
      return;
    }
    if (this.events) return;
    this.events = new EventSource("/api/watch");
    const listen = (name, act) =>
      this.events.addEventListener(name, (event) => {
        this.expectMessage(name !== "offline");
        act(JSON.parse(event.data));
      });
    listen("hello", ({ hello }) => this.greet(hello));
    listen("status", ({ status }) => this.showStatus(status));
    listen("record", (record) => this.showRecord(record));
    listen("offline", ({ error }) => this.setState({ name: "away", text: `${sentence(error)}. Trying again every second.` }));
    this.events.onerror = () => this.serverGone();
  }

  /** The page's own server is away: the browser connects again by itself, unless it was refused. */
  serverGone() {
    this.expectMessage(false);
    this.setState({ name: "server" });
    if (this.events.readyState !== EventSource.CLOSED) return;
    this.events = null;
    this.retry = setTimeout(() => this.connect(true), RETRY_MS);
  }

  /** @param {boolean} on whether the service should send another message soon */
  expectMessage(on) {
    clearTimeout(this.silence);
    if (!on) return;
    const text = "It has sent nothing for ten seconds.";
    this.silence = setTimeout(() => this.setState({ name: "away", text }), SILENCE_MS);
  }

  greet({ device, version, bundle, labels }) {
    this.device = `${device}, Mien ${version}`;
    this.labels = labels;
    this.chart.setLabels(labels);
    this.means.reset();
    this.rate.reset();
    this.setState({ name: "live" });
    $("device").textContent = `${this.device}, bundle ${bundle}`;
  }

  showStatus(status) {
    this.setState(stateOf(status));
    $("device").textContent = `${this.device}, bundle ${status.bundle}`;
    replacePairs($("health"), healthPairs(status));
  }

  /** @param {import("./api.js").FrameRecord} record */
  showRecord(record) {
    if (STATES[$("state").dataset.state].covers) return; // the last ones before a pause
    const { faces, size, ms } = record;
    this.rate.tick();
    this.means.add(ms);
    this.chart.add(largest(faces));
    const meshes = faces.map((face) => face.mesh);
    if (meshes.every(Boolean)) this.stage.show({ picture: null, size, faces, meshes, labels: this.labels });
    if (performance.now() - this.textsAt < TEXT_INTERVAL_MS) return;
    this.textsAt = performance.now();
    announce(describe(faces, false));
    this.cards.show(faces, this.labels, "Nobody in view.");
    this.showSpeed();
  }

  showSpeed() {
    const { values } = this.means;
    replacePairs($("tiles"), [
      ["Recognition", milliseconds(values.total)],
      ["Frame age", milliseconds(values.age)],
      ["Records", this.rate.value ? `${this.rate.value.toFixed(0)} / s` : "–"],
    ]);
    this.waterfall.show(values);
  }

  /** @param {{name: string, text?: string}} state */
  setState({ name, text = "" }) {
    const { title, hint, covers } = STATES[name];
    if ($("state").dataset.state !== name) announce(title);
    $("state").dataset.state = name;
    $("state").textContent = title;
    $("overlay-title").textContent = title;
    $("overlay-text").textContent = text || hint;
    $("overlay").hidden = !covers;
    this.allow(["live", "asleep", "lost"].includes(name), name === "paused");
    if (covers) {
      this.stage.show(null);
      this.cards.show([], [], `${title}.`);
      this.means.reset();
      this.rate.reset();
      this.showSpeed();
    }
    $("health-section").hidden = ["away", "server", "connecting"].includes(name);
  }

  /** Which commands are possible now; the focus goes on to the button that is left. */
  allow(pause, resume) {
    const [buttons, focused] = [[$("pause"), $("resume")], document.activeElement];
    buttons.forEach((button, i) => (button.disabled = ![pause, resume][i]));
    if (buttons.includes(focused) && focused.disabled) buttons.find((button) => !button.disabled)?.focus();
  }

  /** @param {"pause" | "resume"} name */
  async command(name) {
    let line = "";
    try {
      await sendCommand(name);
    } catch (error) {
      line = error.message;
    }
    $("message").hidden = !line;
    $("message").textContent = sentence(line);
  }
}

/** State → what it is called, what to know about it, and whether there is nothing else to show. */
const STATES = {
  connecting: { title: "Connecting…", hint: "", covers: true },
  live: { title: "Live", hint: "", covers: false },
  asleep: { title: "Asleep", hint: "Nobody has been there for a while, so fewer frames are taken.", covers: false },
  lost: { title: "Camera lost", hint: "The service is opening it again.", covers: true },
  paused: { title: "Paused", hint: "The camera is closed until you resume.", covers: true },
  device: {
    title: "Paused on the device",
    hint: "The camera is closed, and only the device itself can resume: “mien resume”.",
    covers: true,
  },
  away: { title: "Service away", hint: "", covers: true },
  server: {
    title: "Page's server away",
    hint: "Is “mien page” still running? This page connects again by itself.",
    covers: true,
  },
};

/** @param {import("./api.js").FaceRecord[]} faces */
function largest(faces) {
  const area = ({ box }) => box[2] * box[3];
  return faces.reduce((best, face) => (best && area(best) >= area(face) ? best : face), null);
}
