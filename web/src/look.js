// From the network's answer to the look that was asked for, as lled_jax/adjust.py does it.

const LUMA = [0.299, 0.587, 0.114];

// RGBA of 8 bit: exposure and saturation of `bright`, then blended with `low`.
export function adjusted(low, bright, { strength = 1, exposure = 0, saturation = 1 }) {
  const result = new Uint8ClampedArray(bright);
  if (strength === 1 && exposure === 0 && saturation === 1) return result;
  const lit = Float32Array.from({ length: 256 }, (_, v) => 255 * exposed(v / 255, exposure));
  for (let i = 0; i < result.length; i += 4) {
    const grey = LUMA[0] * lit[bright[i]] + LUMA[1] * lit[bright[i + 1]] + LUMA[2] * lit[bright[i + 2]];
    for (let c = i; c < i + 3; c += 1) {
      const value = grey + saturation * (lit[bright[c]] - grey);
      const clipped = Math.min(255, Math.max(0, value));
      result[c] = (1 - strength) * low[c] + strength * clipped;
    }
  }
  return result;
}

// Light of sRGB (IEC 61966-2-1) times 2 ** stops, beyond 1 too.
function exposed(value, stops) {
  if (stops === 0) return value;
  const light = value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const more = light * 2 ** stops;
  return more <= 0.0031308 ? more * 12.92 : 1.055 * more ** (1 / 2.4) - 0.055;
}
