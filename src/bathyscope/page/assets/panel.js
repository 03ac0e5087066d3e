// One map on the page: a canvas in a scrolled window, its cursor, pointer and keys.

import { element } from "./dom.js";
import { exportButtons } from "./exports.js";
import { NOTHING_LIT, cellAt, isUpward } from "./frame.js";
import { clamp, movedBy } from "./moves.js";
import { noteOn } from "./note.js";
import { Overview } from "./overview.js";
import { paint } from "./paint.js";
import { positionsOf } from "./state.js";
import { CanvasSurface } from "./surface.js";
import { CellTable } from "./celltable.js";
import { inksOf } from "./theme.js";

/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Look} Look */
/** @typedef {{grid: Grid, order: number[], scale: import("./scale.js").Scale,
 *   table: import("./colours.js").Table, look: Look, margins: import("./frame.js").Margins}} View */

const STEP = Math.SQRT2; // of one zoom

export class Panel {
  /**
   * @param {State} state
   * @param {MapData} map
   * @param {boolean} named whether its name is needed to tell it from others
   */
  constructor(state, map, named) {
    this.state = state;
    this.map = map;
    this.named = named;
    /** @type {View | null} */
    this.view = null;
    /** @type {Frame | null} */
    this.frame = null;
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.surface = new CanvasSurface(
      /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d")),
    );
    this.extent = element("div", { class: "extent" }, this.canvas);
    this.window = windowOn(map, named, this.extent);
    this.empty = element("p", { class: "empty", hidden: true });
    this.note = element("p", { class: "note" });
    this.cells = new CellTable(map);
    const name = named ? element("h3", {}, map.name) : "";
    const caption = element("figcaption", {}, name, exportButtons(this));
    this.overview = new Overview(this);
    const parts = [
      caption,
      this.empty,
      this.overview.root,
      this.window,
      this.note,
      this.cells.root,
    ];
    this.root = element("figure", { class: "map" }, ...parts);
    this.waiting = false;
    this.room = 0;
    this.listen();
  }

  listen() {
    const scrolled = () => this.repaint();
    this.window.addEventListener("scroll", scrolled, { passive: true });
    this.window.addEventListener("pointermove", (event) => this.state.point(this.cellOf(event)));
    this.window.addEventListener("pointerleave", () => this.state.point(null));
    this.window.addEventListener("click", (event) => {
      const cell = this.cellOf(event);
      if (cell) this.put(cell, true);
    });
    this.window.addEventListener("keydown", (event) => this.onKey(event));
    this.window.addEventListener("focus", () => {
      this.state.active = this.map.index;
    });
    new ResizeObserver(() => {
      if (this.root.clientWidth !== this.room) this.layout();
    }).observe(this.root);
  }

  /**
   * Show other numbers, another order, other colours.
   * @param {View} view
   */
  show(view) {
    this.view = view;
    const none = view.order.length === 0;
    this.empty.hidden = !none;
    this.window.hidden = none;
    this.empty.textContent = `No column contains “${view.look.filter}”.`;
    this.note.textContent = noteOn(view);
    this.overview.show();
    this.layout();
    this.cells.show(view, this.cursor() ?? { row: 0, column: view.order[0] ?? 0 });
  }

  /** Set the sizes of cells and window by the room there is. */
  layout() {
    if (!this.view || this.window.hidden) return;
    const { grid, order, look, margins } = this.view;
    const room = this.root.clientWidth;
    this.room = room;
    const rows = grid.rows.labels.length;
    const zoom = STEP ** look.zoom;
    const fit = (room - margins.left - margins.overhang) / order.length;
    const cellWidth = clamp(clamp(fit, 14, 76) * zoom, 1, 160);
    const cellHeight = clamp((rows <= 24 ? 28 : rows <= 40 ? 13 : 9) * zoom, 1, 60);
    const width = Math.ceil(margins.left + order.length * cellWidth + margins.overhang);
    const height = Math.ceil(margins.top + rows * cellHeight + 4);
    const high = Math.min(height, Math.max(320, innerHeight * 0.78));
    const bar = width > room && height <= high ? this.scrollbar() : 0;
    this.window.style.height = `${high + bar}px`;
    this.extent.style.width = `${width}px`;
    this.extent.style.height = `${height}px`;
    this.frame = {
      ...this.view,
      threshold: look.threshold,
      fade: look.fade,
      odd: grid.pending !== null || grid.values.some(Number.isNaN),
      cellWidth,
      cellHeight,
      width: Math.min(this.window.clientWidth, width),
      height: Math.min(this.window.clientHeight, height),
      x: 0,
      y: 0,
      inks: inksOf(),
      ...NOTHING_LIT,
    };
    this.repaint();
  }

  /** How much height a scroll bar takes here; none where bars lie over the content. */
  scrollbar() {
    return this.window.offsetHeight - this.window.clientHeight || 12;
  }

