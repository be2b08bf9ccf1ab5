/** The mesh of a face: from base64 to points, and onto a canvas. */

/**
 * Points of a mesh in parts of the picture's width and height, x0 y0 x1 y1 …; those outside are below 0 or above 1.
 * @param {string} base64 little-endian uint16, value = (part + 0.5) / 2 × 65535
 * @returns {Float32Array}
 */
export function decodeMesh(base64) {
  const text = atob(base64);
  const points = new Float32Array(text.length >> 1);
  for (let i = 0; i < points.length; i++) {
    const value = text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 8);
    points[i] = (value / 65535) * 2 - 0.5;
  }
  return points;
}

/**
 * Draws contours and dots in white.
 * @param {CanvasRenderingContext2D} context @param {Float32Array} points
 * @param {import("./api.js").Contour[]} contours
 * @param {(x: number, y: number) => [number, number]} place parts of the picture → px of the canvas
 * @param {number} faceWidth px of the canvas, for the size of the dots
 */
export function drawMesh(context, points, contours, place, faceWidth) {
  const at = (index) => place(points[2 * index], points[2 * index + 1]);
  const fine = Math.min(1, faceWidth / 220);
  const side = Math.max(1, 1.7 * fine);
  context.fillStyle = `rgb(255 255 255 / ${0.25 + 0.3 * fine})`;
  for (let index = 0; 2 * index < points.length; index++) {
    const [x, y] = at(index);
    context.fillRect(x - side / 2, y - side / 2, side, side);
  }
  context.lineWidth = 0.8 + 0.6 * fine;
  context.lineJoin = "round";
  context.strokeStyle = "rgb(255 255 255 / 0.85)";
  context.beginPath();
  for (const { points: indices, closed } of contours) {
    indices.forEach((index, i) => (i ? context.lineTo(...at(index)) : context.moveTo(...at(index))));
    if (closed) context.closePath();
  }
  context.stroke();
}
