// The page: a photo comes in, it is brightened, its look is chosen, the file goes out.

import { comparing } from "./compare.js";
import { Darkroom } from "./darkroom.js";
import { choose } from "./engine.js";
import { intake } from "./intake.js";
import { attempt, complain } from "./messages.js";
import { keep } from "./offline.js";
import { describeSliders, sliderValues } from "./sliders.js";

const $ = (id) => document.getElementById(id);
// For measurements, and devices with little memory, in the address: ?engine=wasm&threads=1,
// whole: the megapixels taken whole; wait: the seconds of full detail that nobody is asked.
const asked = Object.fromEntries(new URLSearchParams(location.search));
const number = (name, usual) => (name in asked ? Number(asked[name]) : usual);
const engine = asked.engine ?? (await choose());
const [threads, whole] = [number("threads"), number("whole")];
const unasked = number("wait", 8);
const darkroom = new Darkroom({ engine, threads, whole }, leave);
darkroom.load().catch(() => {}); // who needs it is told

let photo = null; // as the worker describes it
let turn = 0; // counts the photos, to know what comes too late

// The pictures

function draw(canvas, image) {
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("bitmaprenderer").transferFromImageBitmap(image);
}

let showing = false;
let outdated = false;

// One at a time; of what is asked for meanwhile only the last is made.
async function show() {
  outdated = true;
  if (showing) return;
  showing = true;
  await attempt("Updating", async () => {
    while (outdated && photo?.bright) {
      outdated = false;
      const mine = turn;
      const { image } = await darkroom.ask("show", { look: sliderValues() });
      if (mine !== turn) continue;
      draw($("after"), image);
      delete $("compare").dataset.empty;
    }
  });
  showing = false;
}

// The way to the answer

function way(text, { part = null, more = "", cancel = false }) {
  $("way").hidden = !text;
  $("way-text").textContent = text;
  $("part").hidden = part === null;
  $("part").value = part ?? 0;
  $("more").hidden = !more;
  $("more").textContent = more;
  $("cancel").hidden = !cancel;
  $("download").disabled = !photo?.bright;
}

const inWords = (seconds) =>
  seconds < 60 ? `${Math.ceil(seconds / 5) * 5} s` : `${Math.ceil(seconds / 60)} min`;

function offerDetail() {
  way("Quick version: brightened at reduced size, then put on the full photo. Full detail also removes fine noise.",
      { more: `Full detail, about ${inWords(photo.detailSeconds)}` });
}

async function open(file) {
  const mine = (turn += 1);
  complain("");
  photo = null;
  way("Reading the photo", {}); // the buttons were of the one before
  const opened = await attempt("Reading the photo", () => darkroom.ask("open", { file }));
  if (mine !== turn) return opened?.image.close();
  if (!opened) return leave();
  const { name, width, height, transparent, shown, image } = opened;
  photo = { name, bright: false };
  $("compare").style.setProperty("--ratio", width / height);
  const facts = [name, `${width} × ${height}`];
  if (shown < width) facts.push("shown reduced");
  $("facts").textContent = facts.join(" · ");
  $("format").value = transparent || file.type === "image/png" ? "image/png" : "image/jpeg";
  $("compare").dataset.empty = "";
  draw($("before"), image);
  moveTo(50);
  $("start").hidden = true;
  $("work").hidden = false;
  return brighten(mine);
}

async function brighten(mine) {
  way("Brightening", { cancel: true });
  const loaded = await attempt("Loading the network", () => darkroom.load());
  if (!loaded || mine !== turn) return mine === turn && leave();
  document.documentElement.dataset.engine = `${loaded.kind}, ${loaded.threads}`;
  const answer = await attempt("Brightening", () => darkroom.ask("brighten"));
  if (mine !== turn) return undefined;
  if (!answer) return leave();
  Object.assign(photo, answer, { bright: true });
  way("", {});
  if (answer.quick) offerDetail();
  await show();
  if (answer.quick && answer.detailSeconds <= unasked && mine === turn) await detail();
  return undefined;
}

async function detail() {
  const mine = turn;
  const pressed = document.activeElement === $("more");
  const run = (photo.detailing = {}); // a cancelled one ends later, beside the next
  way("Full detail, piece by piece", { part: 0, cancel: true });
  if (pressed) $("cancel").focus(); // where the button was
  const answer = await attempt("Full detail", () =>
    darkroom.ask("detail", {}, (part) => {
      if (mine === turn && photo.detailing === run) $("part").value = part;
    })
  );
  if (mine !== turn || photo.detailing !== run) return;
  photo.detailing = null;
  if (!answer || answer.stopped) {
    offerDetail();
    return;
  }
  const waited = document.activeElement === $("cancel");
  way("Full detail", {});
  if (waited) $("download").focus({ preventScroll: true });
  await show();
}

function cancel() {
  if (photo?.detailing) {
    photo.detailing = null;
    darkroom.ask("stop").catch(() => {}); // heard after the tile it is at
    offerDetail();
    $("more").focus();
  } else {
    darkroom.halt();
    $("choose").focus();
  }
}

function leave() {
  turn += 1;
  photo = null;
  outdated = false;
  $("work").hidden = true;
  $("start").hidden = false;
}

async function download() {
  complain("");
  $("download").disabled = true;
  const type = $("format").value;
  const { name } = photo;
  const given = { look: sliderValues(), type };
  const file = await attempt("Writing the file", () => darkroom.ask("write", given));
  $("download").disabled = !photo?.bright;
  if (!file) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file.blob);
  link.download = `${name.replace(/\.[^.]*$/, "")}_enhanced.${type === "image/png" ? "png" : "jpg"}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// What a person does

const moveTo = comparing($("compare"), $("handle"));
intake(open);

function lookChanged() {
  describeSliders();
  if (photo?.bright) show();
}
$("look").addEventListener("input", lookChanged);
$("look").addEventListener("submit", (event) => event.preventDefault());
$("restore").addEventListener("click", () => {
  const format = $("format").value;
  $("look").reset();
  $("format").value = format;
  lookChanged();
});
$("another").addEventListener("click", () => {
  complain("");
  if (photo?.detailing) darkroom.ask("stop").catch(() => {});
  leave();
  $("choose").focus();
});
$("more").addEventListener("click", detail);
$("cancel").addEventListener("click", cancel);
$("download").addEventListener("click", download);
describeSliders();
document.documentElement.dataset.ready = "";
keep(engine, () => turn === 0).catch((error) => console.log(`not kept for offline use: ${error}`));
