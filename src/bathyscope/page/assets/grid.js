// A map as it is shown: its axes perhaps read in coarser units, its columns sorted and filtered.

import { decimalsFor, shortNumber } from "./numbers.js";

/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./data.js").Axis} Axis */
/** @typedef {import("./data.js").Numbers} Numbers */
/**
 * One side of a grid. `first` is each entry's first position on the axis of the run, `of` the
 * entry that each position belongs to.
 * @typedef {{name: string, link: string, labels: string[], first: number[], of: number[]}} Side
 */
/**
 * @typedef {object} Grid
 * @property {MapData} map
 * @property {Side} rows
 * @property {Side} columns
 * @property {Numbers} values row after row
 * @property {Numbers | null} error
 * @property {Numbers | null} margin
 * @property {Numbers | null} unvaried how many of the cells put together were not seen to vary
 * @property {Numbers | null} shared how many of them have but a share of their group's value
 * @property {boolean} merged whether cells were put together
 * @property {boolean} atMost whether errors are upper bounds
 * @property {Numbers | null} unsure 1 for each cell whose 95 % interval covers "no effect"
 * @property {Numbers | null} pending above 0 for each cell that is still being computed
 * @property {number[] | null} settling of each column: the median over its tokens
 * @property {{deep: number, tokens: number}[] | null} deep how many tokens of each column settle deep
 */

/**
 * Read a map in the units asked for, where its axes have them.
 *
 * Attributions of tokens and of parts add up, so they are summed; a sum's standard error is at
 * most the sum of the errors. Divergences are averaged; of the settling depths of a word or a
 * sentence the median is shown, and how many of its tokens are deep.
 * @param {MapData} map
 * @param {import("./state.js").Units} units
 * @returns {Grid}
 */
export function gridOf(map, units) {
  const rows = sideOf(map.rows, units, mergeable(map));
  const columns = sideOf(map.columns, units, mergeable(map));
  const merged =
    rows.labels.length < map.rows.labels.length ||
    columns.labels.length < map.columns.labels.length;
  const mean = map.depth !== null;
  /** @param {Numbers | null} cells */
  const put = (cells) => (cells && merged ? mergedCells(map, rows, columns, cells, mean) : cells);
  const values = put(map.values) ?? map.values;
  const margin = put(map.sampling?.margin ?? null);
  return {
    map,
    rows,
    columns,
    values,
    error: put(map.sampling?.error ?? null),
    margin,
    unvaried: put(map.sampling?.unvaried ?? null),
    shared: put(map.sampling?.shared ?? null),
    merged,
    atMost: merged,
    unsure: margin && unsureCells(map.quantity.neutral, values, margin),
    pending: put(map.pending ?? null),
    settling: settlingOf(map, columns),
    deep: map.depth && deepShares(map.depth, columns),
  };
}

/**
 * @param {number | null} neutral
 * @param {Numbers} values
 * @param {Numbers} margin
 */
function unsureCells(neutral, values, margin) {
  if (neutral === null) return null;
  return Uint32Array.from(values, (value, cell) =>
    Number(Math.abs(value - neutral) <= margin[cell]),
  );
}

/**
 * How many decimals of a cell mean something: half its 95 % interval has two digits, or its error
 * where there is none; four where there is neither.
 * @param {Grid} grid
 * @param {number} cell
 */
export function decimalsOf(grid, cell) {
  return decimalsFor(grid.margin?.[cell] ?? grid.error?.[cell] ?? 0);
}

/**
 * A cell as it is written.
 * @param {Grid} grid
 * @param {number} cell
 */
export function cellNumber(grid, cell) {
  const signed = grid.map.quantity.neutral !== null;
  return shortNumber(grid.values[cell], signed, decimalsOf(grid, cell));
}

/**
 * Whether cells of a map can be put together: not where a row is a difference of two answers, of
 * which the last is the whole, nor where cells are something between two parts.
 * @param {MapData} map
 */
export function mergeable(map) {
  return map.depth !== null || (map.attribution !== null && map.attribution.additive);
}

/**
 * @param {Axis} axis
 * @param {import("./state.js").Units} units
 * @param {boolean} allowed
 * @returns {Side}
 */
