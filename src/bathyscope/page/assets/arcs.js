// A chain in its text: passages from top to bottom, arcs from what is chosen to what it owes.

import { drawn, element } from "./dom.js";
import { shortNumber } from "./numbers.js";

/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./data.js").Chain} Chain */
/** @typedef {import("./state.js").State} State */
/** @typedef {{from: number, to: number, value: number, owed: boolean}} Arc */

const GUTTER = 96; // of the gutter that arcs are drawn in
const THICKEST_ARC = 7;

export class Arcs {
  /**
   * @param {State} state
   * @param {MapData} map
   * @param {Chain} chain
   */
  constructor(state, map, chain) {
    this.state = state;
    this.map = map;
    this.chain = chain;
    this.columns = map.columns.labels.length;
    this.rows = map.rows.labels.length;
    /** The passage that the first row is. */
    this.first = this.columns - this.rows + 1;
    this.chosen = this.columns;
    this.svg = drawn("svg", { class: "arcs", "aria-hidden": "true" });
    /** @type {HTMLElement[]} */
    this.passages = [];
    /** @type {HTMLElement[]} */
    this.amounts = [];
    this.text = element("div", { class: "passages", dir: "auto" });
    this.fill();
    this.body = element("div", { class: "chain" }, this.svg, this.text);
    this.legend = element("p", { class: "explained" });
    this.root = element("div", { class: "strip" }, this.legend, this.body);
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.text);
  }

  fill() {
    for (const { text, passage, depth } of this.chain.pieces) {
      if (passage === null) {
        this.text.append(element("span", { class: "between" }, text));
        continue;
      }
      const amount = element("span", { class: "owed" });
      const made = element(
        "div",
        {
          class: `passage ${this.kindOf(passage)}`,
          role: "button",
          tabindex: passage === this.columns ? "0" : "-1",
          "aria-pressed": "false",
        },
        element("span", {}, text),
        element("span", { class: "depth" }, depth ?? ""),
        amount,
      );
      made.dataset.passage = String(passage);
      this.passages[passage] = made;
      this.amounts[passage] = amount;
      this.text.append(made);
    }
  }

  /** @param {number} passage */
  kindOf(passage) {
    if (passage === this.columns) return "answer";
    return passage < this.chain.parts ? "part" : "step";
  }

  listen() {
    this.text.addEventListener("click", (event) => this.choose(passageOf(event.target)));
    this.text.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** Choose a passage, and with it the row of the map that it is. @param {number} passage */
  choose(passage) {
    if (passage < 0) return;
    this.chosen = passage;
    const row = passage - this.first;
    if (row < 0) {
      this.state.choose({ cell: { map: this.map.index, row: this.rows - 1, column: passage } });
      return;
    }
    this.state.choose({ cell: { map: this.map.index, row, column: this.largestOf(row) } });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const at = passageOf(event.target);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    /** @type {Record<string, number>} */
    const ways = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.columns };
    if (event.key === "Enter" || event.key === " ") this.choose(at);
    else if (event.key in ways) {
      const next = this.passages[Math.max(0, Math.min(this.columns, ways[event.key]))];
      for (const other of this.passages) other.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} row */
  largestOf(row) {
    const own = this.map.values.slice(row * this.columns, (row + 1) * this.columns);
    let best = 0;
    own.forEach((value, at) => {
      if (Number.isNaN(own[best]) || Math.abs(value) > Math.abs(own[best])) best = at;
    });
    return best;
  }

  /** Follow the cursor in the map, and show what is chosen. */
  paint() {
    const { cell } = this.state.choices;
    const chosenRow = this.chosen - this.first;
    if (cell?.map === this.map.index && chosenRow >= 0 && cell.row !== chosenRow) {
      this.chosen = this.first + cell.row;
    }
    this.passages.forEach((passage, at) => {
      passage.setAttribute("aria-pressed", String(at === this.chosen));
    });
    const arcs = this.arcs();
    const unit = this.map.quantity.unit;
    this.amounts.forEach((amount, at) => {
      const arc = arcs.find((one) => (one.owed ? one.from : one.to) === at);
      const own = arc && Number.isFinite(arc.value) ? unit : "";
      amount.textContent = arc ? `${shortNumber(arc.value, true)} ${own}`.trim() : "";
    });
    this.legend.textContent = this.said();
    this.draw();
  }

  said() {
    const chosen = this.passages[this.chosen].firstElementChild?.textContent ?? "";
    const short = chosen.length > 60 ? `${chosen.slice(0, 59)}…` : chosen;
    const from = this.chosen >= this.first ? "what it owes to each passage before it" : "";
    const to = this.chosen < this.columns ? "what each later one owes to it" : "";
    const both = [from, to].filter((part) => part).join(", and ");
    return `Chosen: “${short}”. Arcs and numbers: ${both} (${this.map.quantity.legend}).`;
  }

  /** The arcs of what is chosen. @returns {Arc[]} */
  arcs() {
    /** @type {Arc[]} */
    const found = [];
    const row = this.chosen - this.first;
    for (let column = 0; row >= 0 && column < this.chosen; column++) {
      const value = this.map.values[row * this.columns + column];
      found.push({ from: column, to: this.chosen, value, owed: true });
    }
    for (let other = 0; this.chosen < this.columns && other < this.rows; other++) {
      const to = this.first + other;
      const value = this.map.values[other * this.columns + this.chosen];
      if (to > this.chosen) found.push({ from: this.chosen, to, value, owed: false });
    }
    return found;
  }

  draw() {
    const arcs = this.arcs().filter(({ value }) => Number.isFinite(value) && value !== 0);
    const largest = Math.max(...arcs.map(({ value }) => Math.abs(value)), 1e-300);
    const height = this.text.offsetHeight;
    this.svg.setAttribute("viewBox", `0 0 ${GUTTER} ${Math.max(1, height)}`);
    this.svg.setAttribute("height", String(height));
    this.svg.setAttribute("width", String(GUTTER));
    this.svg.replaceChildren(...arcs.map((arc) => this.path(arc, Math.abs(arc.value) / largest)));
  }

  /**
   * @param {Arc} arc
   * @param {number} share of the largest
   */
  path({ from, to, value, owed }, share) {
    const [begin, end] = [from, to].map((at) => {
      const { offsetTop, offsetHeight } = this.passages[at];
      return offsetTop + offsetHeight / 2;
    });
    const out = GUTTER - 10 - (GUTTER - 20) * Math.min(1, 0.15 + (to - from) / (this.columns + 1));
    const made = drawn("path", {});
    const edge = GUTTER - 4;
    made.setAttribute("d", `M ${edge} ${begin} C ${out} ${begin}, ${out} ${end}, ${edge} ${end}`);
    made.setAttribute("stroke-width", String(0.5 + (THICKEST_ARC - 0.5) * share));
    made.setAttribute("class", `${value < 0 ? "opposes" : "supports"} ${owed ? "owed" : "given"}`);
    made.dataset.from = String(from);
    made.dataset.to = String(to);
    return made;
  }
}

/**
 * The chains of some maps, each with its text.
 * @param {State} state
 * @param {MapData[]} maps
 */
export function chainsOf(state, maps) {
  return maps.flatMap((map) => (map.chain ? [new Arcs(state, map, map.chain)] : []));
}

/** @param {EventTarget | null} target */
function passageOf(target) {
  const made = target instanceof Element ? target.closest("[data-passage]") : null;
  return made instanceof HTMLElement ? Number(made.dataset.passage) : -1;
}
