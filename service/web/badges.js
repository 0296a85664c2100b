// Short words about a job: its state, and whether any satellite has seen its scenes.

import { h } from "./dom.js";
import { STATES } from "./words.js";

export function state(job) {
  const { word, sign } = STATES[job.status];
  const percent = job.status === "running" ? ` ${job.progress} %` : "";
  return h("span", { class: `state ${job.status}` }, h("span", { "aria-hidden": "true" }, sign), ` ${word}${percent}`);
}

export const simulated = () => h("span", { class: "badge", title: "The scenes were made by a simulator" }, "Simulated");
