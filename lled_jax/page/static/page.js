// The page: a photo comes in, its look is chosen, the file is fetched.

import { camera } from "./camera.js";
import { comparing } from "./compare.js";
import { Photo, Refused, about } from "./server.js";

const $ = (id) => document.getElementById(id);
const DEBOUNCE_MS = 120;

let photo = null; // of server.js
let limits = { uploadBytes: Infinity, suffixes: [] };

// Messages

let jobs = 0;

// Show that something goes on; gives back the function that ends it.
function busy(text) {
  const since = performance.now();
  const show = () => {
    const seconds = Math.floor((performance.now() - since) / 1000);
    $("status").textContent = seconds < 3 ? `${text} …` : `${text} … ${seconds} s`;
  };
  show();
  const timer = setInterval(show, 1000);
  jobs += 1;
  $("busy").hidden = false;
  return () => {
    clearInterval(timer);
    jobs -= 1;
    if (jobs) return;
    $("busy").hidden = true;
    $("status").textContent = "";
  };
}

function complain(text) {
  $("error").textContent = text;
  $("error").hidden = !text;
  if (text) $("error").scrollIntoView({ block: "nearest" }); // below all else on phones
}

// Run `work`; its errors that are meant for people are shown, unless nobody waits for it.
async function attempt(text, work) {
  const done = busy(text);
  try {
    await work();
    return true;
  } catch (error) {
    if (error.name === "AbortError") return false;
    complain(error instanceof Refused ? error.message : `something is wrong: ${error}`);
    if (!(error instanceof Refused)) throw error;
    return false;
  } finally {
    done();
  }
}

// The look

const percent = (value) => `${Math.round(value * 100)} %`;
const WORDS = {
  strength: percent,
  exposure: (value) => `${value > 0 ? "+" : ""}${value.toFixed(1)} stops`,
  saturation: percent,
  denoise: (value) => (value ? percent(value) : "off"),
};

function look() {
  const values = { spare_bright: $("spare_bright").checked ? 1 : 0 };
  for (const name in WORDS) values[name] = $(name).value;
  return values;
}

function describeLook() {
  for (const [name, words] of Object.entries(WORDS)) {
    const text = words($(name).valueAsNumber);
    $(name).parentElement.querySelector("output").value = text;
    $(name).setAttribute("aria-valuetext", text);
  }
}

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
  try {
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
  } finally {
    refreshing = false;
  }
}

async function open(file) {
  if (!file) return;
  complain("");
  if (file.size > limits.uploadBytes) {
    const most = Math.round(limits.uploadBytes / 2 ** 20);
    complain(`the file is too large; this page takes up to ${most} MiB, \`lled enhance\` takes more`);
    return;
  }
  leave();
  const coming = (photo = new Photo(file));
  const before = await attempt("Reading the photo", async () => {
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
  });
  if (coming !== photo) return;
  if (before) await refresh();
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
  try {
    await attempt("Enhancing in full size", async () => {
      const { name, blob } = await photo.enhanced(look());
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    });
  } finally {
    $("download").disabled = false;
  }
}

// What a person does

const moveTo = comparing($("compare"), $("handle"));

for (const input of [$("choose"), $("take")]) {
  input.addEventListener("change", () => {
    open(input.files[0]);
    input.value = ""; // the same photo may be chosen again
  });
}
addEventListener("paste", (event) => open(event.clipboardData.files[0]));

addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.dataset.dragging = "";
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) delete document.body.dataset.dragging;
});
addEventListener("drop", (event) => {
  event.preventDefault();
  delete document.body.dataset.dragging;
  if (event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
  else complain("that was no file; save the picture first, or copy and paste it");
});

let timer;
function lookChanged() {
  describeLook();
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

camera({ dialog: $("camera"), button: $("open-camera"), phone: $("phone-camera"),
         onPhoto: open, onError: complain });
describeLook();
limits = await about();
$("choose").accept = ["image/*", ...limits.suffixes].join();
