// What is known of the cell that is pointed at, or that the cursor is on.

import { groupFacts } from "./depthtable.js";
import { element, factList } from "./dom.js";
import { cellNumber, decimalsOf } from "./grid.js";
import { closeNumber, decimalsFor, share, shortNumber } from "./numbers.js";
import { chipColours } from "./stage.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Cell} Cell */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./stage.js").Coloured} Coloured */
/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {import("./dom.js").Facts} Facts */

export class Inspector {
  /**
   * @param {State} state
   * @param {Stage[]} stages
   * @param {HTMLElement} root
   * @param {HTMLElement} spoken a live region: the cell under the cursor is read out
   */
  constructor(state, stages, root, spoken) {
    this.state = state;
    this.stages = stages;
    this.root = root;
    this.spoken = spoken;
    this.started = false;
  }

  /** @param {"view" | "pointer"} what */
  show(what) {
    const { pointed, choices } = this.state;
    const cell = pointed && "map" in pointed ? pointed : choices.cell;
    const found = cell && this.found(cell);
    if (!cell || !found) {
      this.root.replaceChildren(element("p", { class: "hint" }, "Point at a cell to read it."));
      return;
    }
    const { grid } = found;
    const [row, column] = [grid.rows.of[cell.row], grid.columns.of[cell.column]];
    const index = row * grid.columns.labels.length + column;
    this.root.replaceChildren(
      element("div", {}, headingOf(grid, row, column), valueOf(found, index)),
      factList(factsOf(grid, cell, row, column)),
      ...saidBy(grid, cell, row),
    );
    if (what === "view" && this.started) this.say(grid, row, column, index);
    this.started = true;
  }

  /** A cell's grid and colours, where it is shown. @param {Cell} cell */
  found(cell) {
    const shown = this.stages.flatMap((stage) => stage.shown());
    const own = shown.find(({ grid }) => grid.map.index === cell.map);
    const inside =
      own &&
      own.grid.rows.of[cell.row] !== undefined &&
      own.grid.columns.of[cell.column] !== undefined;
    return inside ? own : null;
  }

  /**
   * @param {Grid} grid
   * @param {number} row
   * @param {number} column
   * @param {number} index
   */
  say(grid, row, column, index) {
    this.spoken.textContent =
      `${grid.rows.name} ${grid.rows.labels[row]}, ${grid.columns.name} ` +
      `${grid.columns.labels[column]}: ${valueText(grid, index)}`;
  }
}

/**
 * A cell with its unit.
 * @param {Grid} grid
 * @param {number} index
 */
export function valueText(grid, index) {
  if (grid.pending?.[index]) return "still being computed";
  return `${cellNumber(grid, index)} ${grid.map.quantity.unit}`.trim();
}

/** @param {Grid} grid @param {number} row @param {number} column */
function headingOf(grid, row, column) {
  const name = grid.map.name;
  return element(
    "div",
    { class: "where" },
    element("span", { class: "map-name" }, name),
    placeLine(grid.rows, row),
    placeLine(grid.columns, column),
  );
}

/** @param {import("./grid.js").Side} side @param {number} at */
function placeLine(side, at) {
  const count = side.name === "layer" ? "" : ` ${at + 1} of ${side.labels.length}`;
  return element(
    "div",
    { class: "entry" },
    element("span", { class: "kind" }, `${side.name}${count}`),
    element("code", {}, side.labels[at]),
  );
}

/** @param {Coloured} coloured @param {number} index */
function valueOf({ grid, scale, table }, index) {
  const number = grid.pending?.[index] ? "…" : cellNumber(grid, index);
  const rest = ` ${grid.map.quantity.unit}${errorText(grid, index)}`;
  const shown = element("div", { class: "value" }, element("strong", {}, number), rest);
  const value = grid.values[index];
  if (Number.isNaN(value)) return shown;
  const chip = element("span", { class: "chip", "aria-hidden": "true" });
  chip.style.background = chipColours(scale, table, value).background;
  shown.prepend(chip);
  return shown;
}

/** Half the 95 % interval. @param {Grid} grid @param {number} index */
function errorText(grid, index) {
  if (!grid.margin) return "";
  return ` ± ${grid.atMost ? "≤ " : ""}${grid.margin[index].toFixed(decimalsOf(grid, index))}`;
}

/**
 * @param {Grid} grid
 * @param {Cell} cell
 * @param {number} row
 * @param {number} column
 * @returns {Facts}
 */
