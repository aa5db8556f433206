// The ways by which a photo comes in.  That what is dropped is not opened in the page's place
// is up to the page, from its very start.

import { camera } from "./camera.js";
import { complain } from "./messages.js";

const $ = (id) => document.getElementById(id);

export function intake(open) {
  for (const input of [$("choose"), $("take")]) {
    const take = () => {
      if (input.files.length) open(input.files[0]);
      input.value = ""; // the same photo may be chosen again
    };
    input.addEventListener("change", take);
    take(); // what was chosen while the page was loading
  }
  addEventListener("paste", ({ clipboardData }) => {
    if (clipboardData.files.length) open(clipboardData.files[0]);
  });
  const dragging = (on) => document.body.toggleAttribute("data-dragging", on);
  addEventListener("dragover", () => dragging(true));
  addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || dragging(false));
  addEventListener("drop", ({ dataTransfer: { files } }) => {
    dragging(false);
    if (files.length) open(files[0]);
    else complain("that was no file; save the picture first, or copy and paste it");
  });
  camera({ dialog: $("camera"), button: $("open-camera"), phone: $("phone-camera"),
           onPhoto: open, onError: complain });
}
