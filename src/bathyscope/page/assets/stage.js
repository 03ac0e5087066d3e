// All maps of one quantity: one scale, one set of controls, side by side.

import { colourIndex, tableOf } from "./colours.js";
import { Controls } from "./controls.js";
import { curvesOf } from "./curves.js";
import { depthTable } from "./depthtable.js";
import { element } from "./dom.js";
import { differenceGrid } from "./difference.js";
import { gridOf, orderOf } from "./grid.js";
import { marginsOf } from "./labels.js";
import { Panel } from "./panel.js";
import { tickNumber } from "./numbers.js";
import { isGrowing, scaleOf, valueAt } from "./scale.js";

/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./data.js").PageData} PageData */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Look} Look */
/**
 * A grid with what it is coloured by.
 * @typedef {{grid: import("./grid.js").Grid, scale: import("./scale.js").Scale,
 *   table: import("./colours.js").Table}} Coloured
 */
/** A map of so many columns or fewer leaves room for another beside it. */
const NARROW = 16;

export class Stage {
  /**
   * @param {PageData} data
   * @param {State} state
   * @param {number} index
   * @param {MapData[]} maps
   * @param {MapData | null} difference of the second map from the first
   */
  constructor(data, state, index, maps, difference) {
    this.data = data;
    this.state = state;
    this.index = index;
    this.maps = maps;
    this.difference = difference;
    this.grids = maps.map((map) => gridOf(map, state.choices.units));
    this.scale = scaleOf(maps[0].quantity, this.grids, false);
    this.table = tableOf(data, this.palette(), false);
    /** @type {Coloured | null} */
    this.changed = null;
    this.panels = maps.map((map) => new Panel(state, map, maps.length > 1));
    this.bar = new ColourBar();
    this.changedBar = new ColourBar();
    if (difference) this.panels.push(new Panel(state, difference, true));
    this.controls = new Controls(this);
    this.root = this.section();
  }

  /** @returns {Look} */
  look() {
    return this.state.choices.looks[this.index];
  }

  palette() {
    const wanted = this.look().palette;
    if (wanted) return wanted;
    return this.maps[0].quantity.neutral === null ? this.data.sequential : this.data.diverging;
  }

  /**
   * Compute again what the choices ask for.
   * @param {boolean} dark
   */
  compute(dark) {
    const look = this.look();
    const { quantity } = this.maps[0];
    const before = isGrowing(this.grids) ? this.scale : null;
    this.grids = this.maps.map((map) => gridOf(map, this.state.choices.units));
    this.scale = scaleOf(quantity, this.grids, look.log, before);
    this.table = tableOf(this.data, this.palette(), dark);
    this.changed = null;
    if (!this.difference || !look.difference) return;
    const grid = differenceGrid(this.difference, this.grids[0], this.grids[1]);
    const scale = scaleOf(this.difference.quantity, [grid], look.log);
    this.changed = { grid, scale, table: tableOf(this.data, this.data.diverging, dark) };
  }

  /** Every grid that is shown, with its colours. @returns {Coloured[]} */
  shown() {
    const { scale, table } = this;
    const own = this.grids.map((grid) => ({ grid, scale, table }));
    return this.changed ? [...own, this.changed] : own;
  }

  /** Show what was computed. */
  show() {
    const look = this.look();
    const shown = this.shown();
    const margins = shown.map(({ grid }) => marginsOf(grid));
    const top = Math.max(...margins.map((margin) => margin.top)); // so that maps stand level
    this.panels.forEach((panel, i) => {
      panel.root.hidden = i >= shown.length;
      if (panel.root.hidden) return;
      const { grid } = shown[i];
      const order = orderOf(grid, look.sort, look.filter, panel.chosenRow(grid));
      panel.show({ ...shown[i], order, look, margins: { ...margins[i], top } });
    });
    this.bar.show(this.scale, this.table, this.maps[0].quantity);
    this.changedBar.root.hidden = !this.changed;
    if (this.changed) {
      const { scale, table, grid } = this.changed;
      this.changedBar.show(scale, table, grid.map.quantity);
    }
    this.controls.show();
  }

  /** Scroll each map to what is chosen. */
  reveal() {
    for (const panel of this.panels) panel.revealChosen();
  }

  /** Add what waited until the maps had been seen. */
  complete() {
    for (const panel of this.panels) panel.overview.complete();
  }

  section() {
    const id = `stage-${this.index}`;
    const section = element("section", { class: "stage", "aria-labelledby": id });
    const narrow = this.maps.length === 1 && this.maps[0].columns.labels.length <= NARROW;
    section.classList.toggle("narrow", narrow);
    const heading = element("h2", { id }, this.maps[0].title);
    const origins = [...new Set(this.maps.map((map) => map.origin).filter(Boolean))];
    const sentences = [...origins, this.maps[0].explanation].join(" ");
    const explained = element("p", { class: "explained" }, sentences);
    const cautions = element("ul", { class: "cautions" });
    cautions.append(...notesOf(this.maps).map((note) => element("li", {}, note)));
    cautions.hidden = cautions.childElementCount === 0;
    const maps = element("div", { class: "maps" }, ...this.panels.map((panel) => panel.root));
    if (this.panels.length > 1) maps.classList.add("several");
    const curves = this.maps.map((map) =>
      map.faithfulness ? curvesOf(map, map.faithfulness) : "",
    );
    const tables = this.maps.map((map) => (map.groups ? depthTable(map.groups) : ""));
    section.append(
      heading,
      explained,
      cautions,
      ...curves,
      ...tables,
      this.controls.root,
      maps,
      element("div", { class: "bars" }, this.bar.root, this.difference ? this.changedBar.root : ""),
    );
    return section;
  }
}

/**
 * The notes of maps, each once, with the map's name where not all maps have it.
 * @param {MapData[]} maps
 */
function notesOf(maps) {
  /** @type {Map<string, string[]>} */
  const named = new Map();
  for (const { name, notes } of maps) {
    for (const note of notes) named.set(note, [...(named.get(note) ?? []), name]);
  }
  return [...named].map(([note, names]) =>
    names.length === maps.length ? note : `${names.join(", ")}: ${note}`,
  );
}

/** The colours of a scale, with its values and its unit. */
class ColourBar {
  constructor() {
    this.ramp = element("div", { class: "ramp" });
    this.ticks = element("div", { class: "ticks" });
    this.legend = element("div", { class: "legend" });
    this.root = element("div", { class: "colour-bar" }, this.ramp, this.ticks, this.legend);
  }

  /**
   * @param {import("./scale.js").Scale} scale
   * @param {import("./colours.js").Table} table
   * @param {import("./data.js").Quantity} quantity
   */
  show(scale, table, quantity) {
    this.ramp.style.background = gradient(table);
    const places = [0, 0.25, 0.5, 0.75, 1];
    this.ticks.replaceChildren(
      ...places.map((place) => element("span", {}, tickNumber(valueAt(scale, place)))),
    );
    const spread = scale.linear !== null ? ", symmetric log scale" : "";
    this.legend.textContent = `${quantity.legend}${spread}`;
  }
}

/**
 * A palette as a CSS background, from left to right.
 * @param {import("./colours.js").Table} table
 */
export function gradient(table) {
  const stops = Array.from({ length: 33 }, (_, i) => table.css[Math.min(255, i * 8)]);
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/**
 * @param {import("./scale.js").Scale} scale
 * @param {import("./colours.js").Table} table
 * @param {number} value
 */
export function chipColours(scale, table, value) {
  const index = colourIndex(scale, value);
  return { background: table.css[index], color: table.inks[index] };
}
