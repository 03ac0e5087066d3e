// The text: the prompt with its parts, the answer with its tokens, coloured by what is chosen.

import { gradient, chipColours } from "./stage.js";
import { element } from "./dom.js";
import { shortNumber, tickNumber } from "./numbers.js";
import { entriesOf } from "./panel.js";
import { TextPaint } from "./textpaint.js";

/** @typedef {import("./data.js").PageData} PageData */
/** @typedef {import("./data.js").Text} Text */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./textpaint.js").Paint} Paint */

/** Tokens of a long answer that are there at once; the others follow the first picture. */
const AT_ONCE = 300;

export class Strip {
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
    this.paints = new TextPaint(data, state, text, stages);
    /** @type {Map<string, HTMLElement[]>} the pieces of each axis, by position */
    this.pieces = new Map();
    /** @type {HTMLElement[]} */
    this.lit = [];
    this.seen = ""; // why the prompt has its colours
    this.legend = element("div", { class: "strip-legend" });
    this.prompt = element("p", { class: "text prompt", dir: "auto" });
    this.answer = element("p", { class: "text answer", dir: "auto" });
    this.body = element(
      "div",
      { class: "body" },
      element("h3", {}, "Prompt"),
      this.prompt,
      element("h3", {}, "Answer"),
      this.answer,
    );
    this.fill();
    const name =
      data.texts.length > 1 ? element("h3", { class: "name" }, text.names.join(", ")) : "";
    this.root = element("div", { class: "strip" }, name, this.legend, this.body);
    this.listen();
  }

  fill() {
    const { features } = this.text;
    for (const piece of this.text.prompt) {
      if (piece.feature === null || features === null) this.prompt.append(piece.text);
      else this.prompt.append(this.piece(features, piece.text, "part"));
    }
    this.addTokens(AT_ONCE);
    this.all()[0]?.setAttribute("tabindex", "0");
  }

  /** Add tokens of the answer, up to an end. @param {number} end */
  addTokens(end) {
    const { answer, tokens } = this.text;
    if (!this.data.maps.some(({ rows, columns }) => [rows.link, columns.link].includes(answer))) {
      this.answer.textContent = tokens.join(""); // no map is about single tokens
      return;
    }
    const begun = this.pieces.get(answer)?.length ?? 0;
    this.answer.append(
      ...tokens.slice(begun, end).map((token) => this.piece(answer, token, "token")),
    );
  }

  /**
   * Add what a long answer leaves out until its map has been seen.
   * @param {boolean} dark
   */
  complete(dark) {
    if (this.text.tokens.length <= AT_ONCE) return;
    this.addTokens(this.text.tokens.length);
    this.paint(dark);
  }

  /** @returns {HTMLElement[]} in the order of the text */
  all() {
    return [...this.pieces.values()].flat();
  }

  /**
   * @param {string} link
   * @param {string} text
   * @param {string} kind
   */
  piece(link, text, kind) {
    const own = this.pieces.get(link) ?? [];
    this.pieces.set(link, own);
    const made = element(
      "span",
      { class: kind, role: "button", tabindex: "-1", "aria-pressed": "false" },
      text,
    );
    made.dataset.link = link;
    made.dataset.at = String(own.length);
    own.push(made);
    return made;
  }

  listen() {
    this.body.addEventListener("pointerover", (event) => this.state.point(entryOf(event.target)));
    this.body.addEventListener("pointerleave", () => this.state.point(null));
    this.body.addEventListener("click", (event) => this.choose(entryOf(event.target)));
    this.body.addEventListener("keydown", (event) => this.onKey(event));
    this.body.addEventListener("focusin", (event) => {
      this.rove(/** @type {HTMLElement} */ (event.target));
      this.state.point(entryOf(event.target));
    });
    this.body.addEventListener("focusout", () => this.state.point(null));
  }

  /** Let the tab key come back to where it left. @param {HTMLElement} piece */
  rove(piece) {
    for (const other of this.body.querySelectorAll('[tabindex="0"]'))
      other.setAttribute("tabindex", "-1");
    piece.setAttribute("tabindex", "0");
  }

  /** @param {import("./state.js").Entry | null} entry */
  choose(entry) {
    if (!entry) return;
    const { chosen, cell } = this.state.choices;
    if (this.state.chosenAt(entry.link) === entry.at) {
      this.state.choose({ chosen: chosen.filter(({ link }) => link !== entry.link) });
      return;
    }
    this.state.choose({ chosen: this.state.withChosen(entry), cell: this.movedTo(cell, entry) });
  }

  /**
   * The cursor, moved to the row or column that was chosen.
   * @param {import("./state.js").Cell | null} cell
   * @param {import("./state.js").Entry} entry
   */
  movedTo(cell, entry) {
    if (!cell) return cell;
    const map = this.data.maps[cell.map];
    if (map.rows.link === entry.link) return { ...cell, row: entry.at };
    return map.columns.link === entry.link ? { ...cell, column: entry.at } : cell;
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const pieces = this.all();
    const at = pieces.indexOf(/** @type {HTMLElement} */ (event.target));
    if (at < 0) return;
    if (event.key === "Enter" || event.key === " ") this.choose(entryOf(event.target));
    else {
      /** @type {Record<string, number>} */
      const ways = {
        ArrowRight: at + 1,
        ArrowDown: at + 1,
        ArrowLeft: at - 1,
        ArrowUp: at - 1,
        Home: 0,
        End: pieces.length - 1,
      };
      if (!(event.key in ways)) return;
      pieces[Math.max(0, Math.min(pieces.length - 1, ways[event.key]))].focus();
    }
    event.preventDefault();
  }

  /** Light what is pointed at, here or in a map. */
  light() {
    const { choices, pointed } = this.state;
    for (const piece of this.lit) piece.classList.remove("lit");
    this.lit = entriesOf(this.state, pointed ?? choices.cell).flatMap(({ link, at }) =>
      this.together(link, at)
        .map((position) => this.pieces.get(link)?.[position])
        .filter((piece) => piece !== undefined),
    );
    for (const piece of this.lit) piece.classList.add("lit");
  }

  /**
   * The positions that stand for the same entry in the maps' present units.
   * @param {string} link
   * @param {number} at
   */
  together(link, at) {
    const grid = this.stages
      .flatMap((stage) => stage.grids)
      .find((g) => g.rows.link === link || g.columns.link === link);
    const side = grid?.rows.link === link ? grid.rows : grid?.columns;
    if (!side || side.labels.length === side.of.length) return [at];
    return side.of.flatMap((entry, position) => (entry === side.of[at] ? [position] : []));
  }

  /**
   * Colour prompt and answer by what is chosen.
   * @param {boolean} dark
   */
  paint(dark) {
    const paints = this.paints.all(dark);
    for (const [link, pieces] of this.pieces) {
      const paint = paints.find((one) => one.link === link);
      const chosen = this.state.chosenAt(link);
      const pressed = new Set(chosen < 0 ? [] : this.together(link, chosen));
      pieces.forEach((piece, at) => {
        piece.setAttribute("aria-pressed", String(pressed.has(at)));
        const value = paint ? paint.value(at) : Number.NaN;
        const colours =
          paint && !Number.isNaN(value) ? chipColours(paint.scale, paint.table, value) : null;
        piece.style.background = colours?.background ?? "";
        piece.style.color = colours?.color ?? "";
        piece.classList.toggle("coloured", colours !== null);
        piece.title = paint
          ? `${shortNumber(value, paint.scale.middle !== null)} ${paint.unit}`.trim()
          : "";
      });
    }
    const prompt = paints.find((one) => one.link === this.text.features);
    if (prompt && prompt.why !== this.seen) this.showStrongest(prompt);
    this.seen = prompt?.why ?? "";
    this.legend.replaceChildren(...paints.map(legendOf));
    this.legend.hidden = paints.length === 0;
    this.light();
  }

  /** Scroll a long prompt to the part of the largest size. @param {Paint} paint */
  showStrongest(paint) {
    const pieces = this.pieces.get(paint.link) ?? [];
    const sizes = pieces.map((_, at) => Math.abs(paint.value(at)));
    const strongest = pieces[sizes.indexOf(Math.max(...sizes))];
    if (!strongest) return;
    const { offsetTop, offsetHeight } = strongest;
    const { scrollTop, clientHeight } = this.prompt;
    if (offsetTop < scrollTop || offsetTop + offsetHeight > scrollTop + clientHeight) {
      this.prompt.scrollTop = offsetTop - (clientHeight - offsetHeight) / 2;
    }
  }
}

/**
 * The position on an axis that an element of the text stands for.
 * @param {EventTarget | null} target
 */
function entryOf(target) {
  const piece = target instanceof Element ? target.closest("[data-link]") : null;
  if (!(piece instanceof HTMLElement)) return null;
  return { link: piece.dataset.link ?? "", at: Number(piece.dataset.at) };
}

/** @param {Paint} paint */
function legendOf(paint) {
  const ramp = element("span", { class: "ramp" });
  ramp.style.background = gradient(paint.table);
  const high = `${tickNumber(paint.scale.high)} ${paint.unit}`.trim();
  return element(
    "span",
    { class: "legend" },
    `${paint.why} `,
    element("span", { class: "range" }, tickNumber(paint.scale.low)),
    ramp,
    element("span", { class: "range" }, high),
  );
}
