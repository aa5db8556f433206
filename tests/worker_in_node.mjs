// web/src/worker.js without a browser, its network and its decoder being stand-ins:
// node worker_in_node.mjs FOLDER
//
// Two photos are opened, and the first one's decoding ends last.  Prints what is written
// then: its width, and the first of its values.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const sent = [];
let ask;
class Canvas {
  constructor(width, height) { Object.assign(this, { width, height }); }
  getContext() {
    return {
      clearRect() {},
      drawImage: (image) => (this.image = image),
      getImageData: (x, y, width, height) => ({
        data: new Uint8ClampedArray(4 * width * height).fill(this.image.value),
      }),
      putImageData: (data) => (this.written = data),
    };
  }
  async convertToBlob() {
    return { width: this.written.width, value: this.written.data[0] };
  }
}
const globals = {
  addEventListener: (_, hear) => (ask = (given) => hear({ data: given })),
  postMessage: (message) => sent.push(message),
  ImageData: class {
    constructor(data, width, height) { Object.assign(this, { data, width, height }); }
  },
  OffscreenCanvas: Canvas,
  async createImageBitmap(from) {
    await from.decoded;
    const { width, height, value = from.data[0] } = from;
    return { width, height, value, close() {} };
  },
};
Object.assign(globalThis, globals, { self: globalThis });
await import(pathToFileURL(join(process.argv[2], "worker.js")).href);

const file = (name, side, value, decoded) =>
  ({ name, size: 9, type: "image/jpeg", width: side, height: side, value, decoded });
let end;
const slow = new Promise((resolve) => (end = resolve));
await ask({ id: 1, ask: "load", engine: "wasm" });
const first = ask({ id: 2, ask: "open", file: file("a.jpg", 40, 10, slow) });
await ask({ id: 3, ask: "open", file: file("b.jpg", 20, 60) });
end();
await first;
await ask({ id: 4, ask: "brighten" });
await ask({ id: 5, ask: "write", look: {}, type: "image/jpeg" });
const opened = sent.find(({ id }) => id === 3).answer;
const { answer, error } = sent.find(({ id }) => id === 5);
console.log(JSON.stringify({ opened: opened.name, error, ...answer?.blob }));
