// How the text is coloured: by what drove a token, by what a part drove, by depth.

import { tableOf } from "./colours.js";
import { scaleOf } from "./scale.js";

/** @typedef {import("./data.js").PageData} PageData */
/** @typedef {import("./data.js").Text} Text */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./colours.js").Table} Table */
/**
 * How a side of the text is coloured.
 * @typedef {{link: string, why: string, unit: string, scale: Scale, table: Table,
 *   value: (at: number) => number}} Paint
 */

export class TextPaint {
  /**
   * @param {PageData} data
   * @param {State} state
   * @param {Text} text
   * @param {Stage[]} stages
   */
  constructor(data, state, text, stages) {
    this.data = data;
    this.state = state;
    this.text = text;
    this.stages = stages;
  }

  /**
   * The colours of prompt and answer, where they have any.
   * @param {boolean} dark
   * @returns {Paint[]}
   */
  all(dark) {
    return [this.prompt(dark), this.answer(dark)].filter((paint) => paint !== null);
  }

  /** Stage and grid of the attribution map to read, the one under the cursor first. */
  attribution() {
    const { cell } = this.state.choices;
    const own = this.stages.flatMap((stage) =>
      stage.grids
        .filter((grid) => grid.map.attribution && grid.columns.link === this.text.features)
        .map((grid) => ({ stage, grid })),
    );
    return own.find(({ grid }) => grid.map.index === cell?.map) ?? own[0];
  }

  /**
   * What drove the chosen token, or with none chosen, the whole answer.
   * @param {boolean} dark
   * @returns {Paint | null}
   */
  prompt(dark) {
    const found = this.attribution();
    if (!found || this.state.chosenAt(this.text.features) >= 0) return null;
    const { stage, grid } = found;
    const { map, columns, rows, values } = grid;
    const link = columns.link;
    const unit = map.quantity.unit;
    const chosen = this.state.chosenAt(rows.link);
    if (chosen >= 0) {
      const row = rows.of[chosen] ?? 0;
      const why = `Prompt: what drove ${rows.labels[row]} (${place(rows, row)})`;
      const value = (/** @type {number} */ at) =>
        values[row * columns.labels.length + columns.of[at]];
      return { link, why, unit, scale: stage.scale, table: stage.table, value };
    }
    const whole = /** @type {import("./data.js").Attribution} */ (map.attribution).whole;
    const scale = scaleOf(
      { ...map.quantity, bounds: null },
      [{ ...grid, values: whole }],
      stage.scale.linear !== null,
    );
    const table = tableOf(this.data, stage.palette(), dark);
    return {
      link,
      why: "Prompt: what each part did to the whole answer",
      unit,
      scale,
      table,
      value: (at) => whole[at],
    };
  }

  /**
   * What the chosen part drove, or else how deep each token settles.
   * @param {boolean} dark
   * @returns {Paint | null}
   */
  answer(dark) {
    const found = this.attribution();
    const chosen = this.state.chosenAt(this.text.features);
    if (found && chosen >= 0) {
      const { stage, grid } = found;
      if (grid.rows.link !== this.text.answer) return null;
      const { columns, rows, values } = grid;
      const column = columns.of[chosen] ?? 0;
      const why = `Answer: what ${columns.labels[column]} drove`;
      const value = (/** @type {number} */ at) =>
        values[rows.of[at] * columns.labels.length + column];
      return {
        link: rows.link,
        why,
        unit: grid.map.quantity.unit,
        scale: stage.scale,
        table: stage.table,
        value,
      };
    }
    const depth = this.data.maps.find(
      (map) => map.depth && map.columns.link === this.text.answer,
    )?.depth;
    if (!depth) return null;
    const scale = { low: 1, high: depth.layers, middle: null, linear: null };
    const table = tableOf(this.data, this.data.sequential, dark);
    const why = `Answer: the layer, of ${depth.layers}, at which each token settles`;
    return {
      link: this.text.answer,
      why,
      unit: "",
      scale,
      table,
      value: (at) => depth.settling[at],
    };
  }
}

/**
 * @param {import("./grid.js").Side} side
 * @param {number} entry
 */
function place(side, entry) {
  return `${side.name} ${entry + 1} of ${side.labels.length}`;
}
