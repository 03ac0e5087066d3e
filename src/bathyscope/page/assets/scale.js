// From values to colours: one scale for all maps of a quantity.

/** @typedef {import("./data.js").Quantity} Quantity */
/** @typedef {import("./grid.js").Grid} Grid */
/**
 * From values to places between 0 and 1, as `Scale` of `render/palette.py` has it.
 * @typedef {object} Scale
 * @property {number} low value of the first colour
 * @property {number} high value of the last colour
 * @property {number | null} middle the value that means "no effect"
 * @property {number | null} linear distance from the middle up to which a symmetric log scale is
 *   linear; null where the whole scale is
 */

/**
 * The scale that shows every finite value of some grids; nothing is clipped.
 * @param {Quantity} quantity
 * @param {Grid[]} grids
 * @param {boolean} logarithmic
 * @returns {Scale}
 */
export function scaleOf(quantity, grids, logarithmic) {
  const middle = quantity.neutral;
  let [low, high] = quantity.bounds ?? rangeOf(grids);
  if (quantity.bounds === null && middle !== null) {
    const reach = Math.max(high - middle, middle - low);
    [low, high] = [middle - reach, middle + reach];
  }
  if (low === high) [low, high] = [low - 1, high + 1];
  const reach = Math.max(Math.abs(low - (middle ?? 0)), Math.abs(high - (middle ?? 0)));
  const linear = logarithmic ? Number((reach / 100).toPrecision(1)) : null;
  return { low, high, middle, linear };
}

/**
 * The smallest and the largest finite value; 0 where there is none.
 * @param {Grid[]} grids
 */
function rangeOf(grids) {
  let low = Infinity;
  let high = -Infinity;
  for (const { values } of grids) {
    for (let cell = 0; cell < values.length; cell++) {
      const value = values[cell];
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low > high ? [0, 0] : [low, high];
}

/**
 * Where a value lies between the first colour, 0, and the last, 1.
 * @param {Scale} scale
 * @param {number} value
 */
export function position(scale, value) {
  const { low, high } = scale;
  if (scale.linear === null) return (value - low) / (high - low);
  const [first, last] = [stretched(scale, low), stretched(scale, high)];
  return (stretched(scale, value) - first) / (last - first);
}

/**
 * The value at a place between 0 and 1: `position` turned round.
 * @param {Scale} scale
 * @param {number} place
 */
export function valueAt(scale, place) {
  const { low, high, linear } = scale;
  if (linear === null) return low + place * (high - low);
  const [first, last] = [stretched(scale, low), stretched(scale, high)];
  const distance = first + place * (last - first);
  const size = Math.abs(distance);
  const beyond = Math.sign(distance) * 10 ** (size - 1);
  return (scale.middle ?? 0) + linear * (size <= 1 ? distance : beyond);
}

/**
 * The distance of a value from the middle along a symmetric log scale: in units of the linear part
 * up to 1, then one unit more for each power of ten.
 * @param {Scale} scale
 * @param {number} value
 */
function stretched(scale, value) {
  const distance = (value - (scale.middle ?? 0)) / (scale.linear ?? 1);
  const size = Math.abs(distance);
  return size <= 1 ? distance : Math.sign(distance) * (1 + Math.log10(size));
}
