// The text: the prompt with its parts, the answer with its tokens, coloured by what is chosen.

import { gradient, chipColours } from "./stage.js";
import { element } from "./dom.js";
import { tickNumber } from "./numbers.js";
import { entriesOf } from "./panel.js";
import { Selecting } from "./selecting.js";
import { TextPaint } from "./textpaint.js";
import { Threads } from "./threads.js";

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
   * @param {number} index of the text
   * @param {Stage[]} stages
   */
  constructor(data, state, text, index, stages) {
    this.data = data;
    this.state = state;
    this.text = text;
    this.index = index;
    this.stages = stages;
    this.paints = new TextPaint(data, state, text, stages);
    /** @type {Map<string, HTMLElement[]>} the pieces of each axis, by position */
    this.pieces = new Map();
    /** @type {HTMLElement[]} */
    this.lit = [];
    /** @type {import("./state.js").Entry | null} where a range begins */
    this.anchor = null;
    this.legend = element("div", { class: `strip-legend lines-${this.paints.most()}` });
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
    this.threads = new Threads(this);
    this.body.prepend(this.threads.svg);
    const name =
      data.texts.length > 1 ? element("h3", { class: "name" }, text.names.join(", ")) : "";
    this.root = element("div", { class: "strip" }, name, this.legend, this.body);
    this.listen();
  }

  fill() {
    const { features } = this.text;
    for (const piece of this.text.prompt) {
      if (piece.feature === null || features === null) this.prompt.append(piece.text);
      else this.prompt.append(...this.piece(features, piece.text, "part"));
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
      ...tokens.slice(begun, end).flatMap((token) => this.piece(answer, token, "token")),
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
   * A piece that can be chosen, between the white space at its ends: a space belongs to a token, but
   * at the end of a line it would look like one of its own. A token of spaces alone is a mark.
   * @param {string} link
   * @param {string} text
   * @param {string} kind
   */
  piece(link, text, kind) {
    const own = this.pieces.get(link) ?? [];
    this.pieces.set(link, own);
    const bare = text.trim();
    const start = text.length - text.trimStart().length;
    const made = element(
      "span",
      {
        class: bare ? kind : `${kind} blank`,
        role: "button",
        tabindex: "-1",
        "aria-pressed": "false",
      },
      bare || "␣",
    );
    made.dataset.link = link;
    made.dataset.at = String(own.length);
    own.push(made);
    return bare ? [text.slice(0, start), made, text.slice(start + bare.length)] : [made];
  }

  listen() {
    new Selecting(this);
    this.body.addEventListener("pointerover", (event) => this.state.point(entryOf(event.target)));
    this.body.addEventListener("pointerleave", () => this.state.point(null));
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

  /**
   * Choose an entry, or let go of it where it is chosen.
   * @param {import("./state.js").Entry | null} entry
   */
  choose(entry) {
    if (!entry) return;
    const { chosen } = this.state.choices;
    const own = chosen.find(({ link }) => link === entry.link);
    if (own && own.at === entry.at && own.to === entry.to) {
      this.state.choose({ chosen: chosen.filter((one) => one !== own) });
      return;
    }
    this.state.choose({ chosen: this.state.withChosen(entry), cell: this.movedTo(entry) });
  }

  /**
   * The cursor at the row or column that was chosen, in its map where that is of this text.
   * @param {import("./state.js").Entry} entry
   */
  movedTo({ link, at }) {
    const { cell } = this.state.choices;
    const maps = this.data.maps.filter(({ text }) => text === this.index);
    const present = cell && maps.find(({ index }) => index === cell.map);
    const has = (/** @type {import("./data.js").MapData | null | undefined} */ map) =>
      map && (map.rows.link === link || map.columns.link === link);
    const map = has(present) ? present : maps.find(has);
    if (!map) return cell;
    const from = cell?.map === map.index ? cell : { map: map.index, ...map.opening };
    if (map.rows.link === link) return { ...from, row: at };
    return { ...from, column: at };
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const pieces = this.all();
    const at = pieces.indexOf(/** @type {HTMLElement} */ (event.target));
    if (at < 0) return;
    if (event.key === "Enter" || event.key === " ") this.choose(entryOf(event.target));
    else if (event.shiftKey && /^Arrow(Left|Right)$/.test(event.key)) {
      this.extend(pieces, event.key === "ArrowRight" ? at + 1 : at - 1);
    } else {
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

  /**
   * Choose from where the choice began up to a piece, and go there.
   * @param {HTMLElement[]} pieces
   * @param {number} index
   */
  extend(pieces, index) {
    const to = entryOf(pieces[index] ?? null);
    if (!to || to.link !== this.text.answer) return;
    pieces[index].focus();
    this.stretch(to);
  }

  /** Choose from where the choice began up to a token. @param {import("./state.js").Entry} to */
  stretch({ link, at }) {
    const anchor = this.anchor?.link === link ? this.anchor.at : this.state.chosenAt(link);
    if (anchor < 0) this.state.choose({ chosen: this.state.withChosen({ link, at }) });
    this.anchor = { link, at: anchor < 0 ? at : anchor };
    const [from, to] = [Math.min(this.anchor.at, at), Math.max(this.anchor.at, at)];
    const entry = from === to ? { link, at: from } : { link, at: from, to };
    this.state.choose({ chosen: this.state.withChosen(entry), cell: this.movedTo({ link, at }) });
  }

  /** Light what is pointed at, here or in a map. */
  light() {
    const { choices, pointed } = this.state;
    for (const piece of this.lit) piece.classList.remove("lit");
    this.lit = entriesOf(this.state, pointed ?? choices.cell).flatMap(({ link, at }) =>
      this.piecesAt(link, this.together(link, at)),
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

  /** @param {string} link @param {number[]} positions */
  piecesAt(link, positions) {
    const own = this.pieces.get(link) ?? [];
    return positions.map((at) => own[at]).filter((piece) => piece !== undefined);
  }

  /**
   * Colour prompt and answer by what is chosen.
   * @param {boolean} dark
   */
  paint(dark) {
    const paints = this.paints.all(dark);
    for (const [link, pieces] of this.pieces) {
      const paint = paints.find((one) => one.link === link) ?? null;
      const pressed = new Set(this.state.chosenOn(link).flatMap((at) => this.together(link, at)));
      pieces.forEach((piece, at) => {
        piece.setAttribute("aria-pressed", String(pressed.has(at)));
        coloured(piece, paint, at);
      });
    }
    this.legend.replaceChildren(...paints.map(legendOf));
    this.threads.show(paints.find(({ link }) => link === this.text.features) ?? null);
    this.light();
  }

  /** Scroll the text to what is chosen: the tokens, and the part that drove them most. */
  reveal() {
    for (const { link, at } of this.state.choices.chosen) {
      const [piece] = this.piecesAt(link, [at]);
      if (piece) scrollTo(link === this.text.answer ? this.answer : this.prompt, piece);
    }
    const { features } = this.text;
    if (features === null || this.state.chosenAt(features) >= 0) return;
    const strongest = this.threads.strongest();
    if (strongest) scrollTo(this.prompt, strongest);
  }
}

/**
 * Show a piece as it is painted: a filled one, or one with a line below it.
 * @param {HTMLElement} piece
 * @param {Paint | null} paint
 * @param {number} at
 */
function coloured(piece, paint, at) {
  const value = paint ? paint.value(at) : Number.NaN;
  const colours =
    paint && !Number.isNaN(value) ? chipColours(paint.scale, paint.table, value) : null;
  const filled = paint?.way === "fill" ? colours : null;
  piece.style.background = filled?.background ?? "";
  piece.style.color = filled?.color ?? "";
  piece.style.borderBottomColor = filled ? "" : (colours?.background ?? "");
  piece.classList.toggle("coloured", filled !== null);
  piece.classList.toggle("underlined", colours !== null && filled === null);
  piece.classList.toggle("deep", paint?.deep?.(at) ?? false);
  piece.title = paint ? paint.says(at) : "";
}

/**
 * Scroll a box so that a piece in it is seen.
 * @param {HTMLElement} box
 * @param {HTMLElement} piece
 */
function scrollTo(box, piece) {
  const [outer, inner] = [box.getBoundingClientRect(), piece.getBoundingClientRect()];
  if (inner.top >= outer.top && inner.bottom <= outer.bottom) return;
  box.scrollTop += inner.top - outer.top - (box.clientHeight - inner.height) / 2;
}

/**
 * The position on an axis that an element of the text stands for.
 * @param {EventTarget | null} target
 */
export function entryOf(target) {
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
    element("span", { class: "why", title: paint.why }, paint.why),
    element("span", { class: "range" }, tickNumber(paint.scale.low)),
    ramp,
    element("span", { class: "range" }, high),
  );
}
