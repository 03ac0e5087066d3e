// On a narrow screen what is known of the choice is one line at the bottom, which opens as a sheet.

import { button, element } from "./dom.js";
import { valueText } from "./inspector.js";

/** @typedef {import("./state.js").State} State */

export class Sheet {
  /**
   * @param {State} state
   * @param {import("./stage.js").Stage[]} stages
   * @param {HTMLElement} aside
   */
  constructor(state, stages, aside) {
    this.state = state;
    this.stages = stages;
    this.aside = aside;
    this.line = element("span", { class: "told" });
    this.open = button("", "", () => this.toggle());
    this.open.className = "open";
    this.open.append(this.line, element("span", { class: "arrow", "aria-hidden": "true" }, "▴"));
    this.open.removeAttribute("title");
    this.chosen = JSON.stringify(state.choices.chosen);
    aside.prepend(this.open);
    this.toggle(false);
    aside.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.isOpen()) return;
      event.stopPropagation();
      this.toggle(false);
      this.open.focus();
    });
  }

  isOpen() {
    return this.aside.classList.contains("opened");
  }

  /** @param {boolean} [open] */
  toggle(open = !this.isOpen()) {
    this.aside.classList.toggle("opened", open);
    this.open.setAttribute("aria-expanded", String(open));
  }

  /** Show the cell in a line; a token that is chosen in the text opens its card. */
  show() {
    const chosen = JSON.stringify(this.state.choices.chosen);
    const inText = document.activeElement?.closest("#strips");
    if (chosen !== this.chosen && inText && this.state.choices.chosen.length) this.toggle(true);
    this.chosen = chosen;
    this.line.textContent = this.said();
  }

  said() {
    const { cell } = this.state.choices;
    const shown = this.stages.flatMap((stage) => stage.shown());
    const grid = shown.find((one) => one.grid.map.index === cell?.map)?.grid;
    if (!cell || !grid) return "Nothing is chosen";
    const [row, column] = [grid.rows.of[cell.row], grid.columns.of[cell.column]];
    const value = valueText(grid, row * grid.columns.labels.length + column);
    return `${value} · ${grid.rows.labels[row]} × ${grid.columns.labels[column]}`;
  }
}
