// How the text is coloured: by what drove the chosen tokens, by what a part drove, by depth.

import { tableOf } from "./colours.js";
import { decimalsOf } from "./grid.js";
import { decimalsFor, shortNumber } from "./numbers.js";
import { scaleOf } from "./scale.js";

/** @typedef {import("./data.js").PageData} PageData */
/** @typedef {import("./data.js").Text} Text */
/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./colours.js").Table} Table */
/**
 * How a side of the text is coloured.
 * @typedef {object} Paint
 * @property {string} link
 * @property {string} why
 * @property {string} unit
 * @property {Scale} scale
 * @property {Table} table
 * @property {"fill" | "line"} way
 * @property {(at: number) => number} value
 * @property {(at: number) => string} says the value in words
 * @property {(at: number) => boolean} [deep]
 */
/** @typedef {{values: Float64Array, margins: Float64Array | null}} Sums of each column, and half their 95 % intervals */

export class TextPaint {
  /**
   * @param {PageData} data
   * @param {State} state
   * @param {Text} text
   * @param {Stage[]} stages
   */
  constructor(data, state, text, stages) {
    this.data = data;
    this.state = state;
    this.text = text;
    this.stages = stages;
  }

  /**
   * The colours of prompt and answer, where they have any.
   * @param {boolean} dark
   * @returns {Paint[]}
   */
  all(dark) {
    return [this.prompt(), this.answer(dark)].filter((paint) => paint !== null);
  }

  /** How many colourings there can be at once: room is kept for their legends. */
  most() {
    const deep = this.stages.some(({ maps }) =>
      maps.some((map) => map.depth && map.columns.link === this.text.answer),
    );
    return Number(this.attribution() !== undefined) + Number(deep);
  }

  /** Stage and grid of the attribution map to read, the one under the cursor first. */
  attribution() {
    return this.read((grid) => grid.map.attribution && grid.columns.link === this.text.features);
  }

  /**
   * The first grid of which something holds, that under the cursor before others.
   * @param {(grid: Grid) => unknown} wanted
   */
  read(wanted) {
    const { cell } = this.state.choices;
    const own = this.stages.flatMap((stage) =>
      stage.grids.filter(wanted).map((grid) => ({ stage, grid })),
    );
    return own.find(({ grid }) => grid.map.index === cell?.map) ?? own[0];
  }

  /**
   * What drove the chosen tokens, or with none chosen, the whole answer.
   * @returns {Paint | null}
   */
  prompt() {
    const found = this.attribution();
    if (!found || this.state.chosenAt(this.text.features) >= 0) return null;
    const { stage, grid } = found;
    const rows = rowsOf(grid, this.state.chosenOn(grid.rows.link));
    const { values, margins } = sumsOf(grid, rows);
    // One row lies on the map's scale; a sum may lie beyond it, and has one with those of the others.
    const others = stage.grids.map((one) => ({
      ...one,
      values: sumsOf(one, rowsOf(one, this.state.chosenOn(one.rows.link))).values,
    }));
    const { quantity } = grid.map;
    const scale =
      rows.length === 1
        ? stage.scale
        : scaleOf({ ...quantity, bounds: null }, others, stage.scale.linear !== null);
    const signed = quantity.neutral !== null;
    const says = (/** @type {number} */ at) => {
      const column = grid.columns.of[at];
      const decimals = decimalsFor(margins?.[column] ?? 0);
      return `${shortNumber(values[column], signed, decimals)} ${quantity.unit}`.trim();
    };
    return {
      link: grid.columns.link,
      why: whyPrompt(grid, rows),
      unit: quantity.unit,
      scale,
      table: stage.table,
      way: "fill",
      value: (at) => values[grid.columns.of[at]],
      says,
    };
  }

  /**
   * What the chosen part drove, or else how deep each token settles.
   * @param {boolean} dark
   * @returns {Paint | null}
   */
  answer(dark) {
    const found = this.attribution();
    const chosen = this.state.chosenAt(this.text.features);
    if (found && chosen >= 0) return this.driven(found.stage, found.grid, chosen);
    const deep = this.read((grid) => grid.map.depth && grid.columns.link === this.text.answer);
    return deep ? this.settled(deep.grid, dark) : null;
  }

