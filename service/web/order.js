// The order: where, when, from which scenes; and under it the jobs there are.

import { json, post, Problem, url } from "./api.js";
import { $, h, say } from "./dom.js";
import { Estimate } from "./estimate.js";
import { blame, forgive, told } from "./fields.js";
import { jobList } from "./joblist.js";
import { lookAt } from "./map.js";
import { Scenes } from "./scenes.js";
import { Settings } from "./settings.js";
import { When } from "./when.js";
import { Where } from "./where.js";
import { sentence } from "./words.js";

const NEW_KEY = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
const MISSING = {
  "/aoi": "Draw an area on the map first, or open a GeoJSON file",
  "/start": "Choose the first day",
  "/end": "Choose the last day",
};
const READS_ONLY = "This key opens jobs and orders none: whoever runs the service gives you one with the scope “jobs”.";
const SHOWN = [Where, When, Scenes, Settings].flatMap(({ names }) => names);

export async function show({ panel, map, config }) {
  document.title = "New order – clearleaf";
  const like = new URLSearchParams(location.search).get("like");
  // Before the form is there: whoever was quicker than the earlier order would send another, or lose what they had filled in.
  const earlier = like && json(`page/jobs/${encodeURIComponent(like)}.json`);
  const [process, jobs, found] = await Promise.all([json("processes/lai-reconstruction"), jobList(), earlier]);
  const form = new OrderForm(map, config, process.inputs);
  panel.replaceChildren(
    h(
      "div",
      { class: "lead" },
      h("h1", {}, "Leaf area through clouds"),
      h("p", { class: "words" }, "Draw a field and choose the days. You get its leaf area index for every date, with the uncertainty of each pixel."),
    ),
    form.element,
    jobs,
  );
  if (found) form.like(found.request);
  markPage();
  addEventListener("hashchange", markPage);
  addEventListener("popstate", markPage);
  for (const link of document.querySelectorAll("[data-page]")) link.addEventListener("click", stay);
}

// To look at the jobs and come back leaves the form as it is: both are on this page.
function stay(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { page } = event.currentTarget.dataset;
  if (page === "order" && !location.hash) return;
  event.preventDefault();
  history.pushState(null, "", page === "jobs" ? "#jobs" : location.pathname + location.search);
  $("#panel").scrollTo(0, 0);
  scrollTo(0, 0); // on a phone it is the window that scrolls
  markPage();
}

function markPage() {
  const page = location.hash === "#jobs" ? "jobs" : "order";
  for (const link of document.querySelectorAll("[data-page]")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (page === "jobs") $("#jobs").scrollIntoView();
}

class OrderForm {
  constructor(map, config, inputs) {
    Object.assign(this, { map, key: NEW_KEY(), sentBody: "" });
    const changed = (event) => this.changed(event);
    this.where = new Where(map, config.limits.area_km2, changed);
    this.when = new When(config.limits.dates, changed);
    this.scenes = new Scenes(map, config, (catalog, place) => this.catalogChosen(catalog, place));
    this.settings = new Settings(inputs, changed);
    this.parts = [this.where, this.when, this.scenes, this.settings];
    this.estimate = new Estimate(() => this.order());
    this.button = h("button", { class: "main-button", type: "submit" }, "Order the map");
    const send = config.may_order ? this.button : h("p", { class: "words" }, READS_ONLY);
    this.element = h(
      "form",
      { class: "form", novalidate: true, "aria-label": "Order", onsubmit: (event) => this.send(event), oninput: changed, onchange: changed },
      this.parts.map(({ element }) => element),
      h("div", { class: "send" }, this.estimate.element, told("order"), send),
    );
    this.scenes.changed();
  }

  // What was said against something is taken back once that is changed, and what was said of the whole with it.
  changed({ target } = {}) {
    if (!this.estimate) return; // the parts are still being made
    for (const part of [target?.closest(".field, fieldset"), this.button?.parentElement]) if (part) forgive(part);
    this.estimate.changed();
  }

  catalogChosen(catalog, place) {
    this.when.suggest(catalog.end);
    if (place && !this.where.sketch.features.length) lookAt(this.map, place);
  }

  order() {
    return Object.assign({}, ...this.parts.map((part) => part.members()));
  }

  // Fills in an earlier order; what no part shows is kept as it was.
  like(request) {
    const others = Object.fromEntries(Object.entries(request).filter(([name]) => !SHOWN.includes(name)));
    for (const part of this.parts) part.like(request, others);
    this.estimate.changed();
  }

  async send(event) {
    event.preventDefault();
    if (this.sending) return;
    forgive(this.element);
    this.where.take(null);
    const order = this.order();
    const body = JSON.stringify(order);
    if (body !== this.sentBody) this.key = NEW_KEY(); // the same order again makes no second job
    this.sentBody = body;
    this.sending = true; // and not a disabled button, which would lose the focus
    this.button.setAttribute("aria-disabled", "true");
    this.button.textContent = "Ordering …";
    try {
      const job = await post("jobs", order, { "Idempotency-Key": this.key });
      location.assign(url(`jobs/${job.id}`));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.refused(error, order);
    } finally {
      this.sending = false;
      this.button.removeAttribute("aria-disabled");
      this.button.textContent = "Order the map";
    }
  }

  refused(problem, order) {
    const errors = (problem.errors ?? []).map((error) => (error.pointer in MISSING && !(error.pointer.slice(1) in order) ? { ...error, detail: MISSING[error.pointer] } : error));
    const others = blame(this.element, errors);
    const words = errors.length ? others.map((error) => error.detail) : [problem.message];
    const place = this.element.querySelector('[data-told="order"]');
    place.replaceChildren(...words.map((text) => h("p", { class: "wrong", role: "alert" }, sentence(text))));
    if (errors.length > others.length) say(`The order was not taken: ${errors.map((error) => error.detail).join(". ")}`);
  }
}
