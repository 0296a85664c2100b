// What the order would take, told while it is being edited: beside the button, and by screen readers when it is settled.

import { post, Problem } from "./api.js";
import { h } from "./dom.js";
import { areaWords, count, roughly, sentence, sizeWords } from "./words.js";

const PAUSE_MS = 500;
const NO_SCENES = { detail: "There are no scenes in these days: choose other days, or more days of context" };

export class Estimate {
  // `order` gives the order as it stands in the form.
  constructor(order) {
    this.order = order;
    this.element = h("div", { class: "estimate", role: "status", "aria-live": "polite", "aria-atomic": "true", hidden: true });
  }

  // To be called at every change; the service is asked when nothing has changed for a moment.
  changed() {
    const order = this.order();
    const body = JSON.stringify(order);
    if (body === this.body) return;
    this.body = body;
    clearTimeout(this.timer);
    this.asked?.abort();
    this.element.setAttribute("aria-busy", "true");
    if ((order.aoi || order.parcels) && order.start && order.end) this.timer = setTimeout(() => this.ask(order), PAUSE_MS);
    else this.show();
  }

  async ask(order) {
    const asked = (this.asked = new AbortController());
    try {
      const found = await post("jobs/estimate", order, {}, asked.signal);
      const none = found.scenes_counted && !found.scenes && !found.errors.length;
      this.show(...told(found), ...(none ? [NO_SCENES] : found.errors).map(wrong));
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof Problem)) throw error;
      const [first] = error.errors ?? [];
      this.show(first ? wrong({ detail: `this cannot be ordered: ${first.detail}` }) : h("p", { class: "quiet" }, `No estimate yet: ${error.message}`));
    }
  }

  show(...parts) {
    this.element.hidden = !parts.length;
    this.element.replaceChildren(...parts);
    this.element.removeAttribute("aria-busy");
  }
}

function told(found) {
  const { area_km2: area, scenes, scenes_counted: counted, dates, seconds, bytes, jobs_before: before } = found;
  const size = [areaWords(area), count(dates, "date"), `${counted ? "" : "about "}${count(scenes, "scene")}`].join(", ");
  const queue = before ? `; ${count(before, "job")} ${before === 1 ? "waits" : "wait"} before it` : "";
  return [
    h("p", { class: "numbers" }, h("strong", {}, `About ${roughly(seconds)}, ${sizeWords(bytes)}`)),
    h("p", { class: "quiet numbers" }, `${size}. The time is that of one processor${queue}.`),
  ];
}

const wrong = (error) => h("p", { class: "wrong" }, sentence(error.detail));
