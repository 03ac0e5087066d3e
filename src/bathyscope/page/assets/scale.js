// From values to colours: one scale for all maps of a quantity.

/** @typedef {import("./data.js").Quantity} Quantity */
/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {{low: number, high: number, middle: number | null, logarithmic: boolean}} Scale */

/** Sizes up to this share of the largest lie on the linear part of a symmetric-log scale. */
export const LINEAR_SHARE = 0.01;

/**
 * The scale that shows every finite value of some grids; nothing is clipped.
 * @param {Quantity} quantity
 * @param {Grid[]} grids
 * @param {boolean} logarithmic
 * @returns {Scale}
 */
export function scaleOf(quantity, grids, logarithmic) {
  let low = Infinity;
  let high = -Infinity;
  for (const grid of grids) {
    for (const value of grid.values) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) [low, high] = [0, 0]; // no finite value at all
  const middle = quantity.neutral;
  if (quantity.bounds !== null) [low, high] = quantity.bounds;
  else if (middle !== null) {
    const reach = Math.max(high - middle, middle - low);
    [low, high] = [middle - reach, middle + reach];
  }
  if (low === high) [low, high] = [low - 1, high + 1];
  return { low, high, middle, logarithmic };
}

/**
 * Where a value lies between the first colour, 0, and the last, 1.
 * @param {Scale} scale
 * @param {number} value
 */
export function position(scale, value) {
  const { low, high, middle } = scale;
  if (!scale.logarithmic) return (value - low) / (high - low);
  if (middle === null) return stretched((value - low) / (high - low));
  const reach = high - middle;
  const size = Math.abs(value - middle) / reach;
  return 0.5 + (Math.sign(value - middle) * stretched(size)) / 2;
}

/**
 * The value at a place between 0 and 1: `position` turned round.
 * @param {Scale} scale
 * @param {number} place
 */
export function valueAt(scale, place) {
  const { low, high, middle } = scale;
  if (!scale.logarithmic) return low + place * (high - low);
  if (middle === null) return low + unstretched(place) * (high - low);
  const side = 2 * place - 1;
  return middle + Math.sign(side) * unstretched(Math.abs(side)) * (high - middle);
}

/**
 * Symmetric log of a share of the largest: linear up to LINEAR_SHARE, then one unit for each
 * factor of e; 0 stays 0 and 1 stays 1.
 * @param {number} share
 */
function stretched(share) {
  const top = 1 + Math.log(1 / LINEAR_SHARE);
  const linear = share / LINEAR_SHARE;
  return (linear <= 1 ? linear : 1 + Math.log(linear)) / top;
}

/** @param {number} place */
function unstretched(place) {
  const height = place * (1 + Math.log(1 / LINEAR_SHARE));
  return LINEAR_SHARE * (height <= 1 ? height : Math.exp(height - 1));
}
