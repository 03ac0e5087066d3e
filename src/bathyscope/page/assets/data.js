// What the page holds: the document that `page/data.py` wrote, its arrays unpacked.

import { unpacked } from "./arrays.js";

/** @typedef {import("./arrays.js").Packed} Packed */
/** @typedef {import("./arrays.js").Numbers} Numbers */
/** @typedef {{of: number[], labels: string[]}} Unit */
/** @typedef {{name: string, labels: string[], link: string,
 *   over: "" | "prompt" | "answer", units: Record<string, Unit>}} Axis */
/**
 * @typedef {object} Quantity
 * @property {string} name
 * @property {string} unit
 * @property {[number, number] | null} bounds
 * @property {number | null} neutral
 * @property {string} legend
 */
/** @typedef {{all: Numbers, none: Numbers, gap: Numbers, whole: Numbers,
 *   wholeError: Numbers | null, additive: boolean}} Attribution */
/** @typedef {{error: Numbers, margin: Numbers | null, unvaried: Numbers | null}} Sampling */
/** @typedef {{tokens: Numbers, probabilities: Numbers, labels: string[], each: number}} Top */
/** @typedef {{settling: number[], layers: number, threshold: number, deepLayer: number,
 *   ratio: number, top: Top | null}} Depth */
/** How probable each token along an axis was, and what the model would have written there.
 * @typedef {{along: "rows" | "columns", probabilities: Numbers, ranks: number[],
 *   greedy: string[], greedyProbabilities: Numbers}} Evidence */
/** @typedef {{name: string, area: number | null, comprehensiveness: number | null,
 *   sufficiency: number | null, agreement: number | null}} Ranked null where it is no number */
/** @typedef {{maps: Ranked[], random: number | null, error: number | null}} Faithfulness */
/** @typedef {{parts: number, pieces: {text: string, passage: number | null}[]}} Chain */
/**
 * @typedef {object} MapData
 * @property {number} index
 * @property {string} kind
 * @property {string} name
 * @property {string} title
 * @property {string} origin who wrote the answer, where that was not the model
 * @property {string} explanation
 * @property {string} caption
 * @property {string[]} notes what is worth knowing before the numbers are relied on
 * @property {string} words HTML, made by page/data.py from escaped text
 * @property {Quantity} quantity
 * @property {Axis} rows
 * @property {Axis} columns
 * @property {Numbers} values row after row
 * @property {boolean} rounded
 * @property {Attribution | null} attribution
 * @property {Sampling | null} sampling
 * @property {Depth | null} depth
 * @property {Evidence | null} evidence
 * @property {Faithfulness | null} faithfulness
 * @property {Chain | null} chain
 */
/** @typedef {{text: string, feature: number | null}} Piece */
/** @typedef {{names: string[], prompt: Piece[], features: string | null, answer: string,
 *   tokens: string[]}} Text */
/** @typedef {Record<string, Uint8Array>} Tables */
/** @typedef {{heading: string, maps: MapData[], texts: Text[], palettes: {day: Record<string, string>,
 *   night: Record<string, string>}, sequential: string, diverging: string}} PageData */

/**
 * @param {string} json
 * @returns {Promise<PageData>}
 */
export async function readData(json) {
  const document = JSON.parse(json);
  document.maps = await Promise.all(document.maps.map(readMap));
  return document;
}

/**
 * @param {any} map
 * @param {number} index
 * @returns {Promise<MapData>}
 */
async function readMap(map, index) {
  const each = map.depth?.top?.tokens.shape[2];
  await unpackWithin(map);
  if (map.depth?.top) map.depth.top.each = each;
  return { ...map, index };
}

/**
 * Replace every packed array inside a value by its numbers.
 * @param {any} holder
 * @returns {Promise<void>}
 */
async function unpackWithin(holder) {
  const waiting = Object.entries(holder).map(async ([key, value]) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return;
    if ("planes" in value) holder[key] = await unpacked(value);
    else if (key !== "rows" && key !== "columns") await unpackWithin(value);
  });
  await Promise.all(waiting);
}
