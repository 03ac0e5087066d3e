// The current view of a map as a file: PNG, SVG, CSV.

import { button, element } from "./dom.js";
import { exactNumber, tickNumber } from "./numbers.js";
import { paint } from "./paint.js";
import { valueAt } from "./scale.js";
import { CanvasSurface, SvgSurface, fitted } from "./surface.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("./panel.js").View} View */
/** @typedef {import("./paint.js").Frame} Frame */
/** @typedef {import("./surface.js").Surface} Surface */

const DENSITY = 3; // pixels of a PNG for each of the page's
const [HEAD, FOOT, MARGIN] = [34, 64, 16];

/** @type {Record<string, (panel: Panel) => Promise<Blob> | Blob>} */
const WRITERS = { png: pngOf, svg: svgOf, csv: csvOf };

/** @param {Panel} panel */
export function exportButtons(panel) {
  const buttons = Object.keys(WRITERS).map((kind) =>
    button(kind.toUpperCase(), `Save the view of this map as ${kind.toUpperCase()}`, () =>
      save(panel, kind),
    ),
  );
  return element("div", { class: "exports", role: "group", "aria-label": "Save as" }, ...buttons);
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
  const { width, height } = /** @type {Frame} */ (panel.frame);
  return { width: Math.max(480, width + 2 * MARGIN), height: height + HEAD + FOOT };
}

/**
 * @param {Panel} panel
 * @returns {Promise<Blob>}
 */
function pngOf(panel) {
  const { width, height } = sizeOf(panel);
  const canvas = element("canvas");
  canvas.width = Math.round(width * DENSITY);
  canvas.height = Math.round(height * DENSITY);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(DENSITY, DENSITY);
  const moved = new CanvasSurface(context);
  context.fillStyle = /** @type {Frame} */ (panel.frame).inks.card;
  context.fillRect(0, 0, width, height);
  paintSheet(moved, panel, width, height, (draw) => {
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
  const { width, height } = sizeOf(panel);
  const surface = new SvgSurface(width, height);
  surface.fillRect(0, 0, width, height, /** @type {Frame} */ (panel.frame).inks.card);
  paintSheet(surface, panel, width, height, (draw) => {
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
 * @param {number} width
 * @param {number} height
 * @param {(draw: () => void) => void} moved draws below the title
 */
function paintSheet(surface, panel, width, height, moved) {
  const frame = /** @type {Frame} */ (panel.frame);
  const { inks, scale, table } = frame;
  const title = { fill: inks.ink, size: 15, bold: true };
  surface.text(fitted(panel.map.title, width - 2 * MARGIN, title), MARGIN, 19, title);
  moved(() => paint(surface, { ...frame, litRow: null, litColumn: null, cursor: null }));
  const y = height - FOOT + 14;
  const [x, long] = [MARGIN, Math.min(220, width - 2 * MARGIN)];
  for (let i = 0; i < 64; i++) {
    surface.fillRect(x + (i * long) / 64, y, long / 64 + 0.5, 9, table.css[i * 4 + 2]);
  }
  const small = { fill: inks.muted, size: 11 };
  for (const place of [0, 0.5, 1]) {
    const align = /** @type {const} */ (["left", "center", "right"])[place * 2];
    surface.text(tickNumber(valueAt(scale, place)), x + place * long, y + 19, { ...small, align });
  }
  const beside = width - long - 3 * MARGIN;
  const { legend } = panel.map.quantity;
  if (beside > 60) surface.text(fitted(legend, beside, small), x + long + MARGIN, y + 5, small);
  const note = panel.note.textContent ?? "";
  surface.text(fitted(note, width - 2 * MARGIN, small), x, y + 38, small);
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
      const line = [String(row), quoted(rowLabel), String(column), quoted(grid.columns.labels[column])];
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
