// Is this browser able?  Then the page starts.

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
