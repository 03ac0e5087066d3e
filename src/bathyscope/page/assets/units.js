// In which units prompt and answer are read, where their axes have coarser ones.

import { select } from "./dom.js";

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
      const coarser = state.unitsOf(over);
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