function sideOf(axis, units, allowed) {
  const unit = axis.over ? units[axis.over] : "";
  const chosen = allowed && unit ? axis.units[unit] : undefined;
  const of = chosen ? chosen.of : axis.labels.map((_, position) => position);
  const labels = chosen ? chosen.labels : axis.labels;
  const first = labels.map(() => -1);
  of.forEach((entry, position) => {
    if (first[entry] < 0) first[entry] = position;
  });
  return { name: chosen && unit ? unit : axis.name, link: axis.link, labels, first, of };
}

/**
 * @param {MapData} map
 * @param {Side} rows
 * @param {Side} columns
 * @param {Numbers} cells
 * @param {boolean} mean
 */
function mergedCells(map, rows, columns, cells, mean) {
  const width = columns.labels.length;
  const sums = new Float64Array(rows.labels.length * width);
  const counts = new Uint32Array(sums.length);
  const fine = map.columns.labels.length;
  rows.of.forEach((row, i) => {
    columns.of.forEach((column, j) => {
      sums[row * width + column] += cells[i * fine + j];
      counts[row * width + column] += 1;
    });
  });
  return mean ? sums.map((sum, cell) => sum / counts[cell]) : sums;
}

/**
 * The layer at which each column settles, where a map says that: the median of those of its tokens.
 * @param {MapData} map
 * @param {Side} columns
 */
function settlingOf(map, columns) {
  if (map.groups) return map.groups.each.map(({ median }) => median);
  return map.depth && medians(map.depth.settling, columns);
}

/**
 * The median settling depth of each column; the mean of the middle two of an even number.
 * @param {number[]} settling
 * @param {Side} columns
 */
function medians(settling, columns) {
  if (columns.labels.length === settling.length) return settling;
  /** @type {number[][]} */
  const depths = columns.labels.map(() => []);
  columns.of.forEach((column, token) => depths[column].push(settling[token]));
  return depths.map(medianOf);
}

/** @param {number[]} numbers */
export function medianOf(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/**
 * @param {import("./data.js").Depth} depth
 * @param {Side} columns
 */
function deepShares(depth, columns) {
  const shares = columns.labels.map(() => ({ deep: 0, tokens: 0 }));
  columns.of.forEach((column, token) => {
    shares[column].tokens += 1;
    shares[column].deep += Number(depth.settling[token] >= depth.deepLayer);
  });
  return shares;
}

/** @typedef {"text" | "value" | "size" | "sum" | "label" | "settling"} Sorting */

/**
 * The columns to show, in order.
 * @param {Grid} grid
 * @param {Sorting} sorting
 * @param {string} filter columns whose label holds this text, whatever the case
 * @param {number} row the chosen row, for sorting by its values
 * @returns {number[]}
 */
export function orderOf(grid, sorting, filter, row) {
  const wanted = filter.toLocaleLowerCase();
  const all = grid.columns.labels.map((_, column) => column);
  const fits = (/** @type {number} */ column) =>
    grid.columns.labels[column].toLocaleLowerCase().includes(wanted);
  const order = wanted ? all.filter(fits) : all;
  if (sorting === "text") return order;
  if (sorting === "label") {
    const labels = grid.columns.labels;
    return order.sort((a, b) => labels[a].localeCompare(labels[b]) || a - b);
  }
  const key = keyOf(grid, sorting, row);
  return order.sort((a, b) => key(b) - key(a) || a - b);
}

/**
 * @param {Grid} grid
 * @param {Sorting} sorting
 * @param {number} row
 * @returns {(column: number) => number}
 */
function keyOf(grid, sorting, row) {
  const width = grid.columns.labels.length;
  /** @param {number} value */
  const last = (value) => (Number.isNaN(value) ? -Infinity : value); // what is no number comes last
  if (sorting === "settling") return (column) => grid.settling?.[column] ?? 0;
  if (sorting === "value") return (column) => last(grid.values[row * width + column]);
  if (sorting === "size") return (column) => last(Math.abs(grid.values[row * width + column]));
  const sums = new Float64Array(width);
  grid.values.forEach((value, cell) => {
    sums[cell % width] += value;
  });
  return (column) => last(sums[column]);
}
