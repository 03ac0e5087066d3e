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
 * The scale that shows every finite value of some grids; nothing is clipped. While cells are still
 * being computed it grows by steps and never shrinks, so that colours seldom change.
 * @param {Quantity} quantity
 * @param {Grid[]} grids
 * @param {boolean} logarithmic
 * @param {Scale | null} [before] the scale of the same grids when fewer cells were known
 * @returns {Scale}
 */
export function scaleOf(quantity, grids, logarithmic, before = null) {
  const middle = quantity.neutral;
  let [low, high] = quantity.bounds ?? rangeOf(grids);
  if (quantity.bounds === null && isGrowing(grids)) {
    const from = middle ?? 0;
    low = Math.min(from - steppedUp(from - low), before?.low ?? low);
    high = Math.max(from + steppedUp(high - from), before?.high ?? high);
  }
  if (quantity.bounds === null && middle !== null) {
    const reach = Math.max(high - middle, middle - low);
    [low, high] = [middle - reach, middle + reach];
  }
  if (low === high) [low, high] = [low - 1, high + 1];
  const reach = Math.max(Math.abs(low - (middle ?? 0)), Math.abs(high - (middle ?? 0)));
  const linear = logarithmic ? Number((reach / 100).toPrecision(1)) : null;
  return { low, high, middle, linear };
}

/** Whether any cell is still being computed. @param {Grid[]} grids */
export function isGrowing(grids) {
  return grids.some(({ pending }) => pending?.some((one) => one > 0) ?? false);
}

/**
 * The next number up of 1, 2, 5, 10, …; one that is not above 0 stays.
 * @param {number} size
 */
function steppedUp(size) {
  if (!(size > 0)) return size;
  const power = 10 ** Math.floor(Math.log10(size));
  return power * ([1, 2, 5].find((step) => size <= step * power) ?? 10);
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
