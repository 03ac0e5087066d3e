// What a stage lets the reader choose: order, filter, scale, threshold, colours, units, size.

import { button, element, select } from "./dom.js";
import { tickNumber } from "./numbers.js";

/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./state.js").Look} Look */
/** @typedef {import("./grid.js").Sorting} Sorting */
/** @typedef {[string, string][]} Options */

/** @type {Record<Sorting, string>} */
const SORTED_BY = {
  text: "as in the text",
  value: "chosen row, highest first",
  size: "chosen row, largest first",
  sum: "sum, highest first",
  label: "label",
  settling: "settling depth",
};

export class Controls {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    const map = stage.maps[0];
    const sortings = Object.entries(SORTED_BY).filter(
      ([key]) => key !== "settling" || map.depth || map.groups,
    );
    this.sort = select("Columns", sortings, "text", (sort) =>
      this.change({ sort: /** @type {Sorting} */ (sort) }),
    );
    this.filter = element("input", {
      type: "search",
      placeholder: "any label",
      spellcheck: "false",
    });
    this.filter.addEventListener("input", () => this.change({ filter: this.filter.value }));
    /** @type {Options} */
    const spreads = [
      ["linear", "linear"],
      ["log", "symmetric log"],
    ];
    this.spread = select("Scale", spreads, "linear", (value) =>
      this.change({ log: value === "log" }),
    );
    this.slider = element("input", {
      type: "range",
      min: "0",
      max: "100",
      value: "0",
    });
    this.slider.addEventListener("input", () =>
      this.change({
        threshold: (Number(this.slider.value) / 100) * this.reach(),
      }),
    );
    this.blank = element("span", { class: "amount" });
    const palettes = Object.keys(stage.data.palettes.day);
    this.colours = select("Colours", named(palettes), stage.palette(), (palette) =>
      this.change({ palette }),
    );
    this.root = element(
      "div",
      { class: "controls", role: "group", "aria-label": `View: ${map.title}` },
      this.sort.field,
      field("Only with", this.filter),
      this.spread.field,
      thresholdField(this.slider, this.blank),
      this.colours.field,
      this.zoom(),
      ...this.switches(),
    );
  }

  /** Boxes for what only some maps have. */
  switches() {
    const { maps, difference } = this.stage;
    const signed = maps[0].quantity.neutral !== null;
    this.fade = checkbox((fade) => this.change({ fade }));
    this.changed = checkbox((difference) => this.change({ difference }));
    const offered = [];
    if (signed && maps.some(({ sampling }) => sampling?.margin))
      offered.push(field("Faint where unsure", this.fade));
    if (difference) offered.push(field(difference.name, this.changed));
    return offered;
  }

  /** @param {Partial<Look>} change */
  change(change) {
    this.stage.state.look(this.stage.index, change);
  }

  zoom() {
    /** @param {number} by */
    const zoomed = (by) => () => this.change({ zoom: this.stage.look().zoom + by });
    const smaller = button("−", "Smaller cells (−)", zoomed(-1));
    const larger = button("+", "Larger cells (+)", zoomed(1));
    const pair = element("div", { class: "pair" }, smaller, larger);
    return element("div", { class: "field" }, element("span", {}, "Cells"), pair);
  }

  /** Show what is chosen. */
  show() {
    const look = this.stage.look();
    this.sort.made.value = look.sort;
    this.colours.made.value = this.stage.palette();
    this.spread.made.value = look.log ? "log" : "linear";
    if (this.filter.value !== look.filter) this.filter.value = look.filter;
    if (this.fade) this.fade.checked = look.fade;
    if (this.changed) this.changed.checked = look.difference;
    const percent = String(Math.round((100 * look.threshold) / this.reach()));
    if (this.slider.value !== percent) this.slider.value = percent;
    const unit = this.stage.maps[0].quantity.unit;
    const text = look.threshold > 0 ? `${tickNumber(look.threshold)} ${unit}`.trim() : "nothing";
    this.blank.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
  }

  /** The largest size on the scale. */
  reach() {
    const { high, middle } = this.stage.scale;
    return high - (middle ?? 0) || 1;
  }
}

/** @param {(checked: boolean) => void} choose */
function checkbox(choose) {
  const made = element("input", { type: "checkbox" });
  made.addEventListener("change", () => choose(made.checked));
  return made;
}

/**
 * @param {string[]} names
 * @returns {Options}
 */
function named(names) {
  return names.map((name) => [name, name]);
}

/**
 * @param {string} label
 * @param {HTMLElement} content
 */
function field(label, content) {
  return element("label", { class: "field" }, element("span", {}, label), content);
}

/**
 * @param {HTMLElement} slider
 * @param {HTMLElement} value
 */
function thresholdField(slider, value) {
  const label = element("span", {}, "Blank below ", value);
  return element("label", { class: "field" }, label, slider);
}
