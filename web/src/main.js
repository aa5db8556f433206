// Is this browser able?  Then the page starts.

// What is dropped, early or on a page that cannot start, is never opened in its place.
for (const kind of ["dragover", "drop"]) {
  addEventListener(kind, (event) => event.preventDefault());
}

const missing = [
  [globalThis.WebAssembly, "WebAssembly"],
  [globalThis.Worker, "workers"],
  [globalThis.OffscreenCanvas, "OffscreenCanvas"],
  [globalThis.createImageBitmap, "createImageBitmap"],
].find(([part]) => !part);

if (missing) {
  const error = document.getElementById("error");
  error.textContent = `this browser cannot run the network: it has no ${missing[1]}; use a newer one`;
  error.hidden = false;
  for (const input of document.querySelectorAll("#start input, #start button")) input.disabled = true;
} else {
  await import("./page.js");
}
