// In which units prompt and answer are read, where their axes have coarser ones.

import { select } from "./dom.js";
import { mergeable } from "./grid.js";
import { UNITS } from "./state.js";

/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./state.js").State} State */
/** @typedef {"prompt" | "answer"} Over */

/** @type {Record<Over, [string, string]>} */
const NAMES = { answer: ["Answer in", "tokens"], prompt: ["Prompt in", "features"] };

export class UnitFields {
  /**
   * @param {State} state
   * @param {HTMLElement} root
   */
  constructor(state, root) {
    this.state = state;
    /** @type {Map<Over, HTMLSelectElement>} */
    this.fields = new Map();
    for (const over of /** @type {Over[]} */ (["answer", "prompt"])) {
      const coarser = UNITS.filter((unit) => has(state.maps, over, unit));
      if (coarser.length === 0) continue;
      const [label, fine] = NAMES[over];
      /** @type {[string, string][]} */
      const options = [
        ["", fine],
        ...coarser.map((unit) => /** @type {[string, string]} */ ([unit, `${unit}s`])),
      ];
      const { field, made } = select(label, options, "", (unit) => this.choose(over, unit));
      this.fields.set(over, made);
      root.append(field);
    }
  }

  /** @param {Over} over @param {string} unit */
  choose(over, unit) {
    this.state.choose({ units: { ...this.state.choices.units, [over]: unit } });
  }

  show() {
    for (const [over, made] of this.fields) made.value = this.state.choices.units[over];
  }
}

/** @param {MapData[]} maps @param {Over} over @param {string} unit */
function has(maps, over, unit) {
  const axes = maps.filter(mergeable).flatMap((map) => [map.rows, map.columns]);
  return axes.some((axis) => axis.over === over && unit in axis.units);
}
