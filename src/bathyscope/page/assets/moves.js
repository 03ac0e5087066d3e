// Where keys lead in a map.

import { isUpward } from "./frame.js";

/** @typedef {import("./panel.js").View} View */
/** @typedef {{row: number, column: number}} Place of a grid */

const FAR = 10; // columns that Page Up and Page Down go

/**
 * Where a key leads from a cell; null for another key.
 * @param {KeyboardEvent} event
 * @param {View} view
 * @param {Place} from
 * @returns {Place | null}
 */
export function movedBy(event, { grid, order }, from) {
  const up = isUpward(grid) ? 1 : -1;
  const rows = grid.rows.labels.length;
  const place = Math.max(0, order.indexOf(from.column));
  const last = order.length - 1;
  const far = event.ctrlKey;
  /** @type {Record<string, [number, number]>} row and place */
  const ways = {
    ArrowUp: [from.row + up, place],
    ArrowDown: [from.row - up, place],
    ArrowLeft: [from.row, place - 1],
    ArrowRight: [from.row, place + 1],
    PageUp: [from.row, place - FAR],
    PageDown: [from.row, place + FAR],
    Home: [far ? (up > 0 ? rows - 1 : 0) : from.row, 0],
    End: [far ? (up > 0 ? 0 : rows - 1) : from.row, last],
  };
  const way = ways[event.key];
  return way ? { row: clamp(way[0], 0, rows - 1), column: order[clamp(way[1], 0, last)] } : null;
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
