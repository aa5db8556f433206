// Files to pixels and back.  Pixels are RGBA of 8 bit, upright, in sRGB.

import { Refused } from "./refused.js";

// The most that the page takes.
const BYTES = 64 * 2 ** 20;
const PIXELS = 50e6;
// Rows read at a time: a canvas as large as the photo is more than some browsers have.
const ROWS = 512;
const QUALITY = 0.95;

export async function decoded(file) {
  const name = file.name || "photo";
  if (file.size > BYTES) {
    throw new Refused(`${name}: the file is too large; this page takes up to ${BYTES / 2 ** 20} MiB`);
  }
  let image;
  try {
    image = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Refused(`${name}: this is no picture that this browser can read; use JPEG or PNG`);
  }
  const { width, height } = image;
  try {
    if (width * height > PIXELS) {
      throw new Refused(
        `${name}: ${width} × ${height} pixels; this page takes up to ${PIXELS / 1e6} megapixels`
      );
    }
    return { name, width, height, low: read(image) };
  } finally {
    image.close();
  }
}

function read(image) {
  const { width, height } = image;
  const pixels = new Uint8ClampedArray(4 * width * height);
  const canvas = new OffscreenCanvas(width, Math.min(ROWS, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  for (let y = 0; y < height; y += ROWS) {
    const rows = Math.min(ROWS, height - y);
    context.clearRect(0, 0, width, rows);
    context.drawImage(image, 0, -y);
    pixels.set(context.getImageData(0, 0, width, rows).data, 4 * y * width);
  }
  return pixels;
}

export function seeThrough(rgba) {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] < 255) return true;
  return false;
}

// For the screen: no side longer than `longest`.
export async function shrunk(rgba, width, height, longest) {
  const scale = Math.min(1, longest / Math.max(width, height));
  if (scale === 1) return { rgba, width, height };
  const size = [width, height].map((n) => Math.max(1, Math.round(n * scale)));
  const image = await createImageBitmap(new ImageData(rgba, width, height), {
    resizeWidth: size[0],
    resizeHeight: size[1],
    resizeQuality: "high",
  });
  const small = { rgba: read(image), width: size[0], height: size[1] };
  image.close();
  return small;
}

export function bitmap({ rgba, width, height }) {
  return createImageBitmap(new ImageData(rgba, width, height));
}

// A file of `type`, image/jpeg or image/png.
export async function encoded(rgba, width, height, type) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  try {
    context.putImageData(new ImageData(rgba, width, height), 0, 0);
    return await canvas.convertToBlob({ type, quality: QUALITY });
  } catch {
    throw new Refused("this browser cannot write a picture of that size");
  }
}
