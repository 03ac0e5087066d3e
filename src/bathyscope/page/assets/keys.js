// Keys for everything, and the list of them.

import { element } from "./dom.js";
import { save } from "./exports.js";

/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./strip.js").Strip} Strip */
/** @typedef {import("./state.js").State} State */
/** @typedef {{keys: string[], does: string, act?: (key: string) => void}} Binding */

/** @type {Record<string, string>} */
const SAVED_AS = { p: "png", v: "svg", x: "csv" };

export class Keys {
  /**
   * @param {State} state
   * @param {Stage[]} stages
   * @param {Strip[]} strips
   * @param {import("./units.js").UnitFields} units
   * @param {HTMLDialogElement} root where the list stands
   */
  constructor(state, stages, strips, units, root) {
    this.state = state;
    this.stages = stages;
    this.strips = strips;
    this.units = units;
    this.single = element("input", { type: "checkbox", checked: true });
    this.root = root;
    this.bindings = this.all();
    this.list(root);
    document.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** @returns {Binding[]} */
  all() {
    const look = () => this.stage().look();
    /** @param {Partial<import("./state.js").Look>} change */
    const change = (change) => this.state.look(this.stage().index, change);
    return [
      { keys: ["m"], does: "to the map, to the next map", act: () => this.nextMap() },
      { keys: ["t"], does: "to the text", act: () => this.strips[0]?.all()[0]?.focus() },
      { keys: ["← ↑ ↓ →"], does: "move in map or text" },
      { keys: ["Shift ← →"], does: "in the text: sum over more tokens" },
      { keys: ["Page ↑↓"], does: "ten columns on" },
      { keys: ["Home", "End"], does: "first, last column; with Ctrl, corner" },
      { keys: ["Enter"], does: "choose the token: what drove it?" },
      { keys: ["Space"], does: "choose the column: what did it drive?" },
      {
        keys: ["Escape"],
        does: "choose nothing: the whole answer",
        act: () => this.state.choose({ chosen: [] }),
      },
      {
        keys: ["s"],
        does: "sort columns another way",
        act: () => next(this.stage().controls.sort.made),
      },
      {
        keys: ["/"],
        does: "only columns with a text",
        act: () => this.stage().controls.filter.focus(),
      },
      { keys: ["u"], does: "answer in words, sentences", act: () => this.nextUnit("answer") },
      { keys: ["f"], does: "prompt in words, sentences", act: () => this.nextUnit("prompt") },
      { keys: ["l"], does: "linear, symmetric log", act: () => change({ log: !look().log }) },
      {
        keys: ["[", "]"],
        does: "lower, higher threshold",
        act: (key) => this.threshold(key === "[" ? -1 : 1),
      },
      {
        keys: ["−", "+"],
        does: "smaller, larger cells",
        act: (key) => change({ zoom: look().zoom + (key === "+" ? 1 : -1) }),
      },
      { keys: ["c"], does: "other colours", act: () => next(this.stage().controls.colours.made) },
      { keys: ["d"], does: "dark, light", act: () => this.nextTheme() },
      {
        keys: ["p", "v", "x"],
        does: "save as PNG, SVG, CSV",
        act: (key) => void save(this.panel(), SAVED_AS[key]),
      },
      { keys: ["?"], does: "this list", act: () => this.root.showModal() },
    ];
  }

  /** @param {HTMLElement} root */
  list(root) {
    const rows = this.bindings.map(({ keys, does }) =>
      element(
        "div",
        {},
        element("dt", {}, ...keys.map((key) => element("kbd", {}, key))),
        element("dd", {}, does),
      ),
    );
    root.append(
      element("dl", { class: "keys" }, ...rows),
      element("label", { class: "switch" }, this.single, " keys without Ctrl are on"),
    );
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const target = event.target;
    const typing = target instanceof HTMLInputElement && target.type === "search";
    if (event.key === "Escape" && typing) {
      target.value = "";
      target.dispatchEvent(new Event("input"));
      return;
    }
    if (typing || target instanceof HTMLSelectElement) return;
    if (!this.single.checked && event.key !== "Escape") return;
    const key = event.key === "-" ? "−" : event.key;
    const binding = this.bindings.find(({ keys }) => keys.includes(key));
    if (!binding?.act) return;
    event.preventDefault();
    binding.act(key);
  }

  /** The stage of the map that was used last. */
  stage() {
    const { active } = this.state;
    return (
      this.stages.find((stage) => stage.maps.some((map) => map.index === active)) ?? this.stages[0]
    );
  }

  panel() {
    const { panels } = this.stage();
    return panels.find((panel) => panel.map.index === this.state.active) ?? panels[0];
  }

  nextMap() {
    const panels = this.stages.flatMap((stage) => stage.panels);
    const at = panels.findIndex((panel) => panel.window === document.activeElement);
    const to = at < 0 ? this.panel() : panels[(at + 1) % panels.length];
    to.window.focus();
  }

  /** @param {"answer" | "prompt"} over */
  nextUnit(over) {
    const field = this.units.fields.get(over);
    if (field) next(field);
  }

  /** @param {number} steps of a twentieth of the scale */
  threshold(steps) {
    const stage = this.stage();
    const step = stage.controls.reach() / 20;
    const count = Math.round(stage.look().threshold / step) + steps;
    this.state.look(stage.index, { threshold: Math.max(0, Math.min(20, count)) * step });
  }

  nextTheme() {
    const dark = document.documentElement.dataset.theme === "dark";
    this.state.choose({ theme: dark ? "light" : "dark" });
  }
}

/** Choose the next option of a field. @param {HTMLSelectElement} field */
function next(field) {
  field.selectedIndex = (field.selectedIndex + 1) % field.options.length;
  field.dispatchEvent(new Event("change"));
}
