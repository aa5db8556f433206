// A large photo by way of a small one: the network brightens the reduced photo, and what
// it did there, as a straight line from low to bright around each pixel, is done to the
// large one.  (He and Sun, "Fast guided filter", arXiv:1505.00996; each colour its own
// guide.)  A gain alone would multiply the noise; the line's slope is flat where there is
// nothing but noise.

// Of the guided filter, at reduced size.
const RADIUS = 1;
const EPSILON = 1e-5;

// The photo with sides divided by the whole number `by`: the mean of each square, at the
// right and lower border of what there is of it.
export function reduced({ low, width, height }, by) {
  const small = { width: Math.ceil(width / by), height: Math.ceil(height / by) };
  small.low = new Uint8ClampedArray(4 * small.width * small.height);
  const sums = new Float64Array(4 * small.width);
  for (let row = 0; row < small.height; row += 1) {
    const rows = Math.min(by, height - row * by);
    sums.fill(0);
    for (let y = row * by; y < row * by + rows; y += 1) {
      for (let x = 0, at = 4 * y * width; x < width; x += 1) {
        const to = 4 * Math.floor(x / by);
        for (let c = 0; c < 4; c += 1, at += 1) sums[to + c] += low[at];
      }
    }
    for (let x = 0, to = 4 * row * small.width; x < small.width; x += 1) {
      const count = rows * Math.min(by, width - x * by);
      for (let c = 0; c < 4; c += 1, to += 1) small.low[to] = sums[4 * x + c] / count;
    }
  }
  return small;
}

// The answer for the large photo; alpha stays.
export function transferred(photo, by, small, smallBright) {
  const bright = new Uint8ClampedArray(photo.low);
  for (let c = 0; c < 3; c += 1) {
    const lines = fitted(plane(small.low, c), plane(smallBright, c), small);
    draw(bright, photo, c, by, lines, small);
  }
  return bright;
}

function plane(rgba, c) {
  return Float32Array.from({ length: rgba.length / 4 }, (_, i) => rgba[4 * i + c] / 255);
}

// Slope and offset of low -> bright around each pixel.
function fitted(low, bright, size) {
  const product = (a, b) => a.map((value, i) => value * b[i]);
  const meanLow = mean(low, size);
  const meanBright = mean(bright, size);
  const slope = mean(product(low, bright), size);
  const square = mean(product(low, low), size);
  const offset = new Float32Array(slope.length);
  for (let i = 0; i < slope.length; i += 1) {
    const variance = Math.max(square[i] - meanLow[i] * meanLow[i], 0);
    slope[i] = (slope[i] - meanLow[i] * meanBright[i]) / (variance + EPSILON);
    offset[i] = meanBright[i] - slope[i] * meanLow[i];
  }
  return { slope: mean(slope, size), offset: mean(offset, size) };
}

// The mean over a square of side 2 RADIUS + 1, or what of it is in the picture.
function mean(values, { width, height }) {
  const across = along(values, width, height, 1, width);
  return along(across, height, width, width, 1);
}

function along(values, length, lines, step, stride) {
  const means = new Float32Array(values.length);
  for (let line = 0; line < lines; line += 1) {
    for (let i = 0; i < length; i += 1) {
      const first = Math.max(0, i - RADIUS);
      const last = Math.min(length - 1, i + RADIUS);
      let sum = 0;
      for (let j = first; j <= last; j += 1) sum += values[line * stride + j * step];
      means[line * stride + i * step] = sum / (last - first + 1);
    }
  }
  return means;
}

// Slope and offset between the small photo's pixels, bilinearly, on one colour.
function draw(bright, { low, width, height }, c, by, { slope, offset }, small) {
  const columns = Array.from({ length: width }, (_, x) => between(x, by, small.width));
  const slopes = new Float32Array(small.width);
  const offsets = new Float32Array(small.width);
  for (let y = 0; y < height; y += 1) {
    const { first, second, part } = between(y, by, small.height);
    for (let x = 0; x < small.width; x += 1) {
      const [a, b] = [first * small.width + x, second * small.width + x];
      slopes[x] = slope[a] + part * (slope[b] - slope[a]);
      offsets[x] = offset[a] + part * (offset[b] - offset[a]);
    }
    for (let x = 0, at = 4 * y * width + c; x < width; x += 1, at += 4) {
      const { first: i, second: j, part: t } = columns[x];
      const a = slopes[i] + t * (slopes[j] - slopes[i]);
      const b = offsets[i] + t * (offsets[j] - offsets[i]);
      bright[at] = a * low[at] + 255 * b;
    }
  }
}

// The two small pixels around a large one, and how far it is from the first.
function between(at, by, length) {
  const there = Math.min(length - 1, Math.max(0, (at + 0.5) / by - 0.5));
  const first = Math.floor(there);
  return { first, second: Math.min(first + 1, length - 1), part: there - first };
}
