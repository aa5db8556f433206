// What the page says: that something goes on, and what is wrong.

import { Refused } from "./refused.js";

const $ = (id) => document.getElementById(id);
let jobs = 0;

export function complain(text) {
  $("error").textContent = text;
  $("error").hidden = !text;
  if (text) $("error").scrollIntoView({ block: "nearest" }); // below all else on phones
}

// Run `work`, saying `text` meanwhile; its error is shown unless it was left on purpose.
// Gives what `work` gives, or undefined.
export async function attempt(text, work) {
  const since = performance.now();
  const say = () => {
    const seconds = Math.floor((performance.now() - since) / 1000);
    $("status").textContent = seconds < 3 ? `${text} …` : `${text} … ${seconds} s`;
  };
  say();
  const timer = setInterval(say, 1000);
  jobs += 1;
  $("busy").hidden = false;
  try {
    return await work();
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    complain(error instanceof Refused ? error.message : `something is wrong: ${error.message}`);
    if (!(error instanceof Refused)) console.error(error);
    return undefined;
  } finally {
    clearInterval(timer);
    jobs -= 1;
    $("busy").hidden = jobs === 0;
    if (!jobs) $("status").textContent = "";
  }
}
