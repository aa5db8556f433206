// The line between before and after, moved by mouse, finger or keyboard.

const STEPS = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2,
                PageDown: -10, PageUp: 10, Home: -100, End: 100 };

export function comparing(box, handle) {
  let at = 50;

  function move(percent) {
    at = Math.min(100, Math.max(0, percent));
    box.style.setProperty("--at", `${at}%`);
    handle.setAttribute("aria-valuenow", Math.round(at));
    handle.setAttribute("aria-valuetext", `${Math.round(at)} percent before`);
  }

  function follow(event) {
    const { left, width } = box.getBoundingClientRect();
    move(((event.clientX - left) / width) * 100);
  }

  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault(); // else the browser selects text
    handle.focus({ preventScroll: true });
    box.setPointerCapture(event.pointerId);
    follow(event);
  });
  box.addEventListener("pointermove", (event) => {
    if (box.hasPointerCapture(event.pointerId)) follow(event);
  });
  handle.addEventListener("keydown", (event) => {
    if (!(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(at + STEPS[event.key]);
  });

  move(at);
  return move;
}
