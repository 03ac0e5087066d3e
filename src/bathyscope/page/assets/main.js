// A page mounted into an element: what is seen, kept in step with the choices, and maps that may change.

import { chainsOf } from "./arcs.js";
import { readData, readMap } from "./data.js";
import { differenceOf } from "./difference.js";
import { element } from "./dom.js";
import { groupsOf, namesOf } from "./groups.js";
import { Inspector } from "./inspector.js";
import { Keys } from "./keys.js";
import { placesIn } from "./layout.js";
import { onPrint } from "./print.js";
import { askable } from "./questions.js";
import { Sheet } from "./sheet.js";
import { Stage } from "./stage.js";
import { State, startOf } from "./state.js";
import { Strip } from "./strip.js";
import { TokenCard } from "./tokencard.js";
import { UnitFields } from "./units.js";
import { applyTheme, isDark, onSystemTheme } from "./theme.js";

/** @typedef {import("./data.js").PageData} PageData */
/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./layout.js").Places} Places */
/**
 * What is given back by `mount`.
 * @typedef {object} Mounted
 * @property {State} state
 * @property {(index: number, map: any) => Promise<void>} setMap puts new numbers, and perhaps new
 *   axes, in the place of a map's, in the form in which the document holds them
 */

/** A frame in a notebook has no address of its own to keep. */
const alone = window.top === window;

/**
 * Show a document as `page/data.py` writes it.
 * @param {HTMLElement} root emptied, and filled with the page
 * @param {any} document
 * @returns {Promise<Mounted>}
 */
export async function mount(root, document) {
  const data = await readData(document);
  const places = placesIn(root);
  const seen = built(data, places);
  const update = connected(seen, places);
  update();
  await painted();
  performance.mark("map painted");
  setTimeout(() => {
    for (const strip of seen.strips) strip.complete(isDark(seen.state.choices.theme));
    for (const stage of seen.stages) stage.complete();
    showWords(data.maps, places.words);
  });
  const setMap = async (/** @type {number} */ index, /** @type {any} */ map) => {
    Object.assign(data.maps[index], { pending: null }, await readMap(map, index));
    seen.state.keepWithin();
    update();
  };
  return { state: seen.state, setMap };
}

/** Wait until the browser has had a frame to paint in. */
const painted = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** @param {MapData[]} maps @param {HTMLElement} root */
function showWords(maps, root) {
  for (const map of maps) {
    if (!map.words) continue;
    const words = element("div", { class: "words" });
    words.innerHTML = map.words; // made from escaped text; the page's policy runs no other script
    for (const heading of words.querySelectorAll("h1, h2")) {
      heading.replaceWith(
        element(heading.tagName === "H1" ? "h3" : "h4", {}, heading.textContent ?? ""),
      );
    }
    root.append(words);
  }
}

/**
 * Everything that is seen, put into its places.
 * @param {PageData} data
 * @param {Places} places
 */
function built(data, places) {
  const groups = groupsOf(data.maps);
  const start = startOf(data.maps, groups.length);
  const differences = groups.map((maps) => differenceOf(data.maps, maps));
  const state = new State(data, namesOf(groups), start);
  if (alone) state.read(location.hash);
  applyTheme(state.choices.theme);
  const stages = groups.map(
    (maps, index) => new Stage(data, state, index, maps, differences[index]),
  );
  const strips = data.texts.map((text, index) => new Strip(data, state, text, index, stages));
  const chains = chainsOf(state, data.maps);
  places.texts.hidden = strips.length + chains.length === 0;
  places.choosing.hidden = !data.maps.some((map) => map.attribution);
  places.strips.append(...[...strips, ...chains].map(({ root }) => root));
  places.stages.append(...stages.map(({ root }) => root));
  askable(data, state, places.questions);
  const units = new UnitFields(state, places.units);
  const card = new TokenCard(data, state, stages, places.token);
  const inspector = new Inspector(state, stages, places.cell, places.spoken);
  const sheet = new Sheet(state, stages, places.aside);
  new Keys(state, stages, strips, units, places.keys);
  return { state, stages, strips, chains, inspector, units, card, sheet };
}

/**
 * Keep what is seen in step with what is chosen and pointed at.
 * @param {ReturnType<typeof built>} seen
 * @param {Places} places
 * @returns {() => void} shows everything anew
 */
function connected({ state, stages, strips, chains, inspector, units, card, sheet }, places) {
  let shown = "";
  const show = (/** @type {boolean} */ dark) => {
    // The text before the maps: they fit the room that is left, and the page is laid out once.
    for (const stage of stages) stage.compute(dark);
    for (const strip of strips) strip.paint(dark);
    for (const chain of chains) chain.paint();
    for (const stage of stages) stage.show();
    units.show();
    card.show();
    inspector.show("view");
    sheet.show();
  };
  const update = () => {
    const dark = isDark(state.choices.theme);
    applyTheme(state.choices.theme);
    show(dark);
    const { chosen, cell } = state.choices;
    const where = JSON.stringify([chosen, cell]);
    if (where !== shown) for (const one of [...strips, ...stages]) one.reveal();
    shown = where;
    if (alone) history.replaceState(null, "", `#${state.hash()}`);
  };
  const point = () => {
    for (const panel of stages.flatMap((stage) => stage.panels)) panel.repaint();
    for (const strip of strips) strip.light();
    inspector.show("pointer");
  };
  state.listeners.push((what) => (what === "view" ? update() : point()));
  onSystemTheme(update);
  onPrint(stages, strips, places, show, update);
  addEventListener("hashchange", () => {
    state.read(location.hash);
    update();
  });
  return update;
}
