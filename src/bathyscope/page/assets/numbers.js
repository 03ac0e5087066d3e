// Numbers as people and as files read them.

/**
 * A value as it stands in a cell: a true minus, a plus where signs matter, and zero without either.
 * @param {number} value
 * @param {boolean} signed
 * @param {number} [decimals]
 */
export function shortNumber(value, signed, decimals = 4) {
  if (!Number.isFinite(value)) return oddNumber(value);
  const size = Math.abs(value).toFixed(decimals);
  return Number(size) === 0 ? size : `${signOf(value, signed)}${size}`;
}

/**
 * How many decimals give an error two digits: at most four, and four where there is no error.
 * @param {number} error
 */
export function decimalsFor(error) {
  if (!(error > 0)) return 4;
  return Math.max(0, Math.min(4, 1 - Math.floor(Math.log10(error))));
}

/**
 * A value where four decimals are too few: six digits.
 * @param {number} value
 */
export function closeNumber(value) {
  if (!Number.isFinite(value)) return oddNumber(value);
  return `${signOf(value, false)}${Math.abs(Number(value.toPrecision(6)))}`;
}

/**
 * All digits of a value, so that it reads back as the same number.
 * @param {number} value
 * @param {boolean} [single] whether it was kept in 32 bits
 */
export function exactNumber(value, single = false) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (!single) return Object.is(value, -0) ? "-0.0" : String(value);
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * A value at a colour bar: few digits.
 * @param {number} value
 */
export function tickNumber(value) {
  const text = String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}

/**
 * A probability: in percent, and where that would be 0.0 % as a power of ten.
 * @param {number} probability
 */
export function share(probability) {
  if (probability > 0 && probability < 0.0005) return probability.toExponential(1);
  return `${(100 * probability).toFixed(1)} %`;
}

/** @param {number} value */
function oddNumber(value) {
  if (Number.isNaN(value)) return "no number";
  return value > 0 ? "+∞" : "−∞";
}

/**
 * @param {number} value
 * @param {boolean} signed
 */
function signOf(value, signed) {
  if (value < 0) return "−";
  return signed ? "+" : "";
}
