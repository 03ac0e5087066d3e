// The page begins here: read the data, build what is seen, and keep it in step with the choices.

import { chainsOf } from "./arcs.js";
import { byId, element } from "./dom.js";
import { readData } from "./data.js";
import { gridOf, largestCell } from "./grid.js";
import { Inspector } from "./inspector.js";
import { Keys } from "./keys.js";
import { Stage } from "./stage.js";
import { State, plainLook } from "./state.js";
import { Strip } from "./strip.js";
import { UnitFields } from "./units.js";
import { applyTheme, isDark, onSystemTheme } from "./theme.js";

/** @typedef {import("./data.js").PageData} PageData */
/** @typedef {import("./data.js").MapData} MapData */

/** A frame in a notebook has no address of its own to keep. */
const alone = window.top === window;

/** @type {import("./state.js").Units} as computed */
const FINE = { prompt: "", answer: "" };

/** Maps of the same quantity, in order. @param {MapData[]} maps */
function byQuantity(maps) {
  /** @type {Map<string, MapData[]>} */
  const groups = new Map();
  for (const map of maps) {
    const key = JSON.stringify([map.kind, map.quantity]);
    groups.set(key, [...(groups.get(key) ?? []), map]);
  }
  return [...groups.values()];
}

/**
 * What is chosen at first: in every attribution map the token of the cell of the largest size, and
 * the cursor on the first of these cells; in a depth map on the first layer of the first token.
 * @param {PageData} data
 * @param {number} stages
 * @returns {import("./state.js").Choices}
 */
function firstChoices(data, stages) {
  const largest = data.maps.map((map) => ({
    map: map.index,
    ...firstCell(map),
  }));
  const attributed = data.maps.filter((map) => map.attribution);
  /** @type {Map<string, import("./state.js").Entry>} */
  const chosen = new Map();
  for (const { index, rows } of [...attributed].reverse()) {
    chosen.set(rows.link, { link: rows.link, at: largest[index].row });
  }
  return {
    chosen: [...chosen.values()],
    cell: largest[(attributed[0] ?? data.maps[0]).index],
    theme: "auto",
    units: FINE,
    looks: Array.from({ length: stages }, plainLook),
  };
}

/**
 * Where the cursor stands at first: of a depth map in its corner, of a chain in the answer's row.
 * @param {MapData} map
 */
function firstCell(map) {
  if (map.depth) return { row: 0, column: 0 };
  if (!map.chain) return largestCell(gridOf(map, FINE));
  const row = map.rows.labels.length - 1;
  const sizes = [...map.values.slice(row * map.columns.labels.length)].map(Math.abs);
  return { row, column: Math.max(0, sizes.indexOf(Math.max(...sizes))) };
}

/** @param {MapData[]} maps */
function showWords(maps) {
  for (const map of maps) {
    const words = element("div", { class: "words" });
    words.innerHTML = map.words; // made from escaped text; the page's policy runs no other script
    for (const heading of words.querySelectorAll("h1, h2")) {
      heading.replaceWith(
        element(heading.tagName === "H1" ? "h3" : "h4", {}, heading.textContent ?? ""),
      );
    }
    byId("words").append(words);
  }
}

/**
 * Everything that is seen, put into its places.
 * @param {PageData} data
 */
function built(data) {
  const groups = byQuantity(data.maps);
  const state = new State(data.maps, data.texts, firstChoices(data, groups.length));
  if (alone) state.read(location.hash);
  applyTheme(state.choices.theme);
  const stages = groups.map((maps, index) => new Stage(data, state, index, maps));
  const strips = data.texts.map((text) => new Strip(data, state, text, stages));
  const chains = chainsOf(state, data.maps);
  byId("texts").hidden = strips.length + chains.length === 0;
  byId("choosing").hidden = !data.maps.some((map) => map.attribution);
  byId("strips").prepend(...strips.map((strip) => strip.root));
  byId("stages").append(...stages.map((stage) => stage.root));
  const inspector = new Inspector(state, stages, byId("cell"), byId("spoken"));
  const units = new UnitFields(state, byId("units"));
  new Keys(state, stages, strips, units, byId("keys"));
  return { state, stages, strips, chains, inspector, units };
}

/**
 * Keep what is seen in step with what is chosen and pointed at.
 * @param {ReturnType<typeof built>} seen
 */
function connect({ state, stages, strips, chains, inspector, units }) {
  const update = () => {
    const dark = isDark(state.choices.theme);
    applyTheme(state.choices.theme);
    // The text before the maps: they fit the room that is left, and the page is laid out once.
    for (const stage of stages) stage.compute(dark);
    for (const strip of strips) strip.paint(dark);
    for (const chain of chains) chain.paint();
    for (const stage of stages) stage.show();
    units.show();
    inspector.show("view");
    if (alone) history.replaceState(null, "", `#${state.hash()}`);
  };
  const point = () => {
    for (const panel of stages.flatMap((stage) => stage.panels)) panel.repaint();
    for (const strip of strips) strip.light();
    inspector.show("pointer");
  };
  state.listeners.push((what) => (what === "view" ? update() : point()));
  onSystemTheme(update);
  addEventListener("hashchange", () => {
    state.read(location.hash);
    update();
  });
  update();
}

async function begin() {
  const data = await readData(byId("data").textContent ?? "");
  const seen = built(data);
  connect(seen);
  requestAnimationFrame(() => {
    performance.mark("map painted");
    setTimeout(() => {
      for (const strip of seen.strips) strip.complete(isDark(seen.state.choices.theme));
      showWords(data.maps);
    });
  });
}

begin().catch((error) => {
  byId("stages").replaceChildren(
    element(
      "p",
      { class: "empty", role: "alert" },
      `This page cannot be shown here: ${error.message}`,
    ),
  );
  throw error;
});
