// What the page asks of the program that serves it.

import { Refused } from "./refused.js";

function address(path, parameters) {
  return `${path}?${new URLSearchParams(parameters)}`;
}

async function ask(path, parameters, body, signal) {
  let answer;
  try {
    answer = await fetch(address(path, parameters), { method: "POST", body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(
      "no answer: the program that serves this page was stopped, or the file has changed"
    );
  }
  if (answer.ok) return answer;
  const text = (await answer.text()).trim() || `error ${answer.status}`;
  throw Object.assign(new Refused(text), { status: answer.status });
}

export async function about() {
  const answer = await fetch("about");
  return answer.json();
}

// A photo that the server has in memory, and gets again when it had to forget it.
export class Photo {
  constructor(file) {
    this.file = file;
    this.name = file.name || "photo";
    this.leaving = new AbortController();
  }

  async open() {
    const answer = await ask("open", { name: this.name }, this.file, this.leaving.signal);
    Object.assign(this, await answer.json());
  }

  async preview(side, look = {}) {
    return (await this.#ask("preview", { ...look, side })).blob();
  }

  async enhanced(look) {
    const answer = await this.#ask("enhance", { ...look, name: this.name });
    const header = answer.headers.get("content-disposition") ?? "";
    const name = /filename\*=UTF-8''([^;]+)/.exec(header)?.[1] ?? "enhanced";
    return { name: decodeURIComponent(name), blob: await answer.blob() };
  }

  // Answers that are still on their way are of no use any more.
  leave() {
    this.leaving.abort();
  }

  async #ask(path, parameters) {
    const signal = this.leaving.signal;
    try {
      return await ask(path, { ...parameters, photo: this.photo }, undefined, signal);
    } catch (error) {
      if (error.status !== 410) throw error;
      return ask(path, { ...parameters, name: this.name }, this.file, signal);
    }
  }
}
