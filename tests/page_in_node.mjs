// The page of web/src, or that of `lled demo`, without a browser:
// node page_in_node.mjs FOLDER SCENARIO
//
// What it needs of one is a stub; its worker, or its program, answers when the scenario
// says so.
// Prints what the page shows after each step, as one JSON list.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, scenario] = process.argv.slice(2);
const elements = {};
const at = (id) =>
  (elements[id] ??= {
    id, hidden: false, disabled: false, textContent: "", value: "", valueAsNumber: 1,
    files: [], dataset: {}, style: { setProperty() {} }, heard: {},
    addEventListener(type, hear) { this.heard[type] = hear; },
    querySelector: (name) => at(`${id} ${name}`),
    getContext: () => ({ transferFromImageBitmap() {} }),
    get parentElement() { return at(`around ${id}`); },
    focus() { document.activeElement = this; },
    setAttribute() {}, toggleAttribute() {}, scrollIntoView() {},
    async decode() {}, showModal() {},
  });
const press = (id) => at(id).heard.click();
const rest = () => new Promise((resolve) => setImmediate(resolve)); // promises are kept

const asks = []; // of the page to its worker or program, unanswered ones
let tell;
let reloads = 0;
const films = []; // of the camera, true while they run
async function getUserMedia() {
  const film = films.push(true) - 1;
  return { getTracks: () => [{ stop: () => (films[film] = false) }] };
}
const container = { addEventListener: (_, hear) => (container.changed = hear),
                    register: async () => {}, ready: Promise.resolve() };
const globals = {
  document: { getElementById: at, body: at("body"), documentElement: at("html") },
  location: { search: "?engine=wasm&wait=0", reload: () => (reloads += 1) },
  sessionStorage: { getItem: () => null, setItem() {} },
  navigator: { serviceWorker: container, mediaDevices: { getUserMedia } },
  crossOriginIsolated: false,
  matchMedia: () => ({ matches: false }),
  addEventListener() {},
  fetch(address) {
    if (address === "about") return { json: () => ({ uploadBytes: 1e9, suffixes: [] }) };
    return new Promise((answer) => asks.push({ ask: address.split("?")[0], answer }));
  },
  Worker: class {
    addEventListener(type, hear) { if (type === "message") tell = (data) => hear({ data }); }
    postMessage(ask) { asks.push(ask); }
  },
};
for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

async function told(what, answer) {
  const index = asks.findIndex(({ ask }) => ask === what); // the oldest
  const [{ id }] = asks.splice(index, 1);
  tell({ id, answer });
  await rest();
}

// As `told`, by the program.
async function answered(what, blob = () => new Blob()) {
  const index = asks.findIndex(({ ask }) => ask === what);
  const [{ answer }] = asks.splice(index, 1);
  answer({ ok: true, headers: new Map(), json: () => ({ photo: "its key" }), blob });
  await rest();
}

const image = { width: 4, height: 3, close() {} };

async function choose(name) {
  at("choose").files = [{ name, type: "image/png" }];
  at("choose").heard.change();
  await rest();
}

// With the quick version of a large photo on show.
async function quick() {
  await choose("first.png");
  await told("open", { name: "first.png", width: 4, height: 3, shown: 4, image });
  await told("load", { kind: "wasm", threads: 1 });
  await told("brighten", { quick: true, detailSeconds: 60 });
  await told("show", { image });
}

const seen = [];
const see = () =>
  seen.push({
    way: at("way-text").textContent, part: at("part").value, reloads,
    error: at("error").textContent, films: [...films],
    asked: asks.map(({ ask }) => ask),
    can: ["more", "cancel", "download"].filter((id) => !at(id).hidden && !at(id).disabled),
  });

const scenarios = {
  async again() {
    await quick();
    see();
    press("more");
    press("cancel");
    press("more");
    const [first, second] = asks.filter(({ ask }) => ask === "detail");
    tell({ id: first.id, done: 0.9 });
    see();
    await told("detail", { stopped: true });
    see();
    tell({ id: second.id, done: 0.3 });
    see();
    await told("detail", { stopped: false });
    see();
  },
  async next() {
    await quick();
    press("more");
    see();
    await choose("second.png");
    see();
  },
  async reload() {
    container.changed();
    see();
    await choose("first.png");
    container.changed();
    see();
  },
  async broken() {
    const lost = () => { throw new TypeError("lost on the way"); };
    console.error = (error) => {
      if (error.message !== "lost on the way") throw error;
    };
    for (const blob of [lost, undefined]) {
      await choose("photo.png");
      await answered("open");
      await answered("preview"); // before
      await answered("preview", blob); // after
      see();
    }
    press("download");
    see();
    await answered("enhance", lost);
    see();
  },
  async camera() {
    press("open-camera");
    press("open-camera");
    await rest();
    see();
    at("camera").heard.close();
    press("open-camera");
    await rest();
    see();
  },
};

await import(pathToFileURL(join(folder, "page.js")).href);
await scenarios[scenario]();
console.log(JSON.stringify(seen));
process.exit(); // the clocks of what goes on are running
