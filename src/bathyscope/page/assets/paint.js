// A window onto a grid, painted on a surface: cells, labels, values, marks. Knows no document.

import { colourIndex } from "./colours.js";
import { shortNumber } from "./numbers.js";
import { fitted, textWidth } from "./surface.js";

/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./colours.js").Table} Table */
/** @typedef {import("./surface.js").Surface} Surface */
/** @typedef {{ink: string, muted: string, line: string, accent: string, card: string}} Inks */
/** @typedef {{left: number, top: number, overhang: number}} Margins */
/**
 * @typedef {object} Frame
 * @property {Grid} grid
 * @property {number[]} order the columns shown
 * @property {Scale} scale
 * @property {Table} table
 * @property {number} threshold cells of smaller size stay blank
 * @property {Margins} margins room for labels
 * @property {number} cellWidth
 * @property {number} cellHeight
 * @property {number} width of the window
 * @property {number} height of the window
 * @property {number} x how far the window is scrolled
 * @property {number} y
 * @property {Inks} inks
 * @property {number | null} litRow
 * @property {number | null} litColumn as a column of the grid
 * @property {{row: number, column: number} | null} cursor as row and column of the grid
 */

const LABEL = 12;
const EDGE = 2; // room for outlines of cells at the edge
const UNKNOWN = 0xffb8b8b8; // the grey of `render/palette.py`, for cells that hold no number
const SLANT = 40; // degrees
const SINE = Math.sin((SLANT * Math.PI) / 180);
const COSINE = Math.cos((SLANT * Math.PI) / 180);
const [MOST_LEFT, MOST_TOP] = [210, 150];

/** Whether layer 1 is below: depth is drawn as it is thought of. @param {Grid} grid */
export const isUpward = (grid) => grid.rows.name === "layer";

/**
 * How much room the labels of a grid need.
 * @param {Grid} grid
 * @returns {Margins}
 */
export function marginsOf(grid) {
  const style = { fill: "", size: LABEL };
  const left = Math.min(MOST_LEFT, widest(grid.rows.labels, style) + 18);
  const long = Math.min((MOST_TOP - 16) / SINE, widest(grid.columns.labels, style));
  return {
    left: Math.ceil(Math.max(left, 44)),
    top: Math.ceil(Math.max(34, long * SINE + 18)),
    overhang: Math.ceil(long * COSINE + 6),
  };
}

/**
 * @param {string[]} labels
 * @param {import("./surface.js").TextStyle} style
 */
function widest(labels, style) {
  const longest = [...new Set(labels)].sort((a, b) => b.length - a.length).slice(0, 20);
  return Math.max(...longest.map((label) => textWidth(label.slice(0, 80), style)));
}

/**
 * The cell at a point of the window, as row and column of the grid.
 * @param {Frame} frame
 * @param {number} px
 * @param {number} py
 * @returns {{row: number, column: number} | null}
 */
export function cellAt(frame, px, py) {
  const { margins, grid, order } = frame;
  if (px < margins.left || py < margins.top) return null;
  const place = Math.floor((px - margins.left + frame.x) / frame.cellWidth);
  const line = Math.floor((py - margins.top + frame.y) / frame.cellHeight);
  const count = grid.rows.labels.length;
  if (place < 0 || place >= order.length || line < 0 || line >= count) return null;
  return { row: isUpward(grid) ? count - 1 - line : line, column: order[place] };
}

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
    paintOddCells(surface, frame, seen);
    if (frame.cellWidth >= 50 && frame.cellHeight >= 16) paintValues(surface, frame, seen);
    if (frame.grid.settling) paintSettling(surface, frame, frame.grid.settling, seen);
    paintMarks(surface, frame);
  });
  paintColumnLabels(surface, frame, seen);
  paintRowLabels(surface, frame, seen);
}

/** @typedef {{first: number, end: number, top: number, bottom: number}} Window */

/**
 * Which places, from the left and from the top, are seen.
 * @param {Frame} frame
 * @returns {Window}
 */
