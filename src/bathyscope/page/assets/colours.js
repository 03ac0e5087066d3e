// Colours from the tables that `page/palettes.py` took from `render/palette.py`.

import { bytesOf } from "./arrays.js";
import { position } from "./scale.js";

/** @typedef {import("./scale.js").Scale} Scale */
/** @typedef {import("./data.js").PageData} PageData */
/**
 * The 256 colours of a palette, and as many faint ones for cells that may be nothing.
 * @typedef {{pixels: Uint32Array, css: string[], inks: string[], faint: Table | null}} Table
 */

const PAPER = { day: [255, 255, 255], night: [22, 29, 36] }; // the cards of page.css
const FAINT = 0.7; // of the card in a faint colour

/** @type {Map<string, Table>} */
const tablesByName = new Map();

/**
 * A palette's 256 colours, for a light or a dark page.
 * @param {PageData} data
 * @param {string} name
 * @param {boolean} dark
 * @returns {Table}
 */
export function tableOf(data, name, dark) {
  const key = `${name} ${dark}`;
  const known = tablesByName.get(key);
  if (known) return known;
  const time = dark ? "night" : "day";
  const bytes = bytesOf(data.palettes[time][name]);
  const faint = Uint8Array.from(bytes, (byte, i) =>
    Math.round(FAINT * PAPER[time][i % 3] + (1 - FAINT) * byte),
  );
  const table = tableFrom(bytes, tableFrom(faint, null));
  tablesByName.set(key, table);
  return table;
}

/**
 * @param {Uint8Array} bytes red, green, blue of each colour
 * @param {Table | null} faint
 * @returns {Table}
 */
function tableFrom(bytes, faint) {
  /** @type {Table} */
  const table = { pixels: new Uint32Array(256), css: [], inks: [], faint };
  for (let i = 0; i < 256; i++) {
    const [red, green, blue] = bytes.subarray(3 * i, 3 * i + 3);
    table.pixels[i] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    table.css.push(`rgb(${red}, ${green}, ${blue})`);
    table.inks.push(inkOn(red, green, blue));
  }
  return table;
}

/**
 * The place of a value's colour in a table.
 * @param {Scale} scale
 * @param {number} value
 */
export function colourIndex(scale, value) {
  const place = Math.floor(position(scale, value) * 256);
  return place < 0 ? 0 : place > 255 ? 255 : place;
}

/**
 * Black or white, whichever contrasts more with a colour (WCAG 2): always 4.5 : 1 or more.
 * @param {number} red
 * @param {number} green
 * @param {number} blue
 */
function inkOn(red, green, blue) {
  const luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return (luminance + 0.05) ** 2 > 1.05 * 0.05 ? "#000000" : "#ffffff";
}

/** @param {number} byte */
function linear(byte) {
  const share = byte / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
