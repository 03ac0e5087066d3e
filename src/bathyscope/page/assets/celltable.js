// A real table beside the canvas, for screen readers: the whole map where it is small, and the
// neighbourhood of the cursor where it is large, with the true numbers of rows and columns.

import { element } from "./dom.js";
import { cellNumber } from "./grid.js";

/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./panel.js").View} View */

const WHOLE = 600; // cells; a larger map is shown in part
const [AROUND_ROWS, AROUND_COLUMNS] = [12, 12];

export class CellTable {
  /** @param {MapData} map */
  constructor(map) {
    this.map = map;
    this.caption = element("caption");
    this.head = element("thead");
    this.body = element("tbody");
    this.table = element("table", {}, this.caption, this.head, this.body);
    this.root = element("div", { class: "unseen" }, this.table);
    this.shown = "";
  }

  /**
   * @param {View} view
   * @param {{row: number, column: number}} cursor
   */
  show(view, cursor) {
    const { grid, order } = view;
    const [rows, columns] = [grid.rows.labels.length, order.length];
    const whole = rows * columns <= WHOLE;
    const down = whole ? [0, rows] : around(cursor.row, rows, AROUND_ROWS);
    const place = Math.max(0, order.indexOf(cursor.column));
    const across = whole ? [0, columns] : around(place, columns, AROUND_COLUMNS);
    this.table.setAttribute("aria-rowcount", String(rows + 1));
    this.table.setAttribute("aria-colcount", String(columns + 1));
    this.caption.textContent = `${this.map.title}. ${this.map.quantity.legend}. ${partOf(
      whole,
      [down[0] + 1, down[1], rows],
      [across[0] + 1, across[1], columns],
    )}`;
    const shown = order.slice(across[0], across[1]);
    this.head.replaceChildren(headOf(view, shown, across[0]));
    this.body.replaceChildren();
    for (let row = down[0]; row < down[1]; row++) {
      this.body.append(rowOf(view, row, shown, across[0]));
    }
  }
}

/**
 * A stretch of given length around a place.
 * @param {number} place
 * @param {number} count
 * @param {number} length
 */
function around(place, count, length) {
  const start = Math.max(0, Math.min(place - Math.floor(length / 2), count - length));
  return [start, Math.min(count, start + length)];
}

/**
 * @param {boolean} whole
 * @param {number[]} rows first, last, of how many
 * @param {number[]} columns
 */
function partOf(whole, rows, columns) {
  if (whole) return `${rows[2]} rows, ${columns[2]} columns.`;
  return (
    `Rows ${rows[0]} to ${rows[1]} of ${rows[2]}, columns ${columns[0]} to ${columns[1]} of ` +
    `${columns[2]}: the neighbourhood of the cursor, which moves by arrow keys in the map.`
  );
}

/**
 * @param {View} view
 * @param {number[]} columns
 * @param {number} first
 */
function headOf({ grid }, columns, first) {
  const corner = element("th", { scope: "col", "aria-colindex": "1" }, grid.rows.name);
  const cells = columns.map((column, i) =>
    element(
      "th",
      { scope: "col", "aria-colindex": String(first + i + 2) },
      grid.columns.labels[column],
    ),
  );
  return element("tr", { "aria-rowindex": "1" }, corner, ...cells);
}

/**
 * @param {View} view
 * @param {number} row
 * @param {number[]} columns
 * @param {number} first
 */
function rowOf({ grid }, row, columns, first) {
  const label = element("th", { scope: "row", "aria-colindex": "1" }, grid.rows.labels[row]);
  const width = grid.columns.labels.length;
  const cells = columns.map((column, i) =>
    element(
      "td",
      { "aria-colindex": String(first + i + 2) },
      grid.pending?.[row * width + column] ? "pending" : cellNumber(grid, row * width + column),
    ),
  );
  return element("tr", { "aria-rowindex": String(row + 2) }, label, ...cells);
}