function windowOf(frame) {
  const { margins, cellWidth, cellHeight } = frame;
  const wide = frame.width - margins.left;
  const high = frame.height - margins.top;
  return {
    first: Math.max(0, Math.floor(frame.x / cellWidth)),
    end: Math.min(frame.order.length, Math.ceil((frame.x + wide) / cellWidth)),
    top: Math.max(0, Math.floor(frame.y / cellHeight)),
    bottom: Math.min(frame.grid.rows.labels.length, Math.ceil((frame.y + high) / cellHeight)),
  };
}

/** @param {Frame} frame @param {number} place */
const leftOf = (frame, place) => frame.margins.left + place * frame.cellWidth - frame.x;

/** @param {Frame} frame @param {number} line */
const topOf = (frame, line) => frame.margins.top + line * frame.cellHeight - frame.y;

/** Row of the grid at a line from the top, and the other way. @param {Grid} grid @param {number} line */
const flipped = (grid, line) => (isUpward(grid) ? grid.rows.labels.length - 1 - line : line);

const scratch = document.createElement("canvas");

/**
 * All cells as one small image with a pixel for each, enlarged.
 * @param {Surface} surface
 * @param {Frame} frame
 * @param {Window} seen
 */
function paintCells(surface, frame, seen) {
  const { grid, order, scale, table } = frame;
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
      const value = grid.values[start + order[seen.first + place]];
      if (isBlank(frame, value)) continue;
      pixels[line * wide + place] = Number.isNaN(value)
        ? UNKNOWN
        : table.pixels[colourIndex(scale, value)];
    }
  }
  context.putImageData(image, 0, 0);
  const [x, y] = [leftOf(frame, seen.first), topOf(frame, seen.top)];
  surface.image(scratch, x, y, wide * frame.cellWidth, high * frame.cellHeight);
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
 * A slash through every cell that holds no number, where there is room for it.
 * @param {Surface} surface
 * @param {Frame} frame
 * @param {Window} seen
 */
function paintOddCells(surface, frame, seen) {
  const { cellWidth, cellHeight } = frame;
  if (cellWidth < 6 || cellHeight < 6) return;
  forEachCell(frame, seen, (value, place, line) => {
    if (!Number.isNaN(value)) return;
    const [x, y] = [leftOf(frame, place), topOf(frame, line)];
    surface.line(
      [
        [x, y + cellHeight],
        [x + cellWidth, y],
      ],
      frame.inks.muted,
      1,
    );
  });
}

/** @param {Surface} surface @param {Frame} frame @param {Window} seen */
function paintValues(surface, frame, seen) {
  const signed = frame.scale.middle !== null;
  forEachCell(frame, seen, (value, place, line) => {
    if (isBlank(frame, value) || Number.isNaN(value)) return;
    const fill = frame.table.inks[colourIndex(frame.scale, value)];
    const x = leftOf(frame, place) + frame.cellWidth / 2;
    const y = topOf(frame, line) + frame.cellHeight / 2;
    surface.text(shortNumber(value, signed), x, y, { fill, size: 11.5, align: "center" });
  });
}

/**
 * @param {Frame} frame
 * @param {Window} seen
 * @param {(value: number, place: number, line: number) => void} use
 */
function forEachCell(frame, seen, use) {
  const columns = frame.grid.columns.labels.length;
  for (let line = seen.top; line < seen.bottom; line++) {
    const start = flipped(frame.grid, line) * columns;
    for (let place = seen.first; place < seen.end; place++) {
      use(frame.grid.values[start + frame.order[place]], place, line);
    }
  }
}

/**
 * A step line at the layer where each token settles; above the map where it is the last layer.
 * @param {Surface} surface
 * @param {Frame} frame
 * @param {number[]} settling
 * @param {Window} seen
 */
function paintSettling(surface, frame, settling, seen) {
  /** @type {[number, number][]} */
  const points = [];
  for (let place = seen.first; place < seen.end; place++) {
    const line = frame.grid.rows.labels.length - settling[frame.order[place]];
    const y = Math.max(topOf(frame, line) + frame.cellHeight / 2, topOf(frame, 0) + 1);
    points.push([leftOf(frame, place), y], [leftOf(frame, place + 1), y]);
  }
  surface.line(points, frame.inks.card, 4);
  surface.line(points, frame.inks.ink, 1.75);
}

