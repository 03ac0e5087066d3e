// The places of a mounted page: text and maps at the left, what is known of the choice at the right.

import { button, element } from "./dom.js";

/**
 * @typedef {object} Places
 * @property {HTMLElement} questions
 * @property {HTMLElement} texts
 * @property {HTMLElement} choosing how to choose, where there is something to choose
 * @property {HTMLElement} units
 * @property {HTMLElement} strips
 * @property {HTMLElement} stages
 * @property {HTMLElement} words
 * @property {HTMLElement} aside
 * @property {HTMLElement} token
 * @property {HTMLElement} cell
 * @property {HTMLDialogElement} keys
 * @property {HTMLElement} spoken
 */

const CHOOSING =
  "Choose a token of the answer to see what drove it, or a part of the prompt to see what it " +
  "drove. Drag over tokens to sum them.";
const HINT = "Arrow keys move the cursor in a map, Enter chooses its token, Space its column.";

/**
 * Build the places and put them into an element, which is emptied.
 * @param {HTMLElement} root
 * @returns {Places}
 */
export function placesIn(root) {
  const questions = element("div", {
    class: "questions",
    role: "group",
    "aria-label": "Questions",
  });
  const choosing = element("p", { class: "explained", id: "choosing" }, CHOOSING);
  const units = element("div", { id: "units" });
  const strips = element("div", { id: "strips" });
  const texts = section("texts", "The text", units, choosing, strips);
  const stages = element("div", { id: "stages" });
  const words = element("div", { id: "words" });
  const told = element("details", { id: "told" }, element("summary", {}, "In words"), words);
  const token = element("section", { id: "token", "aria-label": "Token" });
  const cell = element("div", { id: "cell" });
  const pinned = section("pinned", "Cell", "", cell);
  const aside = element("aside", { "aria-label": "Details" }, token, pinned);
  const keys = keysDialog();
  const spoken = element("p", {
    id: "spoken",
    class: "unseen",
    role: "status",
    "aria-live": "polite",
  });
  const main = element("main", {}, texts, stages, told);
  const hint = element("p", { id: "keys-hint", class: "unseen" }, HINT);
  const layout = element("div", { class: "layout" }, main, aside);
  const ask = { class: "top-line", "aria-label": "Questions and keys" };
  const top = element("section", ask, questions, keyButton(keys), hint);
  root.replaceChildren(top, layout, keys, spoken);
  return {
    questions,
    texts,
    choosing,
    units,
    strips,
    stages,
    words,
    aside,
    token,
    cell,
    keys,
    spoken,
  };
}

/**
 * @param {string} id
 * @param {string} title
 * @param {HTMLElement | string} beside
 * @param {...HTMLElement} content
 */
function section(id, title, beside, ...content) {
  const heading = element("h2", { id: `${id}-heading` }, title);
  const line = element("div", { class: "heading" }, heading, beside);
  return element("section", { id, "aria-labelledby": `${id}-heading` }, line, ...content);
}

function keysDialog() {
  const dialog = element("dialog", { id: "keys", "aria-labelledby": "keys-heading" });
  const close = button("Close", "Close the list of keys", () => dialog.close());
  const heading = element("h2", { id: "keys-heading" }, "Keys");
  dialog.append(element("div", { class: "heading" }, heading, close));
  return dialog;
}

/** @param {HTMLDialogElement} keys */
function keyButton(keys) {
  const made = button("?", "Keys (?)", () => keys.showModal());
  made.setAttribute("aria-label", "Keys");
  made.setAttribute("aria-haspopup", "dialog");
  made.className = "round";
  return made;
}
