// The current view of a map as a file: PNG, SVG, CSV.

import { copyField } from "./copy.js";
import { button, element } from "./dom.js";
import { NOTHING_LIT } from "./frame.js";
import { exactNumber, tickNumber } from "./numbers.js";
import { paint } from "./paint.js";
import { valueAt } from "./scale.js";
import { CanvasSurface, SvgSurface, fitted, textWidth } from "./surface.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("./panel.js").View} View */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./surface.js").Surface} Surface */

const DENSITY = 3; // pixels of a PNG for each of the page's
const [HEAD, MARGIN, LINE] = [34, 16, 15];
const BAR = 64; // height of the colour bar with its values and its legend
const SMALL = 11;

/** @type {Record<string, (panel: Panel) => Promise<Blob> | Blob>} */
const WRITERS = { png: pngOf, svg: svgOf, csv: csvOf };

/** @param {Panel} panel */
export function exportButtons(panel) {
  const buttons = Object.keys(WRITERS).map((kind) =>
    button(kind.toUpperCase(), `Save the view of this map as ${kind.toUpperCase()}`, () =>
      save(panel, kind),
    ),
  );
  const saved = element("div", { class: "exports", role: "group", "aria-label": "Save as" });
  saved.append(...buttons);
  return element("div", { class: "takeaway" }, copyField(panel), saved);
}

/**
 * Hand a file to the reader.
 * @param {Panel} panel
 * @param {string} kind "png", "svg" or "csv"
 */
export async function save(panel, kind) {
  if (!panel.view || !panel.frame || panel.view.order.length === 0) return;
  const address = URL.createObjectURL(await WRITERS[kind](panel));
  const name = `${panel.map.kind} ${panel.map.name}`.replace(/[^\p{L}\p{N}.-]+/gu, "-");
  element("a", { href: address, download: `${name}.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** @param {Panel} panel */
function sizeOf(panel) {
  const frame = /** @type {Frame} */ (panel.frame);
  const width = Math.max(480, frame.width + 2 * MARGIN);
  const notes = wrapped(panel.note.textContent ?? "", width - 2 * MARGIN);
  return { width, height: HEAD + frame.height + BAR + notes.length * LINE + 8, notes };
}

/**
 * @param {Panel} panel
 * @returns {Promise<Blob>}
 */
function pngOf(panel) {
  const size = sizeOf(panel);
  const { width, height } = size;
  const canvas = element("canvas");
  canvas.width = Math.round(width * DENSITY);
  canvas.height = Math.round(height * DENSITY);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(DENSITY, DENSITY);
  const moved = new CanvasSurface(context);
  context.fillStyle = /** @type {Frame} */ (panel.frame).inks.card;
  context.fillRect(0, 0, width, height);
  paintSheet(moved, panel, size, (draw) => {
    context.save();
    context.translate(MARGIN, HEAD);
    draw();
    context.restore();
  });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
  });
}

/** @param {Panel} panel */
function svgOf(panel) {
  const size = sizeOf(panel);
  const { width, height } = size;
  const surface = new SvgSurface(width, height);
  surface.fillRect(0, 0, width, height, /** @type {Frame} */ (panel.frame).inks.card);
  paintSheet(surface, panel, size, (draw) => {
    surface.parts.push(`<g transform="translate(${MARGIN} ${HEAD})">`);
    draw();
    surface.parts.push("</g>");
  });
  const words = element("div");
  words.innerHTML = panel.map.words;
  const svg = surface.document(panel.map.title, words.textContent?.trim() ?? "");
  return new Blob([svg], { type: "image/svg+xml" });
}

/**
 * Title, map, colour bar and caption.
 * @param {Surface} surface
 * @param {Panel} panel
 * @param {{width: number, height: number, notes: string[]}} size
 * @param {(draw: () => void) => void} moved draws below the title
 */
function paintSheet(surface, panel, size, moved) {
  const frame = /** @type {Frame} */ (panel.frame);
  const { inks } = frame;
  const room = size.width - 2 * MARGIN;
  const style = { fill: inks.ink, size: 15, bold: true };
  const { title, name } = panel.map;
  surface.text(fitted(panel.named ? `${title}: ${name}` : title, room, style), MARGIN, 19, style);
  moved(() => paint(surface, { ...frame, ...NOTHING_LIT }));
  const below = HEAD + frame.height;
  paintBar(surface, frame, panel.map.quantity.legend, below + 12, Math.min(240, room));
  size.notes.forEach((line, i) => {
    surface.text(line, MARGIN, below + BAR + (i + 0.5) * LINE, { fill: inks.muted, size: SMALL });
  });
}

/**
 * @param {Surface} surface
 * @param {Frame} frame
 * @param {string} legend
 * @param {number} y
 * @param {number} long
 */
function paintBar(surface, frame, legend, y, long) {
  const { inks, scale, table } = frame;
  for (let i = 0; i < 64; i++) {
    surface.fillRect(MARGIN + (i * long) / 64, y, long / 64 + 0.5, 9, table.css[i * 4 + 2]);
  }
  const small = { fill: inks.ink, size: SMALL };
  for (const place of [0, 0.5, 1]) {
    const align = /** @type {const} */ (["left", "center", "right"])[place * 2];
    const text = tickNumber(valueAt(scale, place));
    surface.text(text, MARGIN + place * long, y + 18, { ...small, align });
  }
  const spread = scale.linear !== null ? ", symmetric log scale" : "";
  surface.text(legend + spread, MARGIN, y + 34, { ...small, fill: inks.muted });
}

/**
 * Lines of words that fit a width.
 * @param {string} text
 * @param {number} room
 */
function wrapped(text, room) {
  const style = { fill: "", size: SMALL };
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (textWidth(longer, style) <= room || lines[lines.length - 1] === "")
      lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/**
 * The columns that are shown, all rows, every digit; laid out like a run's scores.csv.
 * @param {Panel} panel
 */
function csvOf(panel) {
  const { grid, order } = /** @type {View} */ (panel.view);
  const single = grid.values instanceof Float32Array;
  const error = grid.error;
  const bound = grid.merged ? "standard_error_at_most" : "standard_error";
  const head = ["row", "row_label", "column", "column_label", "value", ...(error ? [bound] : [])];
  const lines = [head.join(",")];
  const width = grid.columns.labels.length;
  grid.rows.labels.forEach((rowLabel, row) => {
    for (const column of order) {
      const cell = row * width + column;
      const line = [
        String(row),
        quoted(rowLabel),
        String(column),
        quoted(grid.columns.labels[column]),
      ];
      line.push(exactNumber(grid.values[cell], single));
      if (error) line.push(exactNumber(error[cell], error instanceof Float32Array));
      lines.push(line.join(","));
    }
  });
  return new Blob([`${lines.join("\n")}\n`], { type: "text/csv" });
}

/** @param {string} label */
function quoted(label) {
  return /[",\r\n]/.test(label) ? `"${label.replace(/"/g, '""')}"` : label;
}