/**
 * The lit row and column, and the cell under the cursor.
 * @param {Surface} surface
 * @param {Frame} frame
 */
function paintMarks(surface, frame) {
  const { litRow, litColumn, cursor, cellWidth, cellHeight, inks } = frame;
  const [across, down] = [
    frame.order.length * cellWidth,
    frame.grid.rows.labels.length * cellHeight,
  ];
  if (litRow !== null) {
    const y = topOf(frame, flipped(frame.grid, litRow));
    outlined(surface, leftOf(frame, 0), y, across, cellHeight, inks);
  }
  if (litColumn !== null && frame.order.includes(litColumn)) {
    const x = leftOf(frame, frame.order.indexOf(litColumn));
    outlined(surface, x, topOf(frame, 0), cellWidth, down, inks);
  }
  if (cursor === null || !frame.order.includes(cursor.column)) return;
  const x = leftOf(frame, frame.order.indexOf(cursor.column));
  const y = topOf(frame, flipped(frame.grid, cursor.row));
  surface.strokeRect(x - 1, y - 1, cellWidth + 2, cellHeight + 2, inks.card, 4);
  surface.strokeRect(x - 1, y - 1, cellWidth + 2, cellHeight + 2, inks.accent, 2.25);
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

/** @param {Surface} surface @param {Frame} frame @param {Window} seen */
function paintColumnLabels(surface, frame, seen) {
  const { margins, cellWidth, inks } = frame;
  const step = Math.max(1, Math.ceil((LABEL * 1.35) / cellWidth / SINE));
  const room = (margins.top - 16) / SINE;
  const style = { fill: inks.ink, size: LABEL, angle: -SLANT };
  surface.clipped(
    margins.left - 6,
    0,
    Math.max(0, frame.width - margins.left + 6),
    margins.top,
    () => {
      for (let place = seen.first; place < seen.end; place++) {
        const column = frame.order[place];
        const lit = column === frame.litColumn;
        const beside = frame.litColumn !== null && tooClose(frame, place, step);
        if ((place % step !== 0 || beside) && !lit) continue;
        const x = leftOf(frame, place) + cellWidth / 2;
        const label = fitted(frame.grid.columns.labels[column], room, style);
        const fill = lit ? inks.accent : inks.ink;
        surface.text(label, x, margins.top - 9, { ...style, fill, bold: lit });
      }
    },
  );
}

/**
 * Whether a label would touch that of the lit column, which is always written.
 * @param {Frame} frame
 * @param {number} place
 * @param {number} step
 */
function tooClose(frame, place, step) {
  const lit = frame.order.indexOf(/** @type {number} */ (frame.litColumn));
  return lit >= 0 && Math.abs(place - lit) < step;
}

/** @param {Surface} surface @param {Frame} frame @param {Window} seen */
function paintRowLabels(surface, frame, seen) {
  const { margins, cellHeight, inks, grid } = frame;
  let step = Math.max(1, Math.ceil((LABEL * 1.25) / cellHeight));
  if (isUpward(grid) && step > 1) step += step % 2; // so that ticks stand at odd layers
  const room = margins.left - 18;
  const high = Math.max(0, frame.height - margins.top + 6);
  surface.clipped(0, margins.top - 6, margins.left, high, () => {
    for (let line = seen.top; line < seen.bottom; line++) {
      const row = flipped(grid, line);
      const lit = row === frame.litRow;
      const beside = frame.litRow !== null && Math.abs(row - frame.litRow) < step;
      if ((row % step !== 0 || beside) && !lit) continue;
      const fill = lit ? inks.accent : inks.ink;
      const style = { fill, size: LABEL, bold: lit, align: /** @type {const} */ ("right") };
      const label = fitted(grid.rows.labels[row], room, style);
      surface.text(label, margins.left - 8, topOf(frame, line) + cellHeight / 2, style);
    }
  });
  if (isUpward(grid)) {
    const middle = (margins.top + frame.height) / 2;
    surface.text("layer", 9, middle, {
      fill: inks.muted,
      size: LABEL,
      align: "center",
      angle: -90,
    });
  }
}
