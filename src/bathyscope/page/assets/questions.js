// Questions that the page can be asked with one click: each leads to the cell that answers it.

import { button } from "./dom.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./data.js").Question} Question */

/**
 * @param {import("./data.js").PageData} data
 * @param {State} state
 * @param {HTMLElement} root
 */
export function askable(data, state, root) {
  root.append(
    ...data.questions.map((question) =>
      button(question.text, "Show what answers it", () => ask(data, state, question)),
    ),
  );
  root.hidden = data.questions.length === 0;
}

/**
 * @param {import("./data.js").PageData} data
 * @param {State} state
 * @param {Question} question
 */
function ask(data, state, { map, row, column, choose }) {
  const { rows, columns } = data.maps[map];
  const entry =
    choose === "row" ? { link: rows.link, at: row } : { link: columns.link, at: column };
  state.choose({ chosen: state.withChosen(entry), cell: { map, row, column } });
}
