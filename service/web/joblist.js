// The jobs there are, newest first.

import { json, Problem, url } from "./api.js";
import { simulated, state } from "./badges.js";
import { h } from "./dom.js";
import { areaWords, count, momentWords, spanWords } from "./words.js";

const AGAIN_MS = 5000;
const ENDED = ["successful", "failed", "dismissed"];

export async function jobList() {
  const list = h("ul", { class: "jobs" });
  const box = h("section", { id: "jobs", "aria-labelledby": "jobs-title", tabindex: -1 }, h("h2", { id: "jobs-title" }, "Jobs"), list);
  await more(box, list, null);
  setTimeout(() => refresh(list), AGAIN_MS);
  return box;
}

// While a job waits or runs, the newest jobs are asked for again; those that have changed are shown anew.
async function refresh(list) {
  const works = [...list.children].some((line) => !ENDED.includes(line.dataset.status));
  if (works && !document.hidden) {
    try {
      const { jobs } = await json("page/jobs.json");
      for (const job of jobs) show(list, job);
    } catch (error) {
      if (error.status === 401) return; // who would not show a key is not asked every few seconds
      if (!(error instanceof Problem)) console.warn(error); // it may be there the next time
    }
  }
  setTimeout(() => refresh(list), AGAIN_MS);
}

function show(list, job) {
  const old = [...list.children].find((line) => line.dataset.id === job.id);
  if (!old || old.dataset.status === job.status && old.dataset.progress === String(job.progress)) return;
  const focused = old.contains(document.activeElement);
  const fresh = entry(job);
  old.replaceWith(fresh);
  if (focused) fresh.firstChild.focus();
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
  return h("li", { "data-id": job.id, "data-status": job.status, "data-progress": String(job.progress) }, h("a", { href: url(`jobs/${job.id}`) },
    h("span", { class: "span" }, spanWords(order.start, order.end)),
    state(job),
    h("span", { class: "quiet" }, what.filter(Boolean).join(" · ")),
    h("span", { class: "quiet" }, `ordered ${momentWords(job.created)}`),
    job.simulated && simulated()));
}
