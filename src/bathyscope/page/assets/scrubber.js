// Layer by layer: what the layers would say at a token, and how probable each candidate is there.

import { drawn, element } from "./dom.js";
import { share } from "./numbers.js";
import { stretches } from "./curves.js";

/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./data.js").Top} Top */
/** @typedef {import("./stage.js").Coloured} Coloured */
/** @typedef {{label: string, by: number[]}} Candidate probabilities by layer, NaN where not known */

const CANDIDATES = 5;
const LATEST = 2; // of them, of the last layer
const [ACROSS, UP] = [260, 96];

export class Scrubber {
  /** @param {import("./state.js").State} state */
  constructor(state) {
    this.state = state;
    /** @type {{map: MapData, column: number} | null} */
    this.of = null;
    this.chart = drawn("svg", { viewBox: `0 0 ${ACROSS} ${UP}`, "aria-hidden": "true" });
    this.slider = element("input", { type: "range", min: "1", "aria-label": "Layer" });
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.said = element("ol", { class: "candidates" });
    this.title = element("h3");
    this.root = element(
      "div",
      { class: "scrubber" },
      this.title,
      this.chart,
      this.slider,
      this.said,
    );
  }

  /**
   * Show the layers of a token, at the cursor's where it is in the same map.
   * @param {Coloured | null} deep
   * @param {number} column
   */
  show(deep, column) {
    const map = deep?.grid.map ?? null;
    const top = map?.depth?.top ?? null;
    this.root.hidden = !map?.depth;
    if (!map?.depth) return;
    this.of = { map, column };
    const { cell } = this.state.choices;
    const count = map.rows.labels.length;
    const own = cell?.map === map.index && cell.column === column;
    const row = own ? cell.row : Math.min(count, map.depth.settling[column]) - 1;
    this.slider.max = String(count);
    this.slider.value = String(row + 1);
    this.slider.setAttribute("aria-valuetext", `layer ${row + 1} of ${map.depth.layers}`);
    this.title.textContent = `Layer ${row + 1} of ${map.depth.layers}`;
    if (!top) {
      const divergence = map.values[row * map.columns.labels.length + column];
      const bits = `${divergence.toFixed(4)} bits from the last layer`;
      const more = "computed with --top-k, a run also tells what each layer would say";
      this.said.replaceChildren(element("li", { class: "hint" }, `${bits}; ${more}.`));
      this.chart.setAttribute("hidden", "");
      return;
    }
    const candidates = candidatesAt(map, top, column);
    this.chart.replaceChildren(...linesOf(candidates, row, count));
    this.said.replaceChildren(...candidates.map((one, index) => sayOf(one, index, row)));
  }

  /** Put the cursor on a layer. @param {number} layer */
  go(layer) {
    if (!this.of) return;
    const { map, column } = this.of;
    this.state.choose({ cell: { map: map.index, row: layer - 1, column } });
  }
}

/**
 * The tokens that layers would say: of the last layer the most probable, of all layers those that
 * held the most probability.
 * @param {MapData} map
 * @param {Top} top
 * @param {number} column
 * @returns {Candidate[]}
 */
function candidatesAt(map, top, column) {
  const rows = map.rows.labels.length;
  /** @type {Map<number, Candidate>} */
  const found = new Map();
  for (let row = 0; row < rows; row++) {
    const start = (row * map.columns.labels.length + column) * top.each;
    for (let i = start; i < start + top.each; i++) {
      const token = top.tokens[i];
      const known = found.get(token) ?? { label: top.labels[token], by: Array(rows).fill(NaN) };
      known.by[row] = top.probabilities[i];
      found.set(token, known);
    }
  }
  /** @param {Candidate} candidate */
  const held = ({ by }) => by.reduce((sum, part) => sum + (Number.isNaN(part) ? 0 : part), 0);
  /** @param {Candidate} candidate */
  const last = ({ by }) => by[rows - 1] || 0;
  const every = [...found.values()].sort((a, b) => held(b) - held(a));
  const latest = [...every].sort((a, b) => last(b) - last(a)).slice(0, LATEST);
  return [...new Set([...latest, ...every])].slice(0, CANDIDATES);
}

/**
 * @param {Candidate[]} candidates
 * @param {number} row
 * @param {number} count
 */
function linesOf(candidates, row, count) {
  const across = (/** @type {number} */ at) => 4 + (at / Math.max(1, count - 1)) * (ACROSS - 8);
  const up = (/** @type {number} */ part) => UP - 4 - part * (UP - 8);
  const x = String(across(row));
  const here = drawn("line", { class: "axis here", x1: x, x2: x, y1: "0", y2: String(UP) });
  const [left, right, base] = [String(4), String(ACROSS - 4), String(up(0))];
  const axis = drawn("line", { class: "axis", x1: left, x2: right, y1: base, y2: base });
  const lines = candidates.flatMap(({ by }, index) =>
    stretches(by).map((points) => {
      const line = points.map(([at, part]) => `${across(at)},${up(part)}`);
      // A token known at one layer alone is a point: a line of no length with round ends.
      const drawnAs = line.length === 1 ? [line[0], line[0]] : line;
      return drawn("polyline", { class: `curve c${index}`, points: drawnAs.join(" ") });
    }),
  );
  return [here, axis, ...lines];
}

/** @param {Candidate} candidate @param {number} index @param {number} row */
function sayOf({ label, by }, index, row) {
  const key = element("span", { class: `key c${index}`, "aria-hidden": "true" });
  const part = Number.isNaN(by[row]) ? "not among the first" : share(by[row]);
  return element(
    "li",
    {},
    key,
    element("code", {}, label),
    element("span", { class: "share" }, part),
  );
}
