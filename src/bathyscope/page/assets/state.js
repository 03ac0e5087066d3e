// What the reader has chosen, kept in the address so that a link shows the same view again.

import { mergeable } from "./grid.js";

/** @typedef {import("./grid.js").Sorting} Sorting */
/** @typedef {{link: string, at: number, to?: number}} Entry a position on an axis, or all up to another */
/** @typedef {{map: number, row: number, column: number}} Cell by positions on the axes of a map */
/** @typedef {{prompt: string, answer: string}} Units what either is read in; empty as computed */
/**
 * How the maps of one quantity are shown.
 * @typedef {{sort: Sorting, filter: string, log: boolean, threshold: number, palette: string,
 *   zoom: number, fade: boolean, difference: boolean}} Look
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
const PLAIN = {
  sort: "text",
  filter: "",
  log: false,
  threshold: 0,
  palette: "",
  zoom: 0,
  fade: true,
  difference: false,
};
/** @type {Sorting[]} */
export const SORTINGS = ["text", "value", "size", "sum", "label", "settling"];

const UNITS = ["word", "sentence"];

export class State {
  /**
   * @param {import("./data.js").PageData} data
   * @param {string[]} stages what each stage is called in an address
   * @param {Choices} start what is chosen where the address says nothing
   */
  constructor(data, stages, start) {
    this.maps = data.maps;
    this.texts = data.texts;
    this.palettes = Object.keys(data.palettes.day);
    this.stages = stages;
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

  /** The position that is chosen on an axis, the first of several, or -1. @param {string | null} link */
  chosenAt(link) {
    return this.choices.chosen.find((entry) => entry.link === link)?.at ?? -1;
  }

  /** All positions that are chosen on an axis, in order. @param {string | null} link */
  chosenOn(link) {
    const entry = this.choices.chosen.find((one) => one.link === link);
    return entry ? positionsOf(entry) : [];
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

  /** Take over what the address says, as far as it means something here. @param {string} hash */
  read(hash) {
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    const { start } = this;
    this.choices = {
      chosen: given.has("chosen") ? this.entriesFrom(given.get("chosen")) : start.chosen,
      cell: given.has("cell") ? this.cellFrom(given.get("cell")) : start.cell,
      theme: oneOf(given.get("theme"), ["light", "dark"], "auto"),
      units: {
        prompt: oneOf(given.get("prompt"), this.unitsOf("prompt"), ""),
        answer: oneOf(given.get("answer"), this.unitsOf("answer"), ""),
      },
      looks: this.stages.map((name) => lookFrom(given, `${name}.`, this.palettes)),
    };
    if (this.choices.cell) this.active = this.choices.cell.map;
  }

  /**
   * A cell of a map that there is.
   * @param {string | null} text
   * @returns {Cell | null}
   */
  cellFrom(text) {
    const found = /^(.+):(\d+):(\d+)$/.exec(text ?? "");
    if (!found) return null;
    const map = this.maps.findIndex(({ id }) => id === found[1]);
    const [row, column] = found.slice(2).map(Number);
    const axes = this.maps[map];
    const inside = axes && row < axes.rows.labels.length && column < axes.columns.labels.length;
    return inside ? { map, row, column } : null;
  }

  /**
   * The entries in an address that are on an axis that there is.
   * @param {string | null} text
   * @returns {Entry[]}
   */
  entriesFrom(text) {
    return [...(text ?? "").matchAll(/(\w+):(\d+)(?:-(\d+))?/g)].flatMap(([, link, at, to]) => {
      const last = this.lengthOf(link) - 1;
      const [from, until] = [Number(at), Number(to ?? at)];
      if (from > until || until > last) return [];
      return [from === until ? { link, at: from } : { link, at: from, to: until }];
    });
  }

  /** The coarser units that a side of the text can be read in. @param {"prompt" | "answer"} over */
  unitsOf(over) {
    const axes = this.maps.filter(mergeable).flatMap(({ rows, columns }) => [rows, columns]);
    return UNITS.filter((unit) => axes.some((axis) => axis.over === over && unit in axis.units));
  }

  /** Let go of what is chosen where a map has become smaller. */
  keepWithin() {
    const { chosen, cell } = this.choices;
    const map = cell && this.maps[cell.map];
    const inside =
      map && cell.row < map.rows.labels.length && cell.column < map.columns.labels.length;
    this.choices = {
      ...this.choices,
      chosen: chosen.filter(({ link, at, to = at }) => to < this.lengthOf(link)),
      cell: inside ? cell : null,
    };
  }

  /** How many positions an axis has; 0 where there is no such axis. @param {string} link */
  lengthOf(link) {
    const axes = this.maps.flatMap(({ rows, columns }) => [rows, columns]);
    return axes.find((axis) => axis.link === link)?.labels.length ?? 0;
  }

  /** The address of the view: what differs from the start. */
  hash() {
    const { chosen, cell, theme, units, looks } = this.choices;
    const said = new URLSearchParams();
    const from = this.start;
    if (JSON.stringify(chosen) !== JSON.stringify(from.chosen)) {
      said.set("chosen", chosen.map(entryText).join(",") || "none");
    }
    if (JSON.stringify(cell) !== JSON.stringify(from.cell)) {
      said.set("cell", cell ? `${this.maps[cell.map].id}:${cell.row}:${cell.column}` : "none");
    }
    if (theme !== "auto") said.set("theme", theme);
    for (const [side, unit] of Object.entries(units)) if (unit) said.set(side, unit);
    looks.forEach((look, stage) => {
      for (const [key, value] of Object.entries(look)) {
        if (value !== PLAIN[/** @type {keyof Look} */ (key)])
          said.set(`${this.stages[stage]}.${key}`, String(value));
      }
    });
    return said.toString();
  }
}

/** The positions of an entry. @param {Entry} entry @returns {number[]} */
export function positionsOf({ at, to = at }) {
  return Array.from({ length: to - at + 1 }, (_, i) => at + i);
}

/** @param {Entry} entry */
function entryText({ link, at, to = at }) {
  return to > at ? `${link}:${at}-${to}` : `${link}:${at}`;
}

/**
 * What is chosen at first: what each map opens on, an attribution map's token before a depth map's,
 * and the cursor in the first attribution map, or else in the first map.
 * @param {import("./data.js").MapData[]} maps
 * @param {number} stages
 * @returns {Choices}
 */
export function startOf(maps, stages) {
  const attributed = maps.filter(({ attribution }) => attribution);
  const deep = maps.filter(({ depth }) => depth);
  /** @type {Map<string, Entry>} */
  const chosen = new Map();
  for (const { columns, opening } of deep.reverse())
    chosen.set(columns.link, { link: columns.link, at: opening.column });
  for (const { rows, opening } of [...attributed].reverse())
    chosen.set(rows.link, { link: rows.link, at: opening.row });
  const first = attributed[0] ?? maps[0];
  return {
    chosen: [...chosen.values()],
    cell: { map: first.index, ...first.opening },
    theme: "auto",
    units: { prompt: "", answer: "" },
    looks: Array.from({ length: stages }, plainLook),
  };
}

/** A look in which nothing has been changed. @returns {Look} */
export function plainLook() {
  return { ...PLAIN };
}

/**
 * @param {URLSearchParams} given
 * @param {string} prefix
 * @param {string[]} palettes
 * @returns {Look}
 */
function lookFrom(given, prefix, palettes) {
  /** @param {string} key */
  const said = (key) => given.get(prefix + key);
  return {
    sort: /** @type {Sorting} */ (oneOf(said("sort"), SORTINGS, "text")),
    filter: said("filter") ?? "",
    log: said("log") === "true",
    threshold: Math.max(0, Number(said("threshold")) || 0),
    palette: oneOf(said("palette"), palettes, ""),
    zoom: Math.max(-12, Math.min(12, Math.round(Number(said("zoom")) || 0))),
    fade: said("fade") !== "false",
    difference: said("difference") === "true",
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
 * Whether an entry is a token or a part of a text.
 * @param {import("./data.js").Text} text
 * @param {Entry} entry
 */
function isIn(text, entry) {
  return text.answer === entry.link || text.features === entry.link;
}
