// Deletion and insertion curves of maps, drawn, and the scores that follow from them.

import { drawn, element } from "./dom.js";
import { shortNumber, tickNumber } from "./numbers.js";

/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./data.js").Faithfulness} Faithfulness */

const [WIDTH, HEIGHT, LEFT, BELOW] = [360, 200, 52, 26];
const COLOURS = 6; // classes c0 to c5 of the style sheet

/**
 * The curves of a run: a panel for deletion, one for insertion, and a line of scores for each map.
 * @param {MapData} map
 * @param {Faithfulness} faithfulness
 */
export function curvesOf(map, faithfulness) {
  const names = [...faithfulness.maps.map(({ name }) => name), "random orders"];
  const panels = ["deletion: lower is better", "insertion: higher is better"].map((title, side) =>
    element(
      "figure",
      { class: "curves" },
      element("figcaption", {}, title),
      plot(map, names, side),
    ),
  );
  return element("div", { class: "faithfulness" }, ...panels, scores(faithfulness));
}

/**
 * @param {MapData} map rows are deletion and insertion of each map in turn
 * @param {string[]} names
 * @param {number} side 0 for deletion, 1 for insertion
 */
function plot(map, names, side) {
  const columns = map.columns.labels.length;
  const finite = Array.from(map.values).filter(Number.isFinite);
  const [low, high] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 1];
  const across = (/** @type {number} */ step) =>
    LEFT + (step / Math.max(1, columns - 1)) * (WIDTH - LEFT - 8);
  const up = (/** @type {number} */ value) =>
    HEIGHT - BELOW - ((value - low) / (high - low || 1)) * (HEIGHT - BELOW - 10);
  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  svg.append(drawn("title", {}, `${names.join(", ")}: ln p of the whole answer`));
  for (const value of low === high ? [low] : [low, high]) {
    const y = String(up(value));
    svg.append(
      drawn("line", { class: "axis", x1: String(LEFT), x2: String(WIDTH - 8), y1: y, y2: y }),
      drawn("text", { x: String(LEFT - 6), y, class: "tick end" }, tickNumber(value)),
    );
  }
  for (const step of columns > 1 ? [0, columns - 1] : [0]) {
    const place = { x: String(across(step)), y: String(HEIGHT - 8), class: "tick" };
    svg.append(drawn("text", place, map.columns.labels[step]));
  }
  names.forEach((_, index) => {
    const start = (2 * index + side) * columns;
    const values = Array.from(map.values.slice(start, start + columns));
    for (const points of stretches(values)) {
      const line = points.map(([step, value]) => `${across(step)},${up(value)}`).join(" ");
      svg.append(drawn("polyline", { class: `curve ${colourOf(index, names)}`, points: line }));
    }
  });
  return svg;
}

/**
 * The stretches of a curve that are numbers: it is broken where one is none.
 * @param {number[]} values
 * @returns {[number, number][][]}
 */
export function stretches(values) {
  /** @type {[number, number][][]} */
  const found = [[]];
  values.forEach((value, step) => {
    if (Number.isFinite(value)) found[found.length - 1].push([step, value]);
    else found.push([]);
  });
  return found.filter((points) => points.length > 0);
}

/** @param {Faithfulness} faithfulness */
function scores({ maps, random, error }) {
  const head = ["map", "area", "comprehensiveness", "sufficiency", "halves ρ"];
  const names = [...maps.map(({ name }) => name), "random orders"];
  const rows = maps.map((one) => [
    shortNumber(one.area ?? NaN, true),
    shortNumber(one.comprehensiveness ?? NaN, false),
    shortNumber(one.sufficiency ?? NaN, false),
    one.agreement === null ? "–" : one.agreement.toFixed(3),
  ]);
  const within = error === null ? "" : ` ± ${shortNumber(error, false)}`;
  rows.push([
    "0",
    `${shortNumber(random ?? NaN, false)}${within}`,
    shortNumber(random ?? NaN, false),
    "–",
  ]);
  const header = head.map((text) => element("th", { scope: "col" }, text));
  const body = rows.map((cells, index) => {
    const key = element("span", { class: `key ${colourOf(index, names)}`, "aria-hidden": "true" });
    const name = element("th", { scope: "row" }, key, names[index]);
    return element("tr", {}, name, ...cells.map((text) => element("td", {}, text)));
  });
  return element(
    "table",
    { class: "scores" },
    element("caption", {}, "Scores, nats of the whole answer; the largest area first"),
    element("thead", {}, element("tr", {}, ...header)),
    element("tbody", {}, ...body),
  );
}

/**
 * @param {number} index
 * @param {string[]} names the last is that of random orders
 */
function colourOf(index, names) {
  return index === names.length - 1 ? "random" : `c${index % COLOURS}`;
}
