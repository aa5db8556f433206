// The page: a photo comes in, its look is chosen, the file is fetched.

import { comparing } from "./compare.js";
import { intake } from "./intake.js";
import { attempt, complain } from "./messages.js";
import { Photo, about } from "./server.js";
import { describeSliders, sliderValues } from "./sliders.js";

const $ = (id) => document.getElementById(id);
const DEBOUNCE_MS = 120;

let photo = null; // of server.js
let limits = { uploadBytes: Infinity, suffixes: [] };

const look = () => ({ ...sliderValues(), spare_bright: $("spare_bright").checked ? 1 : 0 });

// The pictures

async function show(image, blob) {
  const old = image.src;
  image.src = URL.createObjectURL(blob);
  await image.decode();
  if (old) URL.revokeObjectURL(old);
}

let refreshing = false;
let outdated = false;

// One preview at a time; of what is asked for meanwhile only the last is fetched.
async function refresh() {
  if (refreshing) {
    outdated = true;
    return;
  }
  refreshing = true;
  const first = "empty" in $("compare").dataset;
  await attempt(first ? "Brightening" : "Updating", async () => {
    do {
      outdated = false;
      const shown = photo;
      try {
        const blob = await shown.preview("after", look());
        if (shown !== photo) continue;
        await show($("after"), blob);
        delete $("compare").dataset.empty;
        complain("");
      } catch (error) {
        if (error.name !== "AbortError") throw error;
      }
    } while (outdated && photo);
  });
  refreshing = false;
}

async function open(file) {
  complain("");
  if (file.size > limits.uploadBytes) {
    const most = Math.round(limits.uploadBytes / 2 ** 20);
    complain(`the file is too large; this page takes up to ${most} MiB, \`lled enhance\` takes more`);
    return;
  }
  leave();
  const coming = (photo = new Photo(file));
  const opened = await attempt("Reading the photo", async () => {
    await coming.open();
    const blob = await coming.preview("before");
    if (coming !== photo) return;
    const { width, height, bits, format, name, reduced } = coming;
    $("compare").style.setProperty("--ratio", width / height);
    const facts = [name, `${width} × ${height}`, `${bits}\u00a0bit ${format}`];
    if (reduced) facts.push("shown reduced");
    $("facts").textContent = facts.join(" · ");
    $("compare").dataset.empty = "";
    await show($("before"), blob);
    if (coming !== photo) return;
    moveTo(50);
    $("start").hidden = true;
    $("work").hidden = false;
    return true;
  });
  if (coming !== photo) return;
  if (opened) await refresh();
  else leave();
}

function leave() {
  photo?.leave();
  photo = null;
  outdated = false;
  $("work").hidden = true;
  $("start").hidden = false;
}

async function download() {
  complain("");
  $("download").disabled = true;
  await attempt("Enhancing in full size", async () => {
    const { name, blob } = await photo.enhanced(look());
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });
  $("download").disabled = false;
}

// What a person does

const moveTo = comparing($("compare"), $("handle"));
// What is dropped is never opened in the page's place.
for (const kind of ["dragover", "drop"]) {
  addEventListener(kind, (event) => event.preventDefault());
}
intake(open);

let timer;
function lookChanged() {
  describeSliders();
  clearTimeout(timer);
  timer = setTimeout(() => photo?.photo && refresh(), DEBOUNCE_MS);
}
$("look").addEventListener("input", lookChanged);
$("look").addEventListener("submit", (event) => event.preventDefault());
$("restore").addEventListener("click", () => {
  $("look").reset();
  lookChanged();
});
$("another").addEventListener("click", () => {
  complain("");
  leave();
  $("choose").focus();
});
$("download").addEventListener("click", download);

describeSliders();
limits = await about();
$("choose").accept = ["image/*", ...limits.suffixes].join();
