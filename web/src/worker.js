// Everything that takes time, beside the page: decoding, the network, the look, encoding.

import { start } from "./engine.js";
import { adjusted } from "./look.js";
import { bitmap, decoded, encoded, seeThrough, shrunk } from "./pixels.js";
import { reduced, transferred } from "./quick.js";
import { Refused } from "./refused.js";
import { effort, sampled } from "./sampled.js";
import { inTiles } from "./tiles.js";

// Up to so many megapixels the network takes a photo whole; larger ones are reduced, by
// whole numbers.
const WHOLE = 1.5;
// The longer side of what is shown.
const SCREEN = 1600;
// The part of the way to full detail that goes into measuring, about.
const SAMPLING = 0.25;
// The pixels of all tiles, per pixel of the photo, about.
const OVERLAP = 1.2;

let network; // a promise, of engine.js
let limit; // of what is taken whole, in pixels
let photo; // of pixels.js, with what was made of it
let opening; // the latest ask to open one: an earlier one may be decoded later

const asks = {
  async load({ engine, threads, whole = WHOLE }) {
    limit = 1e6 * whole;
    network = start(engine, threads);
    const { kind, threads: used } = await network;
    return { kind, threads: used };
  },

  async open({ file }) {
    const mine = (opening = {});
    photo = null; // its memory first
    const opened = await decoded(file);
    opened.small = await shrunk(opened.low, opened.width, opened.height, SCREEN);
    if (mine === opening) photo = opened;
    const { name, width, height, small, low } = opened;
    const transparent = seeThrough(low);
    return { name, width, height, transparent, shown: small.width, image: await bitmap(small) };
  },

  // The answer, of a large photo a quick one; then also the seconds for all of its detail.
  async brighten() {
    const mine = photo;
    const runner = await network;
    const by = Math.ceil(Math.sqrt((mine.width * mine.height) / limit));
    const small = by > 1 ? reduced(mine, by) : mine;
    const since = performance.now();
    const { bright } = await runner.run(small.low, small.width, small.height);
    const seconds = (performance.now() - since) / 1000;
    mine.bright = by > 1 ? transferred(mine, by, small, bright) : bright;
    mine.smallBright = null;
    const more = effort(mine) + OVERLAP * mine.width * mine.height;
    return { quick: by > 1, detailSeconds: (seconds * more) / (small.width * small.height) };
  },

  async detail(_, tell) {
    const mine = photo;
    const runner = await network;
    const wish = (mine.wish = {}); // another one, or none, ends this one
    const part = async (done) => {
      tell(done);
      await new Promise((resolve) => setTimeout(resolve)); // let other asks in
      return mine.wish === wish && mine === photo;
    };
    const within = (from, to) => (done) => part(from + (to - from) * done);
    const means = await sampled(runner, mine, within(0, SAMPLING));
    const bright = means && (await inTiles(runner, mine, means, within(SAMPLING, 1)));
    if (!bright || mine.wish !== wish || mine !== photo) return { stopped: true };
    mine.bright = bright;
    mine.smallBright = null;
    return { stopped: false };
  },

  async stop() {
    if (photo) photo.wish = null;
  },

  async show({ look }) {
    const { small, bright, width, height } = photo;
    const smallBright = (photo.smallBright ??= await shrunk(bright, width, height, SCREEN));
    const rgba = adjusted(small.rgba, smallBright.rgba, look);
    return { image: await bitmap({ ...small, rgba }) };
  },

  async write({ look, type }) {
    const { low, bright, width, height } = photo;
    return { blob: await encoded(adjusted(low, bright, look), width, height, type) };
  },
};

function explained(error) {
  if (error instanceof Refused) return { message: error.message, refused: true };
  const text = `${error?.message ?? error}`;
  if (error instanceof RangeError || /alloc|memory/i.test(text)) {
    const message = "the memory of this device does not suffice; make the photo smaller first";
    return { message, refused: true, broken: true };
  }
  return { message: text, refused: false, broken: true };
}

addEventListener("message", async ({ data: { id, ask, ...given } }) => {
  try {
    const answer = await asks[ask](given, (done) => postMessage({ id, done }));
    postMessage({ id, answer }, answer?.image ? [answer.image] : []);
  } catch (error) {
    postMessage({ id, error: explained(error) });
  }
});
