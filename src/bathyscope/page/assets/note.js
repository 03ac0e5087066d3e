// The line below a map: how it was made, and what a reader must know of the cells shown.

import { tickNumber } from "./numbers.js";
import { isBlank } from "./paint.js";

/** @typedef {import("./panel.js").View} View */

/** What a reader must know of the cells shown. @param {View} view */
export function noteOn({ grid, order, scale, look }) {
  const { map } = grid;
  const width = grid.columns.labels.length;
  const given = { threshold: look.threshold, scale };
  let [blank, odd, infinite, faint, pending, cells] = [0, 0, 0, 0, 0, 0];
  for (let start = 0; start < grid.values.length; start += width) {
    for (const column of order) {
      const value = grid.values[start + column];
      cells += 1;
      if (grid.pending?.[start + column]) pending += 1;
      else if (Number.isNaN(value)) odd += 1;
      else if (!Number.isFinite(value)) infinite += 1;
      else if (look.threshold > 0 && isBlank(given, value)) blank += 1;
      else if (look.fade && grid.unsure?.[start + column]) faint += 1;
    }
  }
  const hidden = width - order.length;
  const said = [
    map.caption,
    "no cell is clipped",
    hidden > 0 && `${hidden} of ${width} columns hidden by the filter`,
    blank > 0 && `${blank} of ${cells} cells below the threshold are blank`,
    pending > 0 && `${pending} of ${cells} cells are still being computed`,
    faint > 0 &&
      `${faint} of ${cells} cells are faint: their 95 % interval covers ${tickNumber(scale.middle ?? 0)}`,
    odd > 0 && `struck through: ${odd} ${odd === 1 ? "cell holds" : "cells hold"} no number`,
    infinite > 0 && `${infinite} infinite, in the last colour`,
    grid.merged && (map.depth ? "means over tokens; the line is at their median" : "sums of cells"),
    grid.atMost && grid.error && "standard errors are upper bounds",
    map.rounded && "values rounded to 32 bits; the run keeps all digits",
  ];
  return said.filter(Boolean).join(" · ");
}
