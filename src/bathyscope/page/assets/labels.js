// The labels of a window's columns, slanted above it, and of its rows at the left.

import { flipped, isUpward, leftOf, topOf } from "./frame.js";
import { fitted, textWidth } from "./surface.js";

/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {import("./surface.js").Surface} Surface */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./frame.js").Window} Window */
/** @typedef {import("./frame.js").Margins} Margins */

const LABEL = 12;
const SLANT = 40; // degrees
const SINE = Math.sin((SLANT * Math.PI) / 180);
const COSINE = Math.cos((SLANT * Math.PI) / 180);
const [MOST_LEFT, MOST_TOP] = [210, 150];

/**
 * How much room the labels of a grid need.
 * @param {Grid} grid
 * @returns {Margins}
 */
export function marginsOf(grid) {
  const style = { fill: "", size: LABEL, bold: true }; // as a lit label is
  const left = Math.min(MOST_LEFT, widest(grid.rows.labels, style) + 18);
  const long = Math.min((MOST_TOP - 16) / SINE, widest(grid.columns.labels, style));
  return {
    left: Math.ceil(Math.max(left, 44)),
    top: Math.ceil(Math.max(34, long * SINE + 18)),
    overhang: Math.ceil(long * COSINE + 6),
  };
}

/**
 * @param {string[]} labels
 * @param {import("./surface.js").TextStyle} style
 */
function widest(labels, style) {
  const longest = [...new Set(labels)].sort((a, b) => b.length - a.length).slice(0, 20);
  return Math.max(...longest.map((label) => textWidth(label.slice(0, 80), style)));
}

/** @param {Surface} surface @param {Frame} frame @param {Window} seen */
export function paintColumnLabels(surface, frame, seen) {
  const { margins, cellWidth, inks } = frame;
  const step = Math.max(1, Math.ceil((LABEL * 1.35) / cellWidth / SINE));
  const room = (margins.top - 16) / SINE;
  const style = { size: LABEL, angle: -SLANT };
  surface.clipped(
    margins.left - 6,
    0,
    Math.max(0, frame.width - margins.left + 6),
    margins.top,
    () => {
      for (let place = seen.first; place < seen.end; place++) {
        const column = frame.order[place];
        const lit = frame.litColumns.has(column);
        const beside = tooClose(frame, place, step);
        if ((place % step !== 0 || beside) && !lit) continue;
        const x = leftOf(frame, place) + cellWidth / 2;
        const written = { ...style, fill: lit ? inks.accent : inks.ink, bold: lit };
        const label = fitted(frame.grid.columns.labels[column], room, written);
        surface.text(label, x, margins.top - 9, written);
      }
    },
  );
}

/**
 * Whether a label would touch that of a lit column, which is always written.
 * @param {Frame} frame
 * @param {number} place
 * @param {number} step
 */
function tooClose({ order, litColumns }, place, step) {
  for (let other = place - step + 1; other < place + step; other++)
    if (litColumns.has(order[other])) return true;
  return false;
}

/** @param {Surface} surface @param {Frame} frame @param {Window} seen */
export function paintRowLabels(surface, frame, seen) {
  const { margins, cellHeight, inks, grid } = frame;
  let step = Math.max(1, Math.ceil((LABEL * 1.25) / cellHeight));
  if (isUpward(grid) && step > 1) step += step % 2; // so that ticks stand at odd layers
  const room = margins.left - 18;
  const high = Math.max(0, frame.height - margins.top + 6);
  surface.clipped(0, margins.top - 6, margins.left, high, () => {
    for (let line = seen.top; line < seen.bottom; line++) {
      const row = flipped(grid, line);
      const lit = frame.litRows.has(row);
      const beside = [...frame.litRows].some((other) => Math.abs(row - other) < step);
      if ((row % step !== 0 || beside) && !lit) continue;
      const fill = lit ? inks.accent : inks.ink;
      const style = { fill, size: LABEL, bold: lit, align: /** @type {const} */ ("right") };
      const label = fitted(grid.rows.labels[row], room, style);
      surface.text(label, margins.left - 8, topOf(frame, line) + cellHeight / 2, style);
    }
  });
  if (isUpward(grid)) {
    const middle = (margins.top + frame.height) / 2;
    surface.text("layer", 9, middle, {
      fill: inks.muted,
      size: LABEL,
      align: "center",
      angle: -90,
    });
  }
}
