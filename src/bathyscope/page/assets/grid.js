// A map as it is shown: its axes perhaps read in coarser units, its columns sorted and filtered.

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
 * @property {boolean} merged whether cells were put together; errors are then upper bounds
 * @property {number[] | null} settling of each column
 */

/**
 * Read a map in the units asked for, where its axes have them.
 *
 * Attributions of tokens and of parts add up, so they are summed; a sum's standard error is at
 * most the sum of the errors. Divergences are averaged, and a word has settled when its last
 * token has.
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
  return {
    map,
    rows,
    columns,
    values: put(map.values) ?? map.values,
    error: put(map.sampling?.error ?? null),
    margin: put(map.sampling?.margin ?? null),
    unvaried: put(map.sampling?.unvaried ?? null),
    merged,
    settling: map.depth ? latest(map.depth.settling, columns) : null,
  };
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
 * @param {number[]} settling
 * @param {Side} columns
 */
function latest(settling, columns) {
  const depths = columns.labels.map(() => 0);
  columns.of.forEach((column, token) => {
    depths[column] = Math.max(depths[column], settling[token]);
  });
  return depths;
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

/**
 * The cell of the largest size, in reading order.
 * @param {Grid} grid
 * @returns {{row: number, column: number}}
 */
export function largestCell(grid) {
  const width = grid.columns.labels.length;
  let best = 0;
  let largest = -1;
  for (let cell = 0; cell < grid.values.length; cell++) {
    const size = Math.abs(grid.values[cell]);
    if (size > largest) [best, largest] = [cell, size];
  }
  return { row: Math.floor(best / width), column: best % width };
}
