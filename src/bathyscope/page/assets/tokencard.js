// The chosen tokens on a card: what drove them, where they settle, how probable they were.

import { chipColours } from "./stage.js";
import { button, element, factList } from "./dom.js";
import { medianOf } from "./grid.js";
import { decimalsFor, share, shortNumber } from "./numbers.js";
import { Scrubber } from "./scrubber.js";
import { positionsOf } from "./state.js";
import { rowsOf, sumsOf } from "./textpaint.js";

/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./data.js").Text} Text */
/** @typedef {import("./dom.js").Facts} Facts */
/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Entry} Entry */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./stage.js").Coloured} Coloured */

const DRIVERS = 4; // parts that are named

export class TokenCard {
  /**
   * @param {import("./data.js").PageData} data
   * @param {State} state
   * @param {Stage[]} stages
   * @param {HTMLElement} root
   */
  constructor(data, state, stages, root) {
    this.data = data;
    this.state = state;
    this.stages = stages;
    this.root = root;
    this.title = element("h2", { id: "token-heading" });
    this.place = element("p", { class: "kind" });
    this.facts = element("div", { class: "known" });
    this.drivers = element("div", { class: "drivers" });
    this.scrubber = new Scrubber(state);
    root.append(this.title, this.place, this.facts, this.drivers, this.scrubber.root);
  }

  /** The text whose tokens are on the card: that of the map under the cursor, or the first. */
  text() {
    const { cell } = this.state.choices;
    const index = cell ? this.data.maps[cell.map].text : null;
    return this.data.texts[index ?? 0];
  }

  show() {
    const text = this.text();
    this.root.hidden = !text;
    if (!text) return;
    const chosen = this.state.choices.chosen.find(({ link }) => link === text.answer);
    const positions = chosen ? positionsOf(chosen) : [];
    this.title.replaceChildren(headline(text, positions));
    this.place.textContent = placeText(text, positions);
    this.facts.replaceChildren(factList(this.known(text, positions)));
    this.showDrivers(text, positions);
    const deep = this.shown(({ grid }) => grid.map.depth && grid.map.columns.link === text.answer);
    this.scrubber.show(deep && positions.length === 1 ? deep : null, positions[0]);
  }

  /**
   * The first coloured grid of which something holds, that under the cursor before others.
   * @param {(one: Coloured) => unknown} wanted
   */
  shown(wanted) {
    const { cell } = this.state.choices;
    const own = this.stages.flatMap((stage) => stage.shown()).filter(wanted);
    return own.find(({ grid }) => grid.map.index === cell?.map) ?? own[0] ?? null;
  }

  /**
   * @param {Text} text
   * @param {number[]} positions
   * @returns {Facts}
   */
  known(text, positions) {
    const own = this.data.maps.filter(({ rows, columns }) =>
      [rows.link, columns.link].includes(text.answer),
    );
    const evidence = own.find((map) => map.evidence)?.evidence;
    const depth = own.find((map) => map.depth)?.depth;
    // Room for all that can be known of a token, so that what is below never moves.
    this.facts.style.minHeight = `${1.45 * (2 * Number(Boolean(evidence)) + Number(Boolean(depth)))}rem`;
    if (positions.length === 0) return [];
    return [
      ...(evidence ? probabilityFacts(evidence, positions) : []),
      ...(depth ? depthFacts(depth, positions) : []),
    ];
  }

  /** @param {Text} text @param {number[]} positions */
  showDrivers(text, positions) {
    const found = this.shown(
      ({ grid }) =>
        grid.map.attribution &&
        grid.columns.link === text.features &&
        (positions.length === 0 || grid.rows.link === text.answer),
    );
    this.drivers.replaceChildren(...(found ? driversOf(found, positions, this.state) : []));
  }
}

/** @param {Text} text @param {number[]} positions */
function headline(text, positions) {
  if (positions.length === 0) return "The whole answer";
  return element(
    "code",
    {},
    positions
      .map((at) => text.tokens[at] ?? "")
      .join("")
      .trim() || "␣",
  );
}

/** @param {Text} text @param {number[]} positions */
function placeText({ tokens }, positions) {
  const [first, last] = [positions[0] + 1, positions[positions.length - 1] + 1];
  if (positions.length === 0) return "no token is chosen";
  if (positions.length === 1) return `token ${first} of ${tokens.length}`;
  return `${positions.length} tokens, ${first} to ${last} of ${tokens.length}, summed`;
}