  /**
   * @param {Stage} stage
   * @param {Grid} grid
   * @param {number} chosen
   * @returns {Paint | null}
   */
  driven(stage, grid, chosen) {
    if (grid.rows.link !== this.text.answer) return null;
    const { columns, rows, values } = grid;
    const column = columns.of[chosen] ?? 0;
    const signed = grid.map.quantity.neutral !== null;
    const { unit } = grid.map.quantity;
    const cell = (/** @type {number} */ at) => rows.of[at] * columns.labels.length + column;
    return {
      link: rows.link,
      why: `Answer: what ${columns.labels[column]} drove`,
      unit,
      scale: stage.scale,
      table: stage.table,
      way: "fill",
      value: (at) => values[cell(at)],
      says: (at) =>
        `${shortNumber(values[cell(at)], signed, decimalsOf(grid, cell(at)))} ${unit}`.trim(),
    };
  }

  /**
   * @param {Grid} grid
   * @param {boolean} dark
   * @returns {Paint}
   */
  settled(grid, dark) {
    const depth = /** @type {import("./data.js").Depth} */ (grid.map.depth);
    const settling = grid.settling ?? [];
    const of = (/** @type {number} */ at) => grid.columns.of[at];
    const unit = grid.merged ? grid.columns.name : "token";
    const deep = (/** @type {number} */ at) => depth.settling[at] >= depth.deepLayer;
    const layers = `of ${depth.layers}`;
    return {
      link: this.text.answer,
      why: `Answer: ${grid.merged ? "the median layer" : "the layer"}, ${layers}, at which each ${unit} settles; thick: deep`,
      unit: "",
      scale: { low: 1, high: depth.layers, middle: null, linear: null },
      table: tableOf(this.data, this.data.sequential, dark),
      way: "line",
      value: (at) => settling[of(at)],
      says: (at) => {
        if (!grid.merged)
          return `settles at layer ${settling[of(at)]} ${layers}${deep(at) ? ", deep" : ""}`;
        const share = grid.deep?.[of(at)] ?? { deep: 0, tokens: 0 };
        return `${unit}: median layer ${settling[of(at)]} ${layers}, ${share.deep} of ${share.tokens} tokens deep`;
      },
      deep,
    };
  }
}

/**
 * The rows of a grid that some positions are in; all where there are none.
 * @param {Grid} grid
 * @param {number[]} positions
 */
export function rowsOf(grid, positions) {
  if (positions.length === 0) return grid.rows.labels.map((_, row) => row);
  return [...new Set(positions.map((at) => grid.rows.of[at]).filter((row) => row !== undefined))];
}

/**
 * What each column did to some rows together. The interval of a sum is at most as wide as those of
 * its terms together.
 * @param {Grid} grid
 * @param {number[]} rows
 * @returns {Sums}
 */
export function sumsOf(grid, rows) {
  const width = grid.columns.labels.length;
  const { map, margin } = grid;
  const all = rows.length === grid.rows.labels.length;
  if (all && map.attribution && !(rows.length === 1 && map.attribution.additive)) {
    const { whole, wholeMargin } = map.attribution;
    return { values: merged(grid, whole), margins: wholeMargin && merged(grid, wholeMargin) };
  }
  const values = new Float64Array(width);
  const margins = margin ? new Float64Array(width) : null;
  for (const row of rows) {
    for (let column = 0; column < width; column++) {
      values[column] += grid.values[row * width + column];
      if (margins && margin) margins[column] += margin[row * width + column];
    }
  }
  return { values, margins };
}

/**
 * Numbers of the run's columns, summed into those of a grid.
 * @param {Grid} grid
 * @param {import("./data.js").Numbers} numbers
 */
function merged(grid, numbers) {
  const sums = new Float64Array(grid.columns.labels.length);
  grid.columns.of.forEach((column, at) => {
    sums[column] += numbers[at];
  });
  return sums;
}

/** @param {Grid} grid @param {number[]} rows */
function whyPrompt({ rows: side }, rows) {
  if (rows.length === side.labels.length) return "Prompt: what each part did to the whole answer";
  const [first, last] = [rows[0], rows[rows.length - 1]];
  const labels = rows.map((row) => side.labels[row]).join("");
  const count = side.labels.length;
  if (rows.length === 1)
    return `Prompt: what drove ${labels} (${side.name} ${first + 1} of ${count})`;
  return `Prompt: what drove ${labels} (${side.name}s ${first + 1} to ${last + 1} of ${count}, summed)`;
}
