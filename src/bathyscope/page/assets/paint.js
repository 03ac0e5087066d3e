// A window onto a grid, painted on a surface: cells, labels, values, marks. Knows no document.

import { colourIndex } from "./colours.js";
import { flipped, leftOf, topOf, windowOf } from "./frame.js";
import { cellNumber } from "./grid.js";
import { paintColumnLabels, paintRowLabels } from "./labels.js";

/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./surface.js").Surface} Surface */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./frame.js").Window} Window */
/** @typedef {import("./frame.js").Inks} Inks */

const EDGE = 2; // room for outlines of cells at the edge
const UNKNOWN = 0xffb8b8b8; // the grey of `render/palette.py`, for cells that hold no number

/**
 * Paint a window.
 * @param {Surface} surface
 * @param {Frame} frame
 */
export function paint(surface, frame) {
  const seen = windowOf(frame);
  const { left, top } = frame.margins;
  const wide = Math.max(0, frame.width - left + EDGE);
  surface.clipped(left - EDGE, top - EDGE, wide, frame.height - top + EDGE, () => {
    paintCells(surface, frame, seen);
    if (frame.cellWidth >= 12 && frame.cellHeight >= 12) paintGaps(surface, frame, seen);
    if (frame.odd) paintOddCells(surface, frame, seen);
    if (frame.cellWidth >= 50 && frame.cellHeight >= 16) paintValues(surface, frame, seen);
    if (frame.grid.settling) paintSettling(surface, frame, frame.grid.settling, seen);
    paintMarks(surface, frame);
  });
  paintColumnLabels(surface, frame, seen);
  paintRowLabels(surface, frame, seen);
}

const scratch = document.createElement("canvas");

/**
 * All cells as one small image with a pixel for each, enlarged.
 * @param {Surface} surface
 * @param {Frame} frame
 * @param {Window} seen
 */
function paintCells(surface, frame, seen) {
  const { grid, order, scale } = frame;
  const wide = seen.end - seen.first;
  const high = seen.bottom - seen.top;
  if (wide <= 0 || high <= 0) return;
  scratch.width = wide;
  scratch.height = high;
  const context = /** @type {CanvasRenderingContext2D} */ (scratch.getContext("2d"));
  const image = context.createImageData(wide, high);
  const pixels = new Uint32Array(image.data.buffer);
  const columns = grid.columns.labels.length;
  for (let line = 0; line < high; line++) {
    const start = flipped(grid, seen.top + line) * columns;
    for (let place = 0; place < wide; place++) {
      const cell = start + order[seen.first + place];
      const value = grid.values[cell];
      if (isBlank(frame, value) || grid.pending?.[cell]) continue;
      pixels[line * wide + place] = Number.isNaN(value)
        ? UNKNOWN
        : tableAt(frame, cell).pixels[colourIndex(scale, value)];
    }
  }
  context.putImageData(image, 0, 0);
  const [x, y] = [leftOf(frame, seen.first), topOf(frame, seen.top)];
  surface.image(scratch, x, y, wide * frame.cellWidth, high * frame.cellHeight);
}

/**
 * The colours of a cell: faint where its interval covers "no effect".
 * @param {Frame} frame
 * @param {number} cell
 */
function tableAt({ grid, table, fade }, cell) {
  return fade && grid.unsure?.[cell] ? (table.faint ?? table) : table;
}

/**
 * Whether the threshold leaves a cell blank; what is no number stays to be seen.
 * @param {{threshold: number, scale: Scale}} frame
 * @param {number} value
 */
export function isBlank(frame, value) {
  return frame.threshold > 0 && Math.abs(value - (frame.scale.middle ?? 0)) < frame.threshold;
}

/** @param {Surface} surface @param {Frame} frame @param {Window} seen */
function paintGaps(surface, frame, seen) {
  const [x, y] = [leftOf(frame, seen.first), topOf(frame, seen.top)];
  const [right, bottom] = [leftOf(frame, seen.end), topOf(frame, seen.bottom)];
  for (let place = seen.first + 1; place < seen.end; place++) {
    surface.fillRect(leftOf(frame, place) - 0.5, y, 1, bottom - y, frame.inks.card);
  }
  for (let line = seen.top + 1; line < seen.bottom; line++) {
    surface.fillRect(x, topOf(frame, line) - 0.5, right - x, 1, frame.inks.card);
  }
}

/**
 * A dot in every cell that is still being computed, and where there is room for it, a slash through
 * every cell that holds no number.
 * @param {Surface} surface
 * @param {Frame} frame
 * @param {Window} seen
 */
