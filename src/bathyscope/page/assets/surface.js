// Two surfaces with one vocabulary: the screen's canvas, and SVG. A map is painted once, on either.

/** @typedef {{fill: string, size: number, bold?: boolean, align?: "left" | "center" | "right",
 *   angle?: number}} TextStyle */
/** @typedef {[number, number][]} Points */
/**
 * @typedef {object} Surface
 * @property {(x: number, y: number, w: number, h: number, fill: string) => void} fillRect
 * @property {(x: number, y: number, w: number, h: number, colour: string, width: number) => void} strokeRect
 * @property {(points: Points, colour: string, width: number) => void} line
 * @property {(text: string, x: number, y: number, style: TextStyle) => void} text
 * @property {(image: HTMLCanvasElement, x: number, y: number, w: number, h: number) => void} image
 * @property {(x: number, y: number, w: number, h: number, draw: () => void) => void} clipped
 */

const FONT = 'system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif';

/** @param {TextStyle} style */
function fontOf(style) {
  return `${style.bold ? "600 " : ""}${style.size}px ${FONT}`;
}

/** @implements {Surface} */
export class CanvasSurface {
  /** @param {CanvasRenderingContext2D} context */
  constructor(context) {
    this.context = context;
  }

  /** @type {Surface["fillRect"]} */
  fillRect(x, y, w, h, fill) {
    this.context.fillStyle = fill;
    this.context.fillRect(x, y, w, h);
  }

  /** @type {Surface["strokeRect"]} */
  strokeRect(x, y, w, h, colour, width) {
    this.context.strokeStyle = colour;
    this.context.lineWidth = width;
    this.context.strokeRect(x, y, w, h);
  }

  /** @type {Surface["line"]} */
  line(points, colour, width) {
    const { context } = this;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
  }

  /** @type {Surface["text"]} */
  text(text, x, y, style) {
    const { context } = this;
    context.font = fontOf(style);
    context.fillStyle = style.fill;
    context.textAlign = style.align ?? "left";
    context.textBaseline = "middle";
    if (!style.angle) {
      context.fillText(text, x, y);
      return;
    }
    context.save();
    context.translate(x, y);
    context.rotate((style.angle * Math.PI) / 180);
    context.fillText(text, 0, 0);
    context.restore();
  }

  /** @type {Surface["image"]} */
  image(image, x, y, w, h) {
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(image, x, y, w, h);
  }

  /** @type {Surface["clipped"]} */
  clipped(x, y, w, h, draw) {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(x, y, w, h);
    context.clip();
    draw();
    context.restore();
  }
}

/** @implements {Surface} */
export class SvgSurface {
  /**
   * @param {number} width
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    /** @type {string[]} */
    this.parts = [];
    this.clips = 0;
  }

  /** @type {Surface["fillRect"]} */
  fillRect(x, y, w, h, fill) {
    this.parts.push(`<rect ${box(x, y, w, h)} fill="${fill}"/>`);
  }

  /** @type {Surface["strokeRect"]} */
  strokeRect(x, y, w, h, colour, width) {
    this.parts.push(
      `<rect ${box(x, y, w, h)} fill="none" stroke="${colour}" stroke-width="${width}"/>`,
    );
  }

  /** @type {Surface["line"]} */
  line(points, colour, width) {
    const path = points.map((point) => point.map(digits).join(",")).join(" ");
    this.parts.push(
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${width}"/>`,
    );
  }

  /** @type {Surface["text"]} */
  text(text, x, y, style) {
    const anchor = { left: "start", center: "middle", right: "end" }[style.align ?? "left"];
    const turned = style.angle
      ? ` transform="rotate(${style.angle} ${digits(x)} ${digits(y)})"`
      : "";
    this.parts.push(
      `<text x="${digits(x)}" y="${digits(y)}" dy=".35em" font-size="${style.size}" ` +
        `text-anchor="${anchor}" fill="${style.fill}"${style.bold ? ' font-weight="600"' : ""}` +
        `${turned} xml:space="preserve">${escaped(text)}</text>`,
    );
  }

  /** @type {Surface["image"]} */
  image(image, x, y, w, h) {
    this.parts.push(
      `<image ${box(x, y, w, h)} preserveAspectRatio="none" image-rendering="pixelated" ` +
        `href="${image.toDataURL("image/png")}"/>`,
    );
  }

  /** @type {Surface["clipped"]} */
  clipped(x, y, w, h, draw) {
    const name = `clip-${(this.clips += 1)}`;
    this.parts.push(`<clipPath id="${name}"><rect ${box(x, y, w, h)}/></clipPath>`);
    this.parts.push(`<g clip-path="url(#${name})">`);
    draw();
    this.parts.push("</g>");
  }

  /**
   * The document.
   * @param {string} title
   * @param {string} description
   */
  document(title, description) {
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${this.width} ${this.height}" ` +
      `width="${this.width}" height="${this.height}" role="img" font-family='${FONT}'>\n` +
      `<title>${escaped(title)}</title>\n<desc>${escaped(description)}</desc>\n` +
      `${this.parts.join("\n")}\n</svg>\n`
    );
  }
}

/** @param {number} number */
function digits(number) {
  return Number(number.toFixed(2));
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} w
 * @param {number} h
 */
function box(x, y, w, h) {
  return `x="${digits(x)}" y="${digits(y)}" width="${digits(w)}" height="${digits(h)}"`;
}

/**
 * Text for XML: markup escaped, characters that XML cannot hold replaced.
 * @param {string} text
 */
function escaped(text) {
  return text
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]/gu, "\ufffd")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}

/** @type {Map<string, string>} */
const fits = new Map();
const ruler = /** @type {CanvasRenderingContext2D} */ (
  document.createElement("canvas").getContext("2d")
);

/**
 * @param {string} text
 * @param {TextStyle} style
 */
export function textWidth(text, style) {
  ruler.font = fontOf(style);
  return ruler.measureText(text).width;
}

/**
 * A label, its end cut off where it is wider than there is room.
 * @param {string} text
 * @param {number} room
 * @param {TextStyle} style
 */
export function fitted(text, room, style) {
  const key = `${room}|${fontOf(style)}|${text}`;
  const known = fits.get(key);
  if (known !== undefined) return known;
  const characters = [...text.slice(0, 400)];
  let shown = text.length > 400 ? `${characters.join("")}…` : text;
  while (characters.length > 1 && textWidth(shown, style) > room) {
    characters.splice(-Math.max(1, Math.floor(characters.length / 12)));
    shown = `${characters.join("")}…`;
  }
  fits.set(key, shown);
  return shown;
}
