/** What a record says of its faces, in plain words, and one card for each of them. */

import { colorName } from "./palette.js";

const REASONS = {
  unsure: "not sure",
  turned: "turned away",
  small: "too small",
  dark: "too dark",
  blurred: "blurred",
};

/** @param {number} p a probability, 0–1 */
export const percent = (p) => `${Math.round(p * 100)}%`;

/** @param {number} degrees */
const angle = (degrees) => `${Math.round(degrees) || 0}°`.replace("-", "−");

/** @param {import("./api.js").FaceRecord} face */
export const score = (face) => face.probabilities[face.label] ?? 0;

/** @param {import("./api.js").FaceRecord} face */
export const isSure = (face) => face.status === "ok";

/**
 * The faces in words, for the name of a picture and for screen readers.
 * @param {import("./api.js").FaceRecord[]} faces @param {boolean} withScores
 */
export function describe(faces, withScores = true) {
  if (!faces.length) return "No face";
  const words = faces.map((face) => {
    const sure = isSure(face) ? "" : ", not sure";
    return face.label + (withScores ? ` ${percent(score(face))}` : "") + sure;
  });
  return words.length === 1 ? words[0] : words.map((word, i) => `Face ${i + 1}: ${word}`).join("; ");
}

/** The cards beside a picture. */
export class FaceCards {
  /** @param {HTMLElement} parent @param {string} hint what to say before the first record */
  constructor(parent, hint) {
    this.parent = parent;
    /** @type {Card[]} */
    this.cards = [];
    this.note = document.createElement("p");
    this.note.className = "card empty";
    this.hint = hint;
    parent.append(this.note);
    this.clear();
  }

  clear() {
    this.show([], [], this.hint);
  }

  /**
   * @param {import("./api.js").FaceRecord[]} faces @param {string[]} labels in the order of the bars
   * @param {string} [empty] what to say where there is no face
   */
  show(faces, labels, empty = "No face in this picture.") {
    this.note.hidden = faces.length > 0;
    this.note.textContent = empty;
    while (this.cards.length > faces.length) this.cards.pop().element.remove();
    while (this.cards.length < faces.length) {
      this.cards.push(new Card());
      this.parent.append(this.cards.at(-1).element);
    }
    faces.forEach((face, i) => this.cards[i].show(face, labels));
  }
}

class Card {
  constructor() {
    this.element = document.createElement("article");
    this.element.className = "card face";
    this.element.innerHTML = `<header><h4></h4><span class="score"></span><span class="id"></span></header>
      <p class="reasons"></p><dl class="bars"></dl><dl class="pose"></dl>`;
    const find = (selector) => this.element.querySelector(selector);
    this.title = find("h4");
    this.score = find(".score");
    this.id = find(".id");
    this.reasons = find(".reasons");
    this.bars = find(".bars");
    this.pose = find(".pose");
    this.labels = "";
  }

  /** @param {import("./api.js").FaceRecord} face @param {string[]} labels */
  show(face, labels) {
    if (this.labels !== labels.join()) this.makeBars(labels);
    this.title.textContent = face.label;
    this.title.dataset.color = colorName(face.label, labels);
    this.score.textContent = percent(score(face));
    this.id.textContent = `face ${face.id}`;
    this.reasons.hidden = !face.reasons.length;
    replaceTexts(this.reasons, face.reasons.map((reason) => REASONS[reason] ?? reason));
    labels.forEach((label, i) => {
      const p = face.probabilities[label] ?? 0;
      const [, , bar, number] = this.rows[i];
      bar.style.transform = `scaleX(${p})`;
      number.textContent = percent(p);
      this.rows[i][0].classList.toggle("best", label === face.label);
    });
    replacePairs(this.pose, Object.entries(face.pose).map(([name, degrees]) => [name, angle(degrees)]));
  }

  /** @param {string[]} labels */
  makeBars(labels) {
    this.labels = labels.join();
    this.rows = labels.map((label) => {
      const row = document.createElement("div");
      const name = Object.assign(document.createElement("dt"), { textContent: label });
      const value = document.createElement("dd");
      const track = Object.assign(document.createElement("span"), { className: "track" });
      const bar = document.createElement("i");
      const number = Object.assign(document.createElement("span"), { className: "number" });
      bar.dataset.color = colorName(label, labels);
      track.append(bar);
      value.append(track, number);
      row.append(name, value);
      return [row, name, bar, number];
    });
    this.bars.replaceChildren(...this.rows.map(([row]) => row));
  }
}

/** @param {HTMLElement} parent @param {string[]} texts one span each */
function replaceTexts(parent, texts) {
  if (parent.dataset.texts === texts.join()) return;
  parent.dataset.texts = texts.join();
  parent.replaceChildren(
    ...texts.map((text) => Object.assign(document.createElement("span"), { textContent: text })),
  );
}

/**
 * Terms and values of a description list; nodes are kept while the terms stay the same.
 * @param {HTMLElement} list @param {[string, string][]} pairs
 */
export function replacePairs(list, pairs) {
  const terms = pairs.map(([term]) => term).join("\n");
  if (list.dataset.terms !== terms) {
    list.dataset.terms = terms;
    list.replaceChildren(
      ...pairs.map(([term]) => {
        const row = document.createElement("div");
        row.append(Object.assign(document.createElement("dt"), { textContent: term }), document.createElement("dd"));
        return row;
      }),
    );
  }
  pairs.forEach(([, value], i) => {
    const cell = list.children[i].lastElementChild;
    if (cell.textContent !== value) cell.textContent = value;
  });
}
