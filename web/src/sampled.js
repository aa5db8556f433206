// What channel attention has to know of the whole photo, from pieces of it in full size.
//
// The means of the reduced photo are not those of the photo: noise and edges look different
// there.  Those of a grid of pieces are close, and cost a fraction of measuring all of it.
// Means of one stage depend on those of the stages before, so each stage has its own pass.

import { MEANS } from "./engine.js";
import { REACH, cut } from "./tiles.js";

// Pieces of that side, that many along an axis at most: all of a smaller photo.
// Of these 36 the mean error was 1.3 levels where 16 of 256 pixels left 2 and 36 of 128
// left 5 (a noisy photo of 5 megapixels, against all of its own means).
const SIDE = 192;
const COUNT = 6;
const STAGES = MEANS[0] / 2;

// Along one axis, evenly; own is what the borders of a piece do not reach.
export function pieces(length) {
  const count = Math.min(COUNT, Math.ceil(length / SIDE));
  const side = Math.min(SIDE, length);
  return Array.from({ length: count }, (_, n) => {
    const free = ((n + 0.5) * length) / count - side / 2;
    const start = 2 * Math.floor(Math.min(Math.max(0, free), length - side) / 2);
    const stop = start + side >= length - 1 ? length : start + side;
    const ownStart = start === 0 ? 0 : start + REACH;
    return { start, stop, ownStart, ownStop: stop === length ? length : stop - REACH };
  });
}

// How many pixels the network sees for that.
export function effort({ width, height }) {
  const seen = (length) => pieces(length).reduce((sum, p) => sum + p.stop - p.start, 0);
  return STAGES * seen(width) * seen(height);
}

// The means; `next` as in tiles.js.
export async function sampled(network, photo, next) {
  const [rows, columns] = [pieces(photo.height), pieces(photo.width)];
  const total = STAGES * rows.length * columns.length;
  const means = new Float32Array(MEANS[0] * MEANS[1]);
  let done = 0;
  for (let stage = 0; stage < STAGES; stage += 1) {
    const sums = new Float64Array(means.length);
    let pixels = 0;
    for (const row of rows) {
      for (const column of columns) {
        if (!(await next(done / total))) return null;
        const { rgba, width, height } = cut(photo, row, column);
        const inner = [
          (row.ownStart - row.start) / 2,
          (column.ownStart - column.start) / 2,
          Math.ceil((row.ownStop - row.start) / 2),
          Math.ceil((column.ownStop - column.start) / 2),
        ];
        const area = (inner[2] - inner[0]) * (inner[3] - inner[1]);
        const own = (await network.run(rgba, width, height, { means, inner })).means;
        for (let i = 0; i < sums.length; i += 1) sums[i] += area * own[i];
        pixels += area;
        done += 1;
      }
    }
    // Later stages are measured again, with these.
    for (let i = 0; i < sums.length; i += 1) means[i] = sums[i] / pixels;
  }
  return means;
}
