// The jobs there are, newest first.

import { json, Problem, url } from "./api.js";
import { h } from "./dom.js";
import { areaWords, count, momentWords, spanWords, STATES } from "./words.js";

export async function jobList() {
  const list = h("ul", { class: "jobs" });
  const box = h("section", { id: "jobs", "aria-labelledby": "jobs-title", tabindex: -1 }, h("h2", { id: "jobs-title" }, "Jobs"), list);
  await more(box, list, null);
  return box;
}

async function more(box, list, after) {
  box.querySelector(".more")?.remove();
  try {
    const page = await json(`page/jobs.json${after ? `?after=${encodeURIComponent(after)}` : ""}`);
    list.append(...page.jobs.map(entry));
    if (page.next) box.append(h("button", { type: "button", class: "more", onclick: () => more(box, list, page.next) }, "Older jobs"));
    if (!list.children.length) box.append(h("p", { class: "empty" }, "None yet. The first order you send will stand here, with how far it is."));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    box.append(h("p", { class: "wrong more" }, `The jobs cannot be listed: ${error.message}`));
  }
}

function entry(job) {
  const { order } = job;
  const what = [areaWords(order.area_km2), count(order.dates, "date"), order.parcels && count(order.parcels, "parcel")];
  return h("li", {}, h("a", { href: url(`jobs/${job.id}`) },
    h("span", { class: "span" }, spanWords(order.start, order.end)),
    state(job),
    h("span", { class: "quiet" }, what.filter(Boolean).join(" · ")),
    h("span", { class: "quiet" }, `ordered ${momentWords(job.created)}`),
    order.simulated && simulated()));
}

export function state(job) {
  const { word, sign } = STATES[job.status];
  const percent = job.status === "running" ? ` ${job.progress} %` : "";
  return h("span", { class: `state ${job.status}` }, h("span", { "aria-hidden": "true" }, sign), ` ${word}${percent}`);
}

export const simulated = () => h("span", { class: "badge", title: "The scenes were made by a simulator" }, "Simulated");
