/** The canvas with a picture, or nothing, and its faces: mesh, box and label. */

import { describe, isSure, percent, score } from "./faces.js";
import { decodeMesh, drawMesh } from "./mesh.js";
import { colorName, colorValue } from "./palette.js";

/**
 * @typedef {{picture: CanvasImageSource | null, size: [number, number], faces: import("./api.js").FaceRecord[],
 *   meshes: string[], labels: string[]}} Scene
 */

export class Stage {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    /** @type {import("./api.js").Contour[]} */
    this.contours = [];
    this.mirrored = false;
    /** @type {Scene | null} */
    this.scene = null;
    this.emptyName = canvas.getAttribute("aria-label");
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  /** @param {Scene | null} scene */
  show(scene) {
    this.scene = scene && { ...scene, points: scene.meshes.map(decodeMesh) };
    this.draw();
    const name = scene ? describe(scene.faces) : this.emptyName;
    if (this.canvas.getAttribute("aria-label") !== name) this.canvas.setAttribute("aria-label", name);
  }

  /** @param {boolean} on whether left and right are swapped, but not in texts */
  mirror(on) {
    this.mirrored = on;
    this.draw();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.draw();
  }

  draw() {
    const { context, canvas, scene } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    context.clearRect(0, 0, width, height);
    if (!scene) return;
    const scale = Math.min(width / scene.size[0], height / scene.size[1]);
    const [w, h] = [scene.size[0] * scale, scene.size[1] * scale];
    const area = { x: (width - w) / 2, y: (height - h) / 2, w, h };
    if (scene.picture) this.drawPicture(scene.picture, area);
    const place = (x, y) => [area.x + (this.mirrored ? 1 - x : x) * w, area.y + y * h];
    scene.faces.forEach((face, i) => this.drawFace(face, scene.points[i], place));
    const several = scene.faces.length > 1;
    for (const face of scene.faces) this.drawLabel(face, several, this.boxOf(face, place), area);
  }

  drawPicture(picture, { x, y, w, h }) {
    this.context.save();
    this.context.imageSmoothingQuality = "medium";
    if (this.mirrored) {
      this.context.translate(2 * x + w, 0);
      this.context.scale(-1, 1);
    }
    this.context.drawImage(picture, x, y, w, h);
    this.context.restore();
  }

  boxOf(face, place) {
    const [x, y, w, h] = face.box;
    const [width, height] = this.scene.size;
    const [x0, y0] = place(x / width, y / height);
    const [x1, y1] = place((x + w) / width, (y + h) / height);
    return { x: Math.min(x0, x1), y: y0, w: Math.abs(x1 - x0), h: y1 - y0 };
  }

  drawFace(face, points, place) {
    const { context } = this;
    const box = this.boxOf(face, place);
    if (points) drawMesh(context, points, this.contours, place, box.w);
    context.lineWidth = 2;
    context.strokeStyle = this.colorOf(face);
    context.beginPath();
    context.roundRect(box.x, box.y, box.w, box.h, Math.min(10, box.w / 10));
    context.stroke();
  }

  /** The label above its box, or below the upper edge of one at the border; with the number of one of several. */
  drawLabel(face, numbered, box, area) {
    const { context } = this;
    const number = numbered ? `${face.id}: ` : "";
    const text = `${number}${face.label} ${percent(score(face))}${isSure(face) ? "" : "?"}`;
    const size = Math.min(18, Math.max(12, box.w / 9));
    context.font = `600 ${size}px ${getComputedStyle(this.canvas).fontFamily}`;
    const height = size * 1.75;
    const width = context.measureText(text).width + size * 2.1;
    const x = Math.max(area.x + 2, Math.min(box.x, area.x + area.w - width - 2));
    const y = box.y - height - 4 >= Math.max(0, area.y) ? box.y - height - 4 : Math.max(area.y, box.y) + 6;
    context.fillStyle = "rgb(10 14 18 / 0.82)";
    context.beginPath();
    context.roundRect(x, y, width, height, height / 2);
    context.fill();
    context.fillStyle = this.colorOf(face);
    context.beginPath();
    context.arc(x + size * 0.8, y + height / 2, size * 0.28, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = "#fff";
    context.textBaseline = "middle";
    context.fillText(text, x + size * 1.5, y + height / 2 + 0.5);
  }

  colorOf(face) {
    return colorValue(this.canvas, `color-${colorName(face.label, this.scene.labels)}`);
  }
}
