// Choosing in the text by pointer: one piece by a click, a range of tokens by dragging over them.

import { entryOf } from "./strip.js";

/** @typedef {import("./strip.js").Strip} Strip */
/** @typedef {import("./state.js").Entry} Entry */

export class Selecting {
  /** @param {Strip} strip */
  constructor(strip) {
    this.strip = strip;
    /** @type {Entry | null} the token at which a drag began */
    this.begun = null;
    this.last = -1;
    this.dragged = false;
    const { body } = strip;
    body.addEventListener("mousedown", (event) => this.begin(event));
    body.addEventListener("mousemove", (event) => this.drag(event));
    addEventListener("mouseup", () => {
      this.begun = null;
    });
    body.addEventListener("click", (event) => this.click(event));
  }

  /** With Alt, text is marked to be copied, as everywhere else. @param {MouseEvent} event */
  begin(event) {
    const entry = entryOf(event.target);
    this.dragged = false;
    if (!entry || event.button !== 0 || event.altKey) return;
    event.preventDefault();
    const { target } = event;
    if (target instanceof HTMLElement) target.focus({ preventScroll: true });
    if (entry.link !== this.strip.text.answer || event.shiftKey) return;
    this.begun = entry;
    this.last = entry.at;
  }

  /** @param {MouseEvent} event */
  drag(event) {
    const entry = entryOf(event.target);
    if (!this.begun || entry?.link !== this.begun.link || entry.at === this.last) return;
    this.last = entry.at;
    this.dragged = true;
    this.strip.anchor = this.begun;
    this.strip.stretch(entry);
  }

  /** @param {MouseEvent} event */
  click(event) {
    if (this.dragged || event.altKey) return;
    const entry = entryOf(event.target);
    if (entry && event.shiftKey && entry.link === this.strip.text.answer) {
      this.strip.stretch(entry);
      return;
    }
    this.strip.anchor = entry;
    this.strip.choose(entry);
  }
}
