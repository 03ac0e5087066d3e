// All columns of a wide map at once, with a brush that shows and moves the part that is seen.

import { colourIndex } from "./colours.js";
import { element } from "./dom.js";
import { isUpward } from "./frame.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("./panel.js").View} View */

const WIDE = 100; // columns; up to so many a map needs none
const MOST = 1000; // pixels across; more columns share one
const HIGH = 48; // pixels; more rows share one

export class Overview {
  /** @param {Panel} panel */
  constructor(panel) {
    this.panel = panel;
    this.canvas = element("canvas", { width: "1", height: "1" });
    this.brush = element("div", { class: "brush" });
    const attributes = { class: "overview", "aria-hidden": "true", hidden: true };
    this.root = element("div", attributes, this.canvas, this.brush);
    this.grip = 0.5; // where in the brush it is held, from its left
    this.ready = false;
    this.listen();
  }

  listen() {
    this.root.addEventListener("pointerdown", (event) => {
      const { left, width } = this.brush.getBoundingClientRect();
      const held = (event.clientX - left) / width;
      this.grip = held >= 0 && held <= 1 ? held : 0.5;
      this.root.setPointerCapture(event.pointerId);
      this.move(event);
    });
    this.root.addEventListener("pointermove", (event) => {
      if (this.root.hasPointerCapture(event.pointerId)) this.move(event);
    });
  }

  /** Scroll the map to where the pointer holds the brush. @param {PointerEvent} event */
  move(event) {
    const { left, width } = this.root.getBoundingClientRect();
    const [, share] = this.part();
    const { scrollWidth } = this.panel.window;
    const begin = (event.clientX - left) / width - this.grip * share;
    this.panel.window.scrollLeft = begin * this.across(scrollWidth);
  }

  /** The width of all columns, labels aside. @param {number} scrollWidth */
  across(scrollWidth) {
    const { margins } = /** @type {View} */ (this.panel.view);
    return scrollWidth - margins.left - margins.overhang;
  }

  /** Where the part that is seen begins, and how large it is, as shares of the whole. */
  part() {
    const { scrollLeft, scrollWidth, clientWidth } = this.panel.window;
    const all = this.across(scrollWidth);
    const { margins } = /** @type {View} */ (this.panel.view);
    return [scrollLeft / all, Math.min(1, (clientWidth - margins.left) / all)];
  }

  /** Show another view: at once what room it takes, its picture once the map has been seen. */
  show() {
    if (!this.panel.view) return;
    const { order } = this.panel.view;
    this.root.hidden = order.length <= WIDE;
    if (this.ready && !this.root.hidden) this.paint();
  }

  /** Paint from now on: the map has been seen. */
  complete() {
    this.ready = true;
    this.show();
  }

  paint() {
    const { grid, order, scale, table } = /** @type {View} */ (this.panel.view);
    const [wide, high] = [Math.min(order.length, MOST), Math.min(grid.rows.labels.length, HIGH)];
    [this.canvas.width, this.canvas.height] = [wide, high];
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const image = context.createImageData(wide, high);
    const pixels = new Uint32Array(image.data.buffer);
    const farthest = farthestCells(grid, order, scale.middle ?? scale.low, wide, high);
    farthest.forEach((value, pixel) => {
      if (!Number.isNaN(value)) pixels[pixel] = table.pixels[colourIndex(scale, value)];
    });
    context.putImageData(image, 0, 0);
  }

  /** Let the brush lie where the map is. */
  follow() {
    if (this.root.hidden) return;
    const [begin, share] = this.part();
    this.brush.style.left = `${100 * begin}%`;
    this.brush.style.width = `${100 * share}%`;
  }
}

/**
 * The value of each pixel: that farthest from the middle among the cells that share it.
 * @param {import("./grid.js").Grid} grid
 * @param {number[]} order
 * @param {number} middle
 * @param {number} wide
 * @param {number} high
 */
function farthestCells(grid, order, middle, wide, high) {
  const [rows, columns] = [grid.rows.labels.length, grid.columns.labels.length];
  const found = new Float64Array(wide * high).fill(Number.NaN);
  for (let row = 0; row < rows; row++) {
    const line = isUpward(grid) ? rows - 1 - row : row;
    const start = Math.floor((line * high) / rows) * wide;
    for (let place = 0; place < order.length; place++) {
      const pixel = start + Math.floor((place * wide) / order.length);
      const value = grid.values[row * columns + order[place]];
      const nearer = Math.abs(value - middle) <= Math.abs(found[pixel] - middle);
      if (!nearer && !Number.isNaN(value)) found[pixel] = value;
    }
  }
  return found;
}
