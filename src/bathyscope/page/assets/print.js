// On paper: light, without controls, every map whole, in strips where it is wider than a page.

import { element } from "./dom.js";
import { NOTHING_LIT } from "./frame.js";
import { paint } from "./paint.js";
import { CanvasSurface } from "./surface.js";
import { inksOf } from "./theme.js";

/** @typedef {import("./panel.js").Panel} Panel */
/** @typedef {import("./stage.js").Stage} Stage */

const PAPER_WIDTH = 680; // CSS pixels between the margins of A4 and of Letter
const PRINTED = 2; // pixels of a canvas for each of the page's

/**
 * @param {Stage[]} stages
 * @param {import("./strip.js").Strip[]} strips
 * @param {import("./layout.js").Places} places
 * @param {(dark: boolean) => void} show
 * @param {() => void} update shows all as it was
 */
export function onPrint(stages, strips, places, show, update) {
  const { words } = places;
  const told = /** @type {HTMLDetailsElement} */ (words.parentElement);
  let wasOpen = false;
  let printing = false;
  const begin = () => {
    if (printing) return;
    printing = true;
    wasOpen = told.open;
    told.open = true;
    document.documentElement.dataset.theme = "light";
    for (const strip of strips) strip.complete(false);
    show(false);
    for (const panel of shownPanels(stages)) panel.window.after(wholeMap(panel));
  };
  const end = () => {
    if (!printing) return;
    printing = false;
    told.open = wasOpen;
    for (const made of document.querySelectorAll(".on-paper")) made.remove();
    update();
  };
  addEventListener("beforeprint", begin);
  addEventListener("afterprint", end);
  const medium = matchMedia("print");
  medium.addEventListener("change", () => (medium.matches ? begin() : end()));
}

/** @param {Stage[]} stages @returns {Panel[]} */
function shownPanels(stages) {
  const panels = stages.flatMap((stage) => stage.panels);
  return panels.filter(({ view, root }) => view && view.order.length > 0 && !root.hidden);
}

/**
 * A map in strips of as many columns as a page is wide.
 * @param {Panel} panel
 */
export function wholeMap(panel) {
  const view = /** @type {import("./panel.js").View} */ (panel.view);
  const { grid, order, margins, look } = view;
  const rows = grid.rows.labels.length;
  const room = PAPER_WIDTH - margins.left - margins.overhang;
  const cellWidth = Math.max(12, Math.min(64, room / order.length));
  const cellHeight = rows <= 24 ? 22 : rows <= 48 ? 12 : 8;
  const each = Math.max(1, Math.floor(room / cellWidth));
  const strips = element("div", { class: "on-paper", "aria-hidden": "true" });
  for (let start = 0; start < order.length; start += each) {
    const own = order.slice(start, start + each);
    const width = Math.ceil(margins.left + own.length * cellWidth + margins.overhang);
    const height = Math.ceil(margins.top + rows * cellHeight + 4);
    /** @type {import("./frame.js").Frame} */
    const frame = {
      ...view,
      ...NOTHING_LIT,
      order: own,
      threshold: look.threshold,
      fade: look.fade,
      odd: true,
      cellWidth,
      cellHeight,
      width,
      height,
      x: 0,
      y: 0,
      inks: inksOf(),
    };
    strips.append(pictureOf(frame));
  }
  return strips;
}

/** @param {import("./frame.js").Frame} frame */
function pictureOf(frame) {
  const { width, height } = frame;
  const canvas = element("canvas", {
    width: String(width * PRINTED),
    height: String(height * PRINTED),
  });
  canvas.style.width = `${width}px`;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(PRINTED, PRINTED);
  paint(new CanvasSurface(context), frame);
  return canvas;
}