function paintOddCells(surface, frame, seen) {
  const { cellWidth, cellHeight, grid, inks } = frame;
  forEachCell(frame, seen, (cell, x, y) => {
    if (grid.pending?.[cell]) {
      const [side, middle] = [Math.min(4, cellWidth / 2, cellHeight / 2), [cellWidth, cellHeight]];
      const [left, top] = middle.map((length) => (length - side) / 2);
      surface.fillRect(x + left, y + top, side, side, inks.line);
    } else if (Number.isNaN(grid.values[cell]) && cellWidth >= 6 && cellHeight >= 6) {
      surface.line(
        [
          [x, y + cellHeight],
          [x + cellWidth, y],
        ],
        inks.muted,
        1,
      );
    }
  });
}

/** @param {Surface} surface @param {Frame} frame @param {Window} seen */
function paintValues(surface, frame, seen) {
  const { grid, scale, cellWidth, cellHeight } = frame;
  forEachCell(frame, seen, (cell, x, y) => {
    const value = grid.values[cell];
    if (isBlank(frame, value) || Number.isNaN(value) || grid.pending?.[cell]) return;
    const fill = tableAt(frame, cell).inks[colourIndex(scale, value)];
    const [middle, centre] = [x + cellWidth / 2, y + cellHeight / 2];
    surface.text(cellNumber(grid, cell), middle, centre, { fill, size: 11.5, align: "center" });
  });
}

/**
 * @param {Frame} frame
 * @param {Window} seen
 * @param {(cell: number, x: number, y: number) => void} use given where the cell begins
 */
function forEachCell(frame, seen, use) {
  const columns = frame.grid.columns.labels.length;
  for (let line = seen.top; line < seen.bottom; line++) {
    const start = flipped(frame.grid, line) * columns;
    for (let place = seen.first; place < seen.end; place++)
      use(start + frame.order[place], leftOf(frame, place), topOf(frame, line));
  }
}

/**
 * A line below the layer where each token settles; above the map where it is the last layer. It is
 * one line of steps only where columns stand as in the text.
 * @param {Surface} surface
 * @param {Frame} frame
 * @param {number[]} settling
 * @param {Window} seen
 */
function paintSettling(surface, frame, settling, seen) {
  /** @type {[number, number][][]} */
  const lines = [];
  for (let place = seen.first; place < seen.end; place++) {
    const column = frame.order[place];
    const line = frame.grid.rows.labels.length - settling[column];
    const y = Math.max(topOf(frame, line) + frame.cellHeight, topOf(frame, 0) + 1);
    const follows = place > seen.first && column === frame.order[place - 1] + 1;
    if (!follows) lines.push([]);
    lines[lines.length - 1].push([leftOf(frame, place), y], [leftOf(frame, place + 1), y]);
  }
  for (const points of lines) surface.line(points, frame.inks.card, 4);
  for (const points of lines) surface.line(points, frame.inks.ink, 1.75);
}

/**
 * The lit rows and columns, and the cell under the cursor.
 * @param {Surface} surface
 * @param {Frame} frame
 */
function paintMarks(surface, frame) {
  const { litRows, litColumns, cursor, cellWidth, cellHeight, inks, grid, order } = frame;
  const rows = grid.rows.labels.length;
  const lines = [...litRows].map((row) => flipped(grid, row));
  for (const [first, last] of runs(lines)) {
    const high = (last - first + 1) * cellHeight;
    const wide = order.length * cellWidth;
    outlined(surface, leftOf(frame, 0), topOf(frame, first), wide, high, inks);
  }
  const places = litColumns.size ? order.flatMap((one, i) => (litColumns.has(one) ? [i] : [])) : [];
  for (const [first, last] of runs(places)) {
    const wide = (last - first + 1) * cellWidth;
    outlined(surface, leftOf(frame, first), topOf(frame, 0), wide, rows * cellHeight, inks);
  }
  if (cursor === null || !order.includes(cursor.column)) return;
  const x = leftOf(frame, order.indexOf(cursor.column));
  const y = topOf(frame, flipped(grid, cursor.row));
  surface.strokeRect(x - 1, y - 1, cellWidth + 2, cellHeight + 2, inks.card, 4);
  surface.strokeRect(x - 1, y - 1, cellWidth + 2, cellHeight + 2, inks.accent, 2.25);
}

/**
 * Numbers as stretches that follow one another: first and last of each.
 * @param {number[]} numbers
 * @returns {[number, number][]}
 */
function runs(numbers) {
  /** @type {[number, number][]} */
  const found = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const latest = found[found.length - 1];
    if (latest && latest[1] === number - 1) latest[1] = number;
    else found.push([number, number]);
  }
  return found;
}

/**
 * @param {Surface} surface
 * @param {number} x
 * @param {number} y
 * @param {number} w
 * @param {number} h
 * @param {Inks} inks
 */
function outlined(surface, x, y, w, h, inks) {
  surface.strokeRect(x, y, w, h, inks.card, 3);
  surface.strokeRect(x, y, w, h, inks.accent, 1.25);
}
