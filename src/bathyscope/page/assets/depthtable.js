// Depth by word, sentence or role: each group's median layer and deep share, with their intervals.

import { element } from "./dom.js";

/** @typedef {import("./data.js").Groups} Groups */
/** @typedef {import("./data.js").Group} Group */
/** @typedef {import("./dom.js").Facts} Facts */

/**
 * A table of the groups in the order of the text; the deepest are marked.
 * @param {Groups} groups
 */
export function depthTable(groups) {
  const { by, each, layers, deepLayer } = groups;
  const shares = each.map(({ share }) => share);
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  const head = [by, "tokens", "median layer", `deep (layer ${deepLayer} or later)`];
  const rows = each.map((group) => {
    const deepest = group.share === most && most > least;
    const mark = deepest ? element("span", { class: "mark" }, "deepest") : "";
    const median = group.median - 1;
    const within = group.medianInterval?.map((layer) => layer - 1) ?? null;
    return element(
      "tr",
      { class: deepest ? "deepest" : "" },
      element("th", { scope: "row" }, element("code", { dir: "auto" }, group.label), mark),
      element("td", {}, String(group.tokens)),
      element("td", {}, medianText(group), gauge(median, within, Math.max(1, layers - 1), false)),
      element("td", {}, deepText(group), gauge(group.share, group.shareInterval, 1, true)),
    );
  });
  const table = element(
    "table",
    { class: "scores groups" },
    element("caption", {}, captionOf(groups)),
    element("thead", {}, element("tr", {}, ...head.map((text) => headCell(text)))),
    element("tbody", {}, ...rows),
  );
  const name = `How deep each ${by} was decided`;
  return element(
    "div",
    { class: "grouped", role: "region", tabindex: "0", "aria-label": name },
    table,
  );
}

/**
 * What is known of one group.
 * @param {Groups} groups
 * @param {number} at
 * @returns {Facts}
 */
export function groupFacts({ each, layers, clusters }, at) {
  const group = each[at];
  /** @type {Facts} */
  const facts = [
    ["median settling layer", `${medianText(group)} of ${layers}`],
    ["deep tokens", deepText(group)],
  ];
  if (clusters && group.clusters !== null) facts.push([`${clusters}s`, String(group.clusters)]);
  return facts;
}

/** @param {Groups} groups */
function captionOf({ by, clusters }) {
  if (!clusters) return `In the order of the text; a ${by} has too few tokens for intervals`;
  return (
    `In the order of the text; 95 % intervals count ${clusters}s, since what stands in one ` +
    "settles alike, and need four of them"
  );
}

/** @param {string} text */
const headCell = (text) => element("th", { scope: "col" }, text);

/** @param {Group} group */
function medianText({ median, medianInterval }) {
  return medianInterval ? `${median} (${medianInterval.join(" to ")})` : String(median);
}

/** @param {Group} group */
function deepText({ deep, tokens, share, shareInterval }) {
  const within = shareInterval?.map((end) => end.toFixed(2)).join(" to ");
  return `${deep} of ${tokens}, ${share.toFixed(2)}${within ? ` (${within})` : ""}`;
}

/**
 * A value on a line from 0 to its most, with its interval.
 * @param {number} value
 * @param {number[] | null} interval
 * @param {number} most
 * @param {boolean} filled whether it is a share of the line, and no place on it
 */
function gauge(value, interval, most, filled) {
  const percent = (/** @type {number} */ one) => `${((100 * one) / most).toFixed(2)}%`;
  const shown = element("span", { class: filled ? "fill" : "dot" });
  if (filled) shown.style.width = percent(value);
  else shown.style.left = percent(value);
  const made = element("span", { class: "gauge", "aria-hidden": "true" }, shown);
  if (interval) {
    const whisker = element("span", { class: "whisker" });
    whisker.style.left = percent(interval[0]);
    whisker.style.width = percent(interval[1] - interval[0]);
    made.append(whisker);
  }
  return made;
}
