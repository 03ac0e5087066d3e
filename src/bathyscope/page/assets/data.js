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
 *   wholeMargin: Numbers | null, additive: boolean}} Attribution */
/** @typedef {{error: Numbers, margin: Numbers | null, unvaried: Numbers | null,
 *   shared: Numbers | null}} Sampling */
/** @typedef {{tokens: Numbers, probabilities: Numbers, labels: string[], each: number}} Top */
/** @typedef {{settling: number[], layers: number, threshold: number, deepLayer: number,
 *   ratio: number, top: Top | null}} Depth */
/** How probable each token along an axis was, and what the model would have written there.
 * @typedef {{along: "rows" | "columns", probabilities: Numbers, ranks: number[],
 *   greedy: string[], greedyProbabilities: Numbers}} Evidence */
/** @typedef {{name: string, area: number | null, comprehensiveness: number | null,
 *   sufficiency: number | null, agreement: number | null}} Ranked null where it is no number */
/** @typedef {{maps: Ranked[], random: number | null, error: number | null}} Faithfulness */
/** @typedef {{parts: number, pieces: {text: string, passage: number | null, depth: string | null}[]}} Chain */
/**
 * @typedef {object} MapData
 * @property {number} index
 * @property {string} id the same for the same map on every page
 * @property {string[]} about names of what it is about; maps that share one belong together
 * @property {number | null} text which of the page's texts it is about
 * @property {{row: number, column: number}} opening the cell that it opens on
 * @property {{cli: string, python: string, account: string} | null} copies
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
 * @property {Numbers | null} [pending] 1 for each cell that is still being computed
 * @property {Attribution | null} attribution
 * @property {Sampling | null} sampling
 * @property {Depth | null} depth
 * @property {Evidence | null} evidence
 * @property {Faithfulness | null} faithfulness
 * @property {Chain | null} chain
 * @property {Groups | null} groups
 */
/** A word, a sentence or a role: intervals of 95 %, null where there is too little to count.
 * @typedef {{label: string, tokens: number, median: number, medianInterval: number[] | null,
 *   deep: number, share: number, shareInterval: number[] | null, clusters: number | null}} Group */
/** @typedef {{by: string, clusters: string | null, layers: number, deepLayer: number,
 *   each: Group[]}} Groups */
/** @typedef {{text: string, feature: number | null}} Piece */
/** @typedef {{names: string[], prompt: Piece[], features: string | null, answer: string,
 *   tokens: string[]}} Text */
/** @typedef {{text: string, map: number, row: number, column: number, choose: "row" | "column"}} Question
 *   a question, and the cell and its token or part that answer it */
/** @typedef {Record<string, Uint8Array>} Tables */
/** @typedef {{heading: string, maps: MapData[], texts: Text[], questions: Question[], palettes: {day: Record<string, string>,
 *   night: Record<string, string>}, sequential: string, diverging: string}} PageData */

/**
 * Unpack a document.
 * @param {any} document
 * @returns {Promise<PageData>}
 */
export async function readData(document) {
  return { ...document, maps: await Promise.all(document.maps.map(readMap)) };
}

/**
 * Unpack one of its maps.
 * @param {any} map
 * @param {number} index
 * @returns {Promise<MapData>}
 */
export async function readMap(map, index) {
  const each = map.depth?.top?.tokens.shape[2];
  const read = await unpackedWithin(map);
  if (read.depth?.top) read.depth.top.each = each;
  return { ...read, index };
}

/**
 * A value with its numbers in the place of every packed array; what is no record stays.
 * @param {any} holder
 * @returns {Promise<any>}
 */
async function unpackedWithin(holder) {
  const isRecord = holder !== null && Object.getPrototypeOf(holder) === Object.prototype;
  if (!isRecord) return holder;
  if ("planes" in holder) return unpacked(holder);
  const waiting = Object.entries(holder).map(async ([key, value]) => [
    key,
    key === "rows" || key === "columns" ? value : await unpackedWithin(value),
  ]);
  return Object.fromEntries(await Promise.all(waiting));
}