function factsOf(grid, cell, row, column) {
  const index = row * grid.columns.labels.length + column;
  const { map } = grid;
  const value = grid.values[index];
  /** @type {Facts} */
  const facts = [];
  if (!grid.error && Math.abs(value) < 0.01 && value !== 0)
    facts.push(["closer", closeNumber(value)]);
  if (grid.merged) facts.push(["is", map.depth ? "the mean over its tokens" : "a sum of cells"]);
  facts.push(...errorFacts(grid, index));
  if (map.attribution && grid.rows.labels.length === map.rows.labels.length) {
    const { all, none, gap } = map.attribution;
    facts.push(["all parts present", shortNumber(all[row], false)]);
    facts.push(["no part present", shortNumber(none[row], false)]);
    if (Math.abs(gap[row]) >= 0.0001) facts.push(["gap of the row", shortNumber(gap[row], true)]);
  }
  if (map.groups) facts.push(...groupFacts(map.groups, column));
  if (map.depth) facts.push(...settlingFacts(grid, column, map.depth));
  facts.push(...tokenFacts(grid, cell));
  return facts;
}

/**
 * @param {Grid} grid
 * @param {number} column
 * @param {import("./data.js").Depth} depth
 * @returns {Facts}
 */
export function settlingFacts(grid, column, depth) {
  const settled = grid.settling?.[column] ?? 0;
  const { deep, tokens } = grid.deep?.[column] ?? { deep: 0, tokens: 1 };
  const of = `${settled} of ${depth.layers}`;
  if (tokens === 1) return [["settles at layer", deep ? `${of}, deep` : of]];
  return [
    ["median settling layer", of],
    ["deep tokens", `${deep} of ${tokens}`],
  ];
}

/**
 * How probable the token was, where an entry of the grid is one token and the run knows it.
 * @param {Grid} grid
 * @param {Cell} cell
 * @returns {Facts}
 */
function tokenFacts(grid, cell) {
  const known = grid.map.evidence;
  if (!known || grid[known.along].name !== grid.map[known.along].name) return [];
  const at = known.along === "rows" ? cell.row : cell.column;
  const rank = known.ranks[at];
  /** @type {Facts} */
  const facts = [["the token's probability", `${share(known.probabilities[at])}, rank ${rank}`]];
  if (rank > 1) {
    const other = `${known.greedy[at]} (${share(known.greedyProbabilities[at])})`;
    facts.push(["most probable here", other]);
  }
  return facts;
}

/** @param {Grid} grid @param {number} index @returns {Facts} */
function errorFacts(grid, index) {
  if (!grid.error) return grid.map.attribution ? [["standard error", "not sampled"]] : [];
  const decimals = decimalsOf(grid, index);
  const most = grid.atMost ? "≤ " : "";
  const error = grid.error[index];
  /** @type {Facts} */
  const facts = [["standard error", `${most}${error.toFixed(decimalsFor(error))}`]];
  const unvaried = (grid.unvaried?.[index] ?? 0) > 0;
  if (unvaried && !grid.merged) facts[0][1] = "unknown: not seen to vary among the samples";
  const margin = grid.margin?.[index];
  if (margin === undefined) return facts;
  const value = grid.values[index];
  const ends = [value - margin, value + margin].map((end) => shortNumber(end, true, decimals));
  facts.push([grid.atMost ? "interval, at least 95 %" : "95 % interval", ends.join(" to ")]);
  if (unvaried) facts.push(["", "the interval is an upper bound on what samples may have missed"]);
  if ((grid.shared?.[index] ?? 0) > 0)
    facts.push(["", "not measured by itself: an even share of the value of its group of features"]);
  if (Math.abs(value) <= margin) facts.push(["", "the interval covers 0"]);
  return facts;
}

/**
 * What the layer would have said, where the run holds it and a column is one token.
 * @param {Grid} grid
 * @param {Cell} cell
 * @param {number} row
 */
function saidBy(grid, cell, row) {
  const top = grid.map.depth?.top;
  if (!top) return [];
  if (grid.merged)
    return [element("p", { class: "hint" }, "What a layer would say is known token by token.")];
  const start = (cell.row * grid.map.columns.labels.length + cell.column) * top.each;
  const list = element("ol", { class: "top" });
  for (let i = start; i < start + top.each; i++) {
    const part = top.probabilities[i];
    const bar = element("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${(100 * part).toFixed(1)}%`;
    list.append(
      element(
        "li",
        {},
        element("code", {}, top.labels[top.tokens[i]]),
        element("span", { class: "track" }, bar),
        element("span", { class: "share" }, share(part)),
      ),
    );
  }
  const heading = element("h3", {}, `Layer ${grid.rows.labels[row]} would say here`);
  return [element("div", {}, heading, list)];
}
