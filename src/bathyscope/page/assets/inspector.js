// What is known of the cell that is pointed at, or that the cursor is on.

import { element } from "./dom.js";
import { exactNumber, share, shortNumber } from "./numbers.js";
import { chipColours } from "./stage.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Cell} Cell */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./grid.js").Grid} Grid */
/** @typedef {[string, string][]} Facts */

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
    const { stage, grid } = found;
    const [row, column] = [grid.rows.of[cell.row], grid.columns.of[cell.column]];
    const value = grid.values[row * grid.columns.labels.length + column];
    this.root.replaceChildren(
      element("div", {}, headingOf(grid, row, column), valueOf(stage, grid, value)),
      listOf(factsOf(grid, cell, row, column)),
      ...saidBy(grid, cell, row),
    );
    if (what === "view" && this.started) this.say(stage, grid, row, column, value);
    this.started = true;
  }

  /** @param {Cell} cell */
  found(cell) {
    for (const stage of this.stages) {
      const grid = stage.grids.find((one) => one.map.index === cell.map);
      if (!grid) continue;
      const inside =
        grid.rows.of[cell.row] !== undefined && grid.columns.of[cell.column] !== undefined;
      return inside ? { stage, grid } : null;
    }
    return null;
  }

  /**
   * @param {Stage} stage
   * @param {Grid} grid
   * @param {number} row
   * @param {number} column
   * @param {number} value
   */
  say(stage, grid, row, column, value) {
    const number = shortNumber(value, stage.scale.middle !== null);
    const unit = grid.map.quantity.unit;
    this.spoken.textContent =
      `${grid.rows.name} ${grid.rows.labels[row]}, ${grid.columns.name} ` +
      `${grid.columns.labels[column]}: ${number} ${unit}`;
  }
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

/** @param {Stage} stage @param {Grid} grid @param {number} value */
function valueOf(stage, grid, value) {
  const number = shortNumber(value, stage.scale.middle !== null);
  const shown = element(
    "div",
    { class: "value" },
    element("strong", {}, number),
    ` ${grid.map.quantity.unit}`,
  );
  if (Number.isNaN(value)) return shown;
  const chip = element("span", { class: "chip", "aria-hidden": "true" });
  chip.style.background = chipColours(stage.scale, stage.table, value).background;
  shown.prepend(chip);
  return shown;
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
  /** @type {Facts} */
  const facts = [["exactly", exactNumber(grid.values[index], grid.values instanceof Float32Array)]];
  if (grid.merged) facts.push(["is", map.depth ? "the mean over its tokens" : "a sum of cells"]);
  facts.push(...errorFacts(grid, index));
  if (map.attribution && grid.rows.labels.length === map.rows.labels.length) {
    const { all, none, gap } = map.attribution;
    facts.push(["all parts present", shortNumber(all[row], false)]);
    facts.push(["no part present", shortNumber(none[row], false)]);
    if (!Number.isNaN(gap[row])) facts.push(["gap of the row", gap[row].toExponential(1)]);
  }
  if (map.depth) {
    const settled = grid.settling?.[column] ?? 0;
    const deep = settled >= map.depth.deepLayer ? ", deep" : "";
    facts.push(["settles at layer", `${settled} of ${map.depth.layers}${deep}`]);
  }
  facts.push(...tokenFacts(grid, cell));
  return facts;
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
  const most = grid.merged ? "≤ " : "";
  /** @type {Facts} */
  const facts = [["standard error", `${most}${grid.error[index].toFixed(4)}`]];
  const unvaried = (grid.unvaried?.[index] ?? 0) > 0;
  if (unvaried && !grid.merged) facts[0][1] = "unknown: not seen to vary among the samples";
  const margin = grid.margin?.[index];
  if (margin === undefined) return facts;
  const value = grid.values[index];
  const ends = [value - margin, value + margin].map((end) => shortNumber(end, true));
  facts.push([grid.merged ? "interval, at least 95 %" : "95 % interval", ends.join(" to ")]);
  if (unvaried) facts.push(["", "the interval is an upper bound on what samples may have missed"]);
  if (Math.abs(value) <= margin) facts.push(["", "the interval covers 0"]);
  return facts;
}

/** @param {Facts} facts */
function listOf(facts) {
  const list = element("dl");
  for (const [name, value] of facts) list.append(element("dt", {}, name), element("dd", {}, value));
  return list;
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
