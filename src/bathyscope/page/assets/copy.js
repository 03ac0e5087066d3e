// A map as text to paste elsewhere: the command or the Python that makes it, or a Markdown table.

import { button, element, select } from "./dom.js";
import { cellNumber } from "./grid.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("./panel.js").View} View */

/** @type {[string, string][]} */
const FORMS = [
  ["", "Copy as …"],
  ["cli", "command line"],
  ["python", "Python"],
  ["markdown", "Markdown"],
];

/**
 * A choice of what to copy; commands only where the map says how it was made.
 * @param {Panel} panel
 */
export function copyField(panel) {
  const forms = panel.map.copies
    ? FORMS
    : FORMS.filter(([form]) => ["", "markdown"].includes(form));
  const { field, made } = select("Copy as", forms, "", (form) => {
    made.value = "";
    if (form) void copied(textOf(panel, form));
  });
  field.className = "copy";
  return field;
}

/**
 * @param {Panel} panel
 * @param {string} form
 */
export function textOf(panel, form) {
  const { copies } = panel.map;
  if (form === "cli") return copies?.cli ?? "";
  if (form === "python") return copies?.python ?? "";
  return markdownOf(panel);
}

/** The map as it is shown, as a table. @param {Panel} panel */
function markdownOf({ map, view }) {
  const { grid, order } = /** @type {View} */ (view);
  const width = grid.columns.labels.length;
  const unit = map.quantity.unit ? `, ${map.quantity.unit}` : "";
  const heads = order.map((column) => inCell(grid.columns.labels[column]));
  const lines = grid.rows.labels.map((label, row) => {
    const cells = order.map((column) => cellNumber(grid, row * width + column));
    return `| ${[inCell(label), ...cells].join(" | ")} |`;
  });
  const account = map.copies?.account ? `${map.copies.account}\n\n` : "";
  return (
    `${account}**${inCell(map.title)}**: ${inCell(map.name)}${unit}\n\n` +
    `| ${[inCell(grid.rows.name), ...heads].join(" | ")} |\n` +
    `| --- |${" ---: |".repeat(order.length)}\n${lines.join("\n")}\n\n${inCell(map.caption)}\n`
  );
}

/** Text inside a Markdown table, in which nothing is a mark. @param {string} text */
function inCell(text) {
  return text.replace(/[\\`*_{}[\]<>#|!~&]/g, "\\$&").replace(/\s+/g, " ");
}

/** Put a text where it can be pasted from; or, where that is not allowed, show it marked. @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    shownToCopy(text);
  }
}

/** @param {string} text */
function shownToCopy(text) {
  const field = element("textarea", { readonly: true, rows: "12", "aria-label": "Text to copy" });
  field.value = text;
  const dialog = element("dialog", { class: "copying", "aria-label": "Copy" });
  const close = button("Close", "Close", () => dialog.close());
  dialog.append(element("p", {}, "Press Ctrl+C to copy."), field, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  field.select();
}
