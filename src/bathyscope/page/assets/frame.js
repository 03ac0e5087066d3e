// A window onto a grid: where its cells lie, and which cell lies where.

/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./colours.js").Table} Table */
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
 * @property {boolean} odd whether any cell holds no number, or is still being computed
 * @property {boolean} fade whether cells are faint that may be nothing
 * @property {Set<number>} litRows of the grid
 * @property {Set<number>} litColumns of the grid
 * @property {{row: number, column: number} | null} cursor as row and column of the grid
 */

/** Marks of a map in which nothing is marked. */
export const NOTHING_LIT = {
  /** @type {Set<number>} */
  litRows: new Set(),
  /** @type {Set<number>} */
  litColumns: new Set(),
  cursor: null,
};

/** Whether layer 1 is below: depth is drawn as it is thought of. @param {Grid} grid */
export const isUpward = (grid) => grid.rows.name === "layer";

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

/** @typedef {{first: number, end: number, top: number, bottom: number}} Window */

/**
 * Which places, from the left and from the top, are seen.
 * @param {Frame} frame
 * @returns {Window}
 */
export function windowOf(frame) {
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
export const leftOf = (frame, place) => frame.margins.left + place * frame.cellWidth - frame.x;

/** @param {Frame} frame @param {number} line */
export const topOf = (frame, line) => frame.margins.top + line * frame.cellHeight - frame.y;

/** Row of the grid at a line from the top, and the other way. @param {Grid} grid @param {number} line */
export const flipped = (grid, line) => (isUpward(grid) ? grid.rows.labels.length - 1 - line : line);
