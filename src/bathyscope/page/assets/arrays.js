// Arrays as `page/arrays.py` packs them: byte planes, deflated, in base64.

/** @typedef {{type: "float64" | "float32" | "uint32", shape: number[], planes: string}} Packed */
/** @typedef {Float64Array | Float32Array | Uint32Array} Numbers */

const ARRAY_TYPES = { float64: Float64Array, float32: Float32Array, uint32: Uint32Array };

/**
 * @param {Packed} packed
 * @returns {Promise<Numbers>}
 */
export async function unpacked(packed) {
  const planes = await inflated(bytesOf(packed.planes));
  const type = ARRAY_TYPES[packed.type];
  const size = type.BYTES_PER_ELEMENT;
  const count = planes.length / size;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < size; plane++) {
    const start = plane * count;
    for (let i = 0; i < count; i++) bytes[i * size + plane] = planes[start + i];
  }
  return new type(bytes.buffer);
}

/**
 * @param {string} base64
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<Uint8Array>}
 */
async function inflated(bytes) {
  const inflater = new DecompressionStream("deflate");
  const writer = inflater.writable.getWriter();
  writer.write(bytes);
  writer.close();
  return new Uint8Array(await new Response(inflater.readable).arrayBuffer());
}