/**
 * @param {import("./data.js").Evidence} evidence
 * @param {number[]} positions
 * @returns {Facts}
 */
function probabilityFacts({ probabilities, ranks, greedy, greedyProbabilities }, positions) {
  if (positions.length > 1) {
    const together = positions.reduce((product, at) => product * probabilities[at], 1);
    return [["probability of all", share(together)]];
  }
  const [at] = positions;
  /** @type {Facts} */
  const facts = [["probability", `${share(probabilities[at])}, rank ${ranks[at]}`]];
  if (ranks[at] > 1)
    facts.push(["runner-up", `${greedy[at]} was ahead (${share(greedyProbabilities[at])})`]);
  return facts;
}

/**
 * @param {import("./data.js").Depth} depth
 * @param {number[]} positions
 * @returns {Facts}
 */
function depthFacts({ settling, layers, deepLayer }, positions) {
  const own = positions.map((at) => settling[at]);
  const deep = own.filter((layer) => layer >= deepLayer).length;
  const median = `${medianOf(own)} of ${layers}`;
  if (own.length === 1) return [["settles at layer", deep ? `${median}, deep` : median]];
  return [
    ["median settling layer", median],
    ["deep tokens", `${deep} of ${own.length}`],
  ];
}

/**
 * The parts that did most to the chosen tokens together, and what the others come to.
 * @param {Coloured} coloured
 * @param {number[]} positions
 * @param {State} state
 */
function driversOf({ grid, scale, table }, positions, state) {
  const { values, margins } = sumsOf(grid, rowsOf(grid, positions));
  const ranked = [...values.keys()]
    .filter((column) => !Number.isNaN(values[column]))
    .sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
  const largest = Math.abs(values[ranked[0]] ?? 0) || 1;
  const list = element("ol", { class: "ranked" });
  for (const column of ranked.slice(0, DRIVERS)) {
    const value = values[column];
    const bar = element("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${(100 * Math.abs(value)) / largest}%`;
    bar.style.background = chipColours(scale, table, value).background;
    const entry = { link: grid.columns.link, at: grid.columns.first[column] };
    const choose = button(grid.columns.labels[column], "What did it drive?", () =>
      state.choose({ chosen: state.withChosen(entry) }),
    );
    const number = within(grid, value, margins?.[column], positions.length > 1);
    const track = element("span", { class: "track" }, bar);
    list.append(element("li", {}, choose, track, element("span", { class: "share" }, number)));
  }
  return [
    element("h3", {}, drivingHeading(grid, margins)),
    list,
    ...othersOf(grid, ranked, values, margins),
  ];
}

/** @param {Grid} grid @param {Float64Array | null} margins */
function drivingHeading({ map }, margins) {
  const unit = map.quantity.unit || map.quantity.name;
  return `What drove it, ${unit}${margins ? "; ± half a 95 % interval" : ""}`;
}

/**
 * What the parts that are not named come to.
 * @param {Grid} grid
 * @param {number[]} ranked
 * @param {Float64Array} values
 * @param {Float64Array | null} margins
 */
function othersOf(grid, ranked, values, margins) {
  const others = ranked.slice(DRIVERS);
  if (others.length === 0) return [];
  const sum = others.reduce((total, column) => total + values[column], 0);
  const margin = margins && others.reduce((total, column) => total + margins[column], 0);
  const parts = others.length === 1 ? "other part" : "other parts together";
  const number = within(grid, sum, margin ?? undefined, others.length > 1);
  return [element("p", { class: "hint" }, `${others.length} ${parts} ${number}`)];
}

/**
 * A value with half its interval.
 * @param {Grid} grid
 * @param {number} value
 * @param {number | undefined} margin
 * @param {boolean} atMost whether that is an upper bound
 */
function within(grid, value, margin, atMost) {
  const decimals = decimalsFor(margin ?? 0);
  const number = shortNumber(value, grid.map.quantity.neutral !== null, decimals);
  return margin ? `${number} ± ${atMost ? "≤ " : ""}${margin.toFixed(decimals)}` : number;
}
