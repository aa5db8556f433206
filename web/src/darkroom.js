// The page's side of the worker.

import { Refused } from "./refused.js";

export class Darkroom {
  #setting;
  #onLost;
  #worker;
  #dead; // why there is no worker
  #network = null;
  #waiting = new Map();
  #id = 0;

  // `engine` and `threads` as engine.js takes them, `whole` as worker.js.  `onLost` is told
  // when the worker had to forget its photo.
  constructor(setting, onLost) {
    this.#setting = setting;
    this.#onLost = onLost;
    this.#begin();
  }

  // The network, loaded once; what it runs on.
  load() {
    this.#network ??= this.ask("load", this.#setting).catch((error) => {
      this.#network = null; // to be tried again
      throw error;
    });
    return this.#network;
  }

  #begin() {
    let heard = false;
    this.#worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => {
      heard = true;
      this.#hear(data);
    });
    this.#worker.addEventListener("error", (event) => {
      const reason = new Error(event.message || "the worker cannot be loaded; try again later");
      if (!heard) this.#dead = reason; // another one would do no better
      this.#restart(reason);
    });
  }

  // What only a fresh start cures: a network in the middle of its work, or out of memory.
  #restart(reason) {
    this.#worker.terminate();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#network = null;
    if (!this.#dead) this.#begin();
    for (const { reject } of waiting) reject(reason);
    this.#onLost();
  }

  // In the middle of whatever it does; the photo has to be opened again.
  halt() {
    this.#restart(new DOMException("halted", "AbortError"));
  }

  // `onProgress` is told the part that is done, 0 to 1.
  ask(what, given = {}, onProgress = () => {}) {
    if (this.#dead) return Promise.reject(this.#dead);
    const id = (this.#id += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
      this.#worker.postMessage({ id, ask: what, ...given });
    });
  }

  #hear({ id, answer, done, error }) {
    const one = this.#waiting.get(id);
    if (!one) return;
    if (done !== undefined) {
      one.onProgress(done);
      return;
    }
    this.#waiting.delete(id);
    if (!error) {
      one.resolve(answer);
      return;
    }
    const reason = error.refused ? new Refused(error.message) : new Error(error.message);
    one.reject(reason);
    if (error.broken) this.#restart(reason);
  }
}
