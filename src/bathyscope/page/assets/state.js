// What the reader has chosen, kept in the address so that a link shows the same view again.

/** @typedef {import("./grid.js").Sorting} Sorting */
/** @typedef {{link: string, at: number}} Entry a position on an axis */
/** @typedef {{map: number, row: number, column: number}} Cell by positions on the axes of a map */
/** @typedef {{prompt: string, answer: string}} Units what either is read in; empty as computed */
/**
 * How the maps of one quantity are shown.
 * @typedef {{sort: Sorting, filter: string, log: boolean, threshold: number, palette: string,
 *   zoom: number}} Look
 */
/**
 * @typedef {object} Choices
 * @property {Entry[]} chosen tokens or parts that colour their texts, at most one for each text
 * @property {Cell | null} cell under the cursor
 * @property {string} theme "auto", "light" or "dark"
 * @property {Units} units
 * @property {Look[]} looks
 */

/** @type {Look} */
const PLAIN = { sort: "text", filter: "", log: false, threshold: 0, palette: "", zoom: 0 };
/** @type {Sorting[]} */
export const SORTINGS = ["text", "value", "size", "sum", "label", "settling"];

export const UNITS = ["word", "sentence"];

export class State {
  /**
   * @param {import("./data.js").MapData[]} maps
   * @param {import("./data.js").Text[]} texts
   * @param {Choices} start what is chosen where the address says nothing
   */
  constructor(maps, texts, start) {
    this.maps = maps;
    this.texts = texts;
    this.start = start;
    /** @type {Choices} */
    this.choices = start;
    /** @type {Cell | Entry | null} */
    this.pointed = null;
    /** Index of the map that keys act on. */
    this.active = start.cell?.map ?? 0;
    /** @type {((what: "view" | "pointer") => void)[]} */
    this.listeners = [];
  }

  /** @param {Partial<Choices>} change */
  choose(change) {
    this.choices = { ...this.choices, ...change };
    if (this.choices.cell) this.active = this.choices.cell.map;
    this.tell("view");
  }

  /**
   * The chosen entries with one more, which takes the place of others in the texts it belongs to.
   * @param {Entry} entry
   * @returns {Entry[]}
   */
  withChosen(entry) {
    const own = this.texts.filter((text) => isIn(text, entry));
    const others = this.choices.chosen.filter(
      (one) => one.link !== entry.link && !own.some((text) => isIn(text, one)),
    );
    return [...others, entry];
  }

  /** The position that is chosen on an axis, or -1. @param {string | null} link */
  chosenAt(link) {
    return this.choices.chosen.find((entry) => entry.link === link)?.at ?? -1;
  }

  /**
   * @param {number} stage
   * @param {Partial<Look>} change
   */
  look(stage, change) {
    const looks = this.choices.looks.map((look, i) =>
      i === stage ? { ...look, ...change } : look,
    );
    this.choose({ looks });
  }

  /** @param {Cell | Entry | null} pointed */
  point(pointed) {
    this.pointed = pointed;
    this.tell("pointer");
  }

  /** @param {"view" | "pointer"} what */
  tell(what) {
    for (const listener of this.listeners) listener(what);
  }

  /** Take over what the address says. @param {string} hash */
  read(hash) {
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    const { start } = this;
    this.choices = {
      chosen: given.has("chosen") ? entriesFrom(given.get("chosen")) : start.chosen,
      cell: given.has("cell") ? this.cellFrom(given.get("cell")) : start.cell,
      theme: oneOf(given.get("theme"), ["light", "dark"], "auto"),
      units: {
        prompt: oneOf(given.get("prompt"), UNITS, ""),
        answer: oneOf(given.get("answer"), UNITS, ""),
      },
      looks: start.looks.map((_, stage) => lookFrom(given, `${stage + 1}.`)),
    };
    if (this.choices.cell) this.active = this.choices.cell.map;
  }

  /**
   * A cell of a map that there is.
   * @param {string | null} text
   * @returns {Cell | null}
   */
  cellFrom(text) {
    const [map, row, column] = (/^(\d+):(\d+):(\d+)$/.exec(text ?? "") ?? []).slice(1).map(Number);
    const axes = this.maps[map];
    const inside = axes && row < axes.rows.labels.length && column < axes.columns.labels.length;
    return inside ? { map, row, column } : null;
  }

  /** The address of the view: what differs from the start. */
  hash() {
    const { chosen, cell, theme, units, looks } = this.choices;
    const said = new URLSearchParams();
    const from = this.start;
    if (JSON.stringify(chosen) !== JSON.stringify(from.chosen)) {
      said.set("chosen", chosen.map(({ link, at }) => `${link}:${at}`).join(",") || "none");
    }
    if (JSON.stringify(cell) !== JSON.stringify(from.cell)) {
      said.set("cell", cell ? `${cell.map}:${cell.row}:${cell.column}` : "none");
    }
    if (theme !== "auto") said.set("theme", theme);
    for (const [side, unit] of Object.entries(units)) if (unit) said.set(side, unit);
    looks.forEach((look, stage) => {
      for (const [key, value] of Object.entries(look)) {
        if (value !== PLAIN[/** @type {keyof Look} */ (key)])
          said.set(`${stage + 1}.${key}`, String(value));
      }
    });
    return said.toString();
  }
}

/** A look in which nothing has been changed. @returns {Look} */
export function plainLook() {
  return { ...PLAIN };
}

/**
 * @param {URLSearchParams} given
 * @param {string} prefix
 * @returns {Look}
 */
function lookFrom(given, prefix) {
  /** @param {string} key */
  const said = (key) => given.get(prefix + key);
  return {
    sort: /** @type {Sorting} */ (oneOf(said("sort"), SORTINGS, "text")),
    filter: said("filter") ?? "",
    log: said("log") === "true",
    threshold: Math.max(0, Number(said("threshold")) || 0),
    palette: said("palette") ?? "",
    zoom: Math.max(-12, Math.min(12, Math.round(Number(said("zoom")) || 0))),
  };
}

/**
 * @param {string | null} given
 * @param {string[]} allowed
 * @param {string} otherwise
 */
function oneOf(given, allowed, otherwise) {
  return given !== null && allowed.includes(given) ? given : otherwise;
}

/**
 * @param {string | null} text
 * @returns {Entry[]}
 */
function entriesFrom(text) {
  return [...(text ?? "").matchAll(/(\w+):(\d+)/g)].map(([, link, at]) => ({
    link,
    at: Number(at),
  }));
}

/**
 * Whether an entry is a token or a part of a text.
 * @param {import("./data.js").Text} text
 * @param {Entry} entry
 */
function isIn(text, entry) {
  return text.answer === entry.link || text.features === entry.link;
}