  /** Paint before the next frame, once however often it is asked for. */
  repaint() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paintNow();
    });
  }

  paintNow() {
    if (!this.frame) return;
    Object.assign(this.frame, { x: this.window.scrollLeft, y: this.window.scrollTop }, this.lit());
    const { width, height } = this.frame;
    const density = devicePixelRatio || 1;
    if (
      this.canvas.width !== Math.round(width * density) ||
      this.canvas.height !== Math.round(height * density)
    ) {
      this.canvas.width = Math.round(width * density);
      this.canvas.height = Math.round(height * density);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    const { context } = this.surface;
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    paint(this.surface, this.frame);
    this.overview.follow();
  }

  /** What is marked: the rows and the columns that are pointed at or chosen, here or elsewhere. */
  lit() {
    const { pointed, choices } = this.state;
    const { rows, columns } = /** @type {View} */ (this.view).grid;
    const entries = pointed ? entriesOf(this.state, pointed) : choices.chosen;
    // A map of parts with parts has the same axis twice: the second entry is its column.
    const twice = rows.link === columns.link && entries.length === 2;
    return {
      litRows: entriesOn(rows, twice ? entries.slice(0, 1) : entries),
      litColumns: entriesOn(columns, twice ? entries.slice(1) : entries),
      cursor: this.cursor(),
    };
  }

  /** The cell under the cursor as row and column of the grid, where it is in this map. */
  cursor() {
    const { cell } = this.state.choices;
    if (!cell || cell.map !== this.map.index || !this.view) return null;
    const { rows, columns } = this.view.grid;
    const [row, column] = [rows.of[cell.row], columns.of[cell.column]];
    return row === undefined || column === undefined ? null : { row, column };
  }

  /**
   * The row by which columns are sorted.
   * @param {Grid} grid
   */
  chosenRow(grid) {
    const { cell } = this.state.choices;
    const chosen = this.state.chosenAt(grid.rows.link);
    if (chosen >= 0) return grid.rows.of[chosen] ?? 0;
    return cell?.map === this.map.index ? (grid.rows.of[cell.row] ?? 0) : 0;
  }

  /**
   * The cell under a pointer, by positions on the run's axes.
   * @param {MouseEvent} event
   */
  cellOf(event) {
    if (!this.frame) return null;
    const box = this.canvas.getBoundingClientRect();
    const found = cellAt(this.frame, event.clientX - box.left, event.clientY - box.top);
    return found && this.fine(found);
  }

  /** @param {{row: number, column: number}} cell of the grid */
  fine(cell) {
    const { rows, columns } = /** @type {View} */ (this.view).grid;
    return { map: this.map.index, row: rows.first[cell.row], column: columns.first[cell.column] };
  }

  /**
   * Put the cursor onto a cell, and perhaps choose its token, which then colours the prompt.
   * @param {import("./state.js").Cell} cell
   * @param {boolean} choose
   */
  put(cell, choose) {
    const depth = this.map.depth !== null;
    const token = depth
      ? { link: this.map.columns.link, at: cell.column }
      : { link: this.map.rows.link, at: cell.row };
    this.state.choose(choose ? { cell, chosen: this.state.withChosen(token) } : { cell });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (!this.view || event.altKey || event.metaKey) return;
    const at = this.cursor() ?? { row: 0, column: this.view.order[0] };
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (event.key === "Enter") this.put(this.fine(at), true);
      else this.chooseColumn(at);
      return;
    }
    const to = movedBy(event, this.view, at);
    if (!to) return;
    event.preventDefault();
    this.put(this.fine(to), false);
    this.reveal(to);
  }

  /** Choose the part that a column stands for, which then colours the answer.
   * @param {{row: number, column: number}} at */
  chooseColumn(at) {
    const cell = this.fine(at);
    const part = { link: this.map.columns.link, at: cell.column };
    this.state.choose({ cell, chosen: this.state.withChosen(part) });
  }

  /** Scroll so that what is chosen is seen, and the cursor. */
  revealChosen() {
    if (!this.view) return;
    const { litRows, litColumns, cursor } = this.lit();
    const [row] = litRows;
    const [column] = litColumns;
    this.reveal(cursor ?? { row, column });
  }

  /**
   * Scroll so that a cell is seen, or the row or the column that is given.
   * @param {{row?: number, column?: number}} cell
   */
  reveal({ row, column }) {
    if (!this.view || !this.frame) return;
    const { cellWidth, cellHeight, margins, width, height } = this.frame;
    const { grid, order } = this.view;
    const [wide, high] = [width - margins.left, height - margins.top];
    const { scrollLeft, scrollTop } = this.window;
    const place = column === undefined ? -1 : order.indexOf(column);
    if (place >= 0) {
      const x = place * cellWidth;
      this.window.scrollLeft = clamp(scrollLeft, x + cellWidth - wide + 8, Math.max(0, x - 8));
    }
    if (row === undefined) return;
    const y = (isUpward(grid) ? grid.rows.labels.length - 1 - row : row) * cellHeight;
    this.window.scrollTop = clamp(scrollTop, y + cellHeight - high + 8, Math.max(0, y - 8));
  }
}

/**
 * What some entries are on a side as it is read.
 * @param {import("./grid.js").Side} side
 * @param {import("./state.js").Entry[]} entries
 */
function entriesOn(side, entries) {
  const own = entries.filter(({ link }) => link === side.link).flatMap(positionsOf);
  return new Set(own.map((at) => side.of[at]).filter((one) => one !== undefined));
}

/**
 * The scrolled window of a map, which takes the keys.
 * @param {MapData} map
 * @param {boolean} named
 * @param {HTMLElement} content
 */
function windowOn(map, named, content) {
  const attributes = {
    class: "window",
    id: `map-${map.index}`,
    tabindex: "0",
    role: "application",
    "aria-roledescription": "heatmap",
    "aria-label": `${map.title}${named ? `, ${map.name}` : ""}`,
    "aria-describedby": "keys-hint",
  };
  return element("div", attributes, content);
}

/**
 * The positions on axes that a cell or an entry stands for.
 * @param {State} state
 * @param {import("./state.js").Cell | import("./state.js").Entry | null} pointed
 * @returns {import("./state.js").Entry[]}
 */
export function entriesOf(state, pointed) {
  if (!pointed) return [];
  if ("link" in pointed) return [pointed];
  const map = state.maps[pointed.map];
  return [
    { link: map.rows.link, at: pointed.row },
    { link: map.columns.link, at: pointed.column },
  ];
}
