// Arcs in the text, from the chosen tokens to the parts that drove them: the more nats, the wider.

import { drawn } from "./dom.js";

/** @typedef {import("./strip.js").Strip} Strip */
/** @typedef {import("./textpaint.js").Paint} Paint */

const THICKEST_THREAD = 8; // pixels
const LEAST = 0.03; // of the widest; a thinner one would not be seen

export class Threads {
  /** @param {Strip} strip */
  constructor(strip) {
    this.strip = strip;
    /** @type {Paint | null} */
    this.paint = null;
    this.svg = drawn("svg", { class: "threads", "aria-hidden": "true" });
    this.waiting = false;
    const later = () => this.later();
    for (const box of [strip.prompt, strip.answer])
      box.addEventListener("scroll", later, { passive: true });
    new ResizeObserver(later).observe(strip.body);
  }

  /** @param {Paint | null} paint of the prompt's parts; null where nothing drives them */
  show(paint) {
    this.paint = paint;
    this.later();
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  /** The parts and what they did, in the order of the text. */
  effects() {
    const { paint, strip } = this;
    if (!paint) return [];
    const pieces = strip.pieces.get(paint.link) ?? [];
    return pieces.map((piece, at) => ({ piece, at, value: paint.value(at) }));
  }

  /** The part that did most; null where none did anything. */
  strongest() {
    const [first] = this.effects()
      .filter(({ value }) => Math.abs(value) > 0)
      .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    return first?.piece ?? null;
  }

  draw() {
    const { answer } = this.strip.text;
    const [token] = this.strip.piecesAt(answer, this.strip.state.chosenOn(answer));
    const effects = this.effects().filter(({ value }) => Number.isFinite(value));
    const largest = Math.max(...effects.map(({ value }) => Math.abs(value)), 0);
    const seen = token && largest > 0 && isSeen(this.strip.answer, token);
    const arcs = effects.filter(({ value }) => Math.abs(value) >= LEAST * largest);
    this.svg.replaceChildren(
      ...(seen ? arcs.map(({ piece, at, value }) => this.arc(token, piece, at, value)) : []),
    );
  }

  /**
   * @param {HTMLElement} token
   * @param {HTMLElement} part
   * @param {number} at
   * @param {number} value
   */
  arc(token, part, at, value) {
    const { left, top } = this.strip.body.getBoundingClientRect();
    const [from, to] = [token.getClientRects()[0], part.getClientRects()[0]];
    const box = this.strip.prompt.getBoundingClientRect();
    const y = Math.max(box.top, Math.min(box.bottom, to.bottom)) - top;
    const start = [from.left + from.width / 2 - left, from.top - top];
    const end = [to.left + to.width / 2 - left, y];
    const middle = (start[1] + Math.min(box.bottom - top, start[1])) / 2;
    const made = drawn("path", { class: value < 0 ? "opposes" : "supports" });
    made.setAttribute("d", `M ${start} C ${start[0]} ${middle}, ${end[0]} ${middle}, ${end}`);
    made.setAttribute("stroke-width", String(this.width(value)));
    made.dataset.part = String(at);
    return made;
  }

  /** In proportion to the nats, so that the end of the scale is the widest. @param {number} value */
  width(value) {
    const { low, high } = /** @type {Paint} */ (this.paint).scale;
    return (THICKEST_THREAD * Math.abs(value)) / Math.max(Math.abs(low), Math.abs(high));
  }
}

/** @param {HTMLElement} box @param {HTMLElement} piece */
function isSeen(box, piece) {
  const [outer, inner] = [box.getBoundingClientRect(), piece.getBoundingClientRect()];
  return inner.bottom > outer.top && inner.top < outer.bottom;
}
