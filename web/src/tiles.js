// A large photo in tiles that know the whole photo, as lled_jax/tiling.py does it.

// How far a pixel of the answer sees: lled_jax.models.gradient_guided.reach.
export const REACH = 18;
// The side of a tile: a sixth of the work is overlap, and Cancel is soon heard.
export const SIDE = 512;

// Tiles of one size that answer for each pixel of an axis once.  They begin at even
// pixels, as the network's stride asks for, and the photo's border is a tile's border.
export function spans(length, tile, overlap) {
  if (length <= tile) return [{ start: 0, stop: length, ownStart: 0, ownStop: length }];
  // As few as may be, and those no larger than so many need to be.
  const inner = length - 2 * overlap;
  const count = Math.ceil(inner / (tile - 2 * overlap - 2));
  const step = Math.ceil(inner / (2 * count)) * 2;
  const side = step + 2 * overlap + (length % 2);
  const last = length - side;
  const found = [];
  for (let own = 0; own < length; own = found.at(-1).ownStop) {
    const start = Math.min(Math.max(0, own - overlap), last);
    const stop = start + side;
    const ownStop = start === last ? length : 2 * Math.floor((stop - overlap) / 2);
    found.push({ start, stop, ownStart: own, ownStop });
  }
  return found;
}

// The pixels of one tile.
export function cut({ low, width: stride }, row, column) {
  const [width, height] = [column.stop - column.start, row.stop - row.start];
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y += 1) {
    const from = 4 * ((row.start + y) * stride + column.start);
    rgba.set(low.subarray(from, from + 4 * width), 4 * y * width);
  }
  return { rgba, width, height };
}

// The whole photo, each tile with the `means` of the whole.  `next` is called before
// each tile with the part that is done; if it gives false there is no answer.
export async function inTiles(network, photo, means, next, side = SIDE) {
  const { low, width, height } = photo;
  const rows = spans(height, side, REACH);
  const columns = spans(width, side, REACH);
  const bright = new Uint8ClampedArray(low.length);
  let done = 0;
  for (const row of rows) {
    for (const column of columns) {
      if (!(await next(done / (rows.length * columns.length)))) return null;
      const { rgba, width: w, height: h } = cut(photo, row, column);
      const answer = (await network.run(rgba, w, h, { means })).bright;
      for (let y = row.ownStart; y < row.ownStop; y += 1) {
        const line = (y - row.start) * w - column.start;
        const own = answer.subarray(4 * (line + column.ownStart), 4 * (line + column.ownStop));
        bright.set(own, 4 * (y * width + column.ownStart));
      }
      done += 1;
    }
  }
  return bright;
}
