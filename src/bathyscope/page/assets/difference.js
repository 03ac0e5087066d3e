// Two maps of one scale, the second less the first, cell by cell, where they have the same axes.

/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./grid.js").Grid} Grid */

/**
 * The map of what changed from the first of some maps to the second, added to all maps; null where
 * they have no such difference, or the page already shows one.
 * @param {MapData[]} all
 * @param {MapData[]} maps
 * @returns {MapData | null}
 */
export function differenceOf(all, maps) {
  if (maps.length < 2) return null;
  const [a, b] = maps;
  const alike = JSON.stringify(axesOf(a)) === JSON.stringify(axesOf(b));
  if (!alike || all.some(({ kind }) => kind === "comparison")) return null;
  const { unit, name } = a.quantity;
  /** @type {MapData} */
  const made = {
    ...b,
    index: all.length,
    id: `${a.id}-${b.id}`,
    kind: "difference",
    name: `${b.name} − ${a.name}`,
    title: "What changed",
    caption: `${b.name} − ${a.name}, cell by cell`,
    notes: [],
    words: "",
    copies: null,
    rounded: a.rounded || b.rounded,
    quantity: {
      name: `difference of ${name}`,
      unit,
      bounds: null,
      neutral: 0,
      legend: `${unit || name}: + more in ${b.name}, − more in ${a.name}`,
    },
    values: new Float64Array(0),
    attribution: null,
    sampling: null,
    depth: null,
    evidence: null,
    faithfulness: null,
    chain: null,
  };
  all.push(made);
  return made;
}

/** @param {MapData} map */
const axesOf = ({ rows, columns }) => [rows.labels, columns.labels];

/**
 * The difference of two grids. Errors of the two are not known to be independent: they add up.
 * @param {MapData} map
 * @param {Grid} a
 * @param {Grid} b
 * @returns {Grid}
 */
export function differenceGrid(map, a, b) {
  const values = Float64Array.from(b.values, (value, cell) => value - a.values[cell]);
  map.values = values;
  const error = together(a.error, b.error);
  const margin = together(a.margin, b.margin);
  const unsure = margin && values.map((value, cell) => Number(Math.abs(value) <= margin[cell]));
  const pending = together(a.pending, b.pending);
  const bounds = {
    unvaried: together(a.unvaried, b.unvaried),
    shared: together(a.shared, b.shared),
    atMost: true,
  };
  return {
    ...b,
    map,
    values,
    error,
    margin,
    unsure,
    pending,
    ...bounds,
    settling: null,
    deep: null,
  };
}

/**
 * @param {import("./data.js").Numbers | null} a
 * @param {import("./data.js").Numbers | null} b
 */
function together(a, b) {
  if (!a || !b) return a ?? b;
  return Float64Array.from(a, (value, cell) => value + b[cell]);
}
