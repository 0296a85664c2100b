// The order: where, when, from which scenes; and under it the jobs there are.

import { json, post, Problem, url } from "./api.js";
import { $, h, icon, say } from "./dom.js";
import { blame, field, forgive, select, told } from "./fields.js";
import { jobList } from "./joblist.js";
import { boxFeature, caption, lookAt, outlines, shape } from "./map.js";
import { Sketch } from "./sketch.js";
import { addDays, areaWords, count, isoDay } from "./words.js";

const ICONS = {
  Polygon: "M4 9 12 3l8 7-4 10H6z",
  Rectangle: "M4 6h16v12H4z",
  Open: "M12 16V4m0 0-4 4m4-4 4 4M4 16v4h16v-4",
};
const HINTS = {
  Polygon: "Click the corners of the field; a double click, or the first corner again, closes it.",
  Rectangle: "Click one corner, then the opposite one.",
};
const SPAN_DAYS = 60;
const NEW_KEY = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

export async function show({ panel, map, config }) {
  document.title = "New order – clearleaf";
  const [process, jobs] = await Promise.all([json("processes/lai-reconstruction"), jobList()]);
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
  const like = new URLSearchParams(location.search).get("like");
  if (like) await form.likeJob(like);
  markPage();
  addEventListener("hashchange", markPage);
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
    Object.assign(this, { map, config, inputs, key: NEW_KEY(), sentBody: "" });
    this.sketch = new Sketch(map, () => this.shapesChanged());
    this.covered = outlines(() => [shape(null, "edge", 1.5, [4, 6]), caption("Scenes are here")], 2);
    map.addLayer(this.covered);
    this.hint = h("p", { class: "card hint", hidden: true, role: "status" });
    $(".stage").append(this.hint);
    this.element = h(
      "form",
      { class: "form", novalidate: true, "aria-label": "Order", onsubmit: (event) => this.send(event) },
      this.where(),
      this.when(),
      this.scenes(),
      this.more(),
      told("order"),
      h("div", { class: "send" }, (this.button = h("button", { class: "main-button", type: "submit" }, "Order the map"))),
    );
    this.catalogChanged();
    this.shapesChanged();
    this.datesChanged();
    addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.take(null);
      if (event.key === "Backspace" && event.target.id === "map") this.sketch.undo();
    });
  }

  where() {
    const tool = (name) =>
      h("button", { type: "button", "aria-pressed": "false", "data-tool": name, onclick: () => this.take(name) }, icon(ICONS[name]), name);
    this.file = h("input", { type: "file", class: "unseen", tabindex: -1, accept: ".geojson,.json,application/geo+json", "aria-label": "GeoJSON file", onchange: () => this.open() });
    this.summary = h("div", { class: "shapes", hidden: true });
    this.use = h("div", { class: "choices", role: "radiogroup", "aria-label": "What the shapes are", hidden: true });
    for (const [value, text] of [
      ["aoi", "One area: a map of every pixel"],
      ["parcels", "Parcels: a map, and a series of each shape"],
    ]) {
      const input = h("input", { type: "radio", name: "use", value, checked: value === "aoi", onchange: () => this.shapesChanged() });
      this.use.append(h("label", { class: "check" }, input, text));
    }
    this.idName = select([["", "Their order"]], "");
    this.idField = field("parcel_id", "Name of a parcel", this.idName);
    return h(
      "fieldset",
      { id: "aoi" },
      h("legend", {}, "Where"),
      h("div", { class: "tools", role: "group", "aria-label": "Draw or open" }, tool("Polygon"), tool("Rectangle"),
        h("button", { type: "button", onclick: () => this.file.click() }, icon(ICONS.Open), "GeoJSON")),
      this.file,
      this.summary,
      this.use,
      this.idField,
      this.corners(),
      told("aoi parcels"),
    );
  }

  corners() {
    const edge = (name, label) => h("div", { class: "field" }, h("label", { for: `edge-${name}` }, label),
      h("input", { id: `edge-${name}`, type: "number", step: "any", inputmode: "decimal", placeholder: "degrees" }));
    const names = ["west", "south", "east", "north"];
    const add = () => {
      const bbox = names.map((name) => Number.parseFloat($(`#edge-${name}`).value));
      if (bbox.some(Number.isNaN)) return say("Give all four edges in degrees");
      this.sketch.addBox(bbox);
      lookAt(this.map, bbox, { slowly: true });
      say("Rectangle added");
    };
    return h("details", {}, h("summary", {}, "Type the edges instead"),
      h("div", { class: "corners" }, edge("west", "West"), edge("south", "South"), edge("east", "East"), edge("north", "North"),
        h("button", { type: "button", onclick: add }, "Add rectangle")));
  }

  when() {
    const today = isoDay(new Date());
    const change = () => this.datesChanged();
    const box = (type, more) => h("input", { type, ...more, onchange: change });
    this.start = box("date", { min: "2014-10-01", max: today });
    this.end = box("date", { min: "2014-10-01", max: today });
    this.step = h("input", { type: "number", min: "1", value: "5", inputmode: "numeric", oninput: change });
    this.dates = h("p", { class: "quiet", role: "status" });
    return h(
      "fieldset",
      {},
      h("legend", {}, "When"),
      h("div", { class: "row" }, field("start", "First day", this.start), field("end", "Last day", this.end)),
      this.every(),
      this.dates,
    );
  }

  every() {
    const step = field("step_days", "Days between maps", this.step);
    step.classList.add("beside");
    return step;
  }

  scenes() {
    const titles = this.config.catalogs.map(({ name, title }) => [name, title]);
    this.catalog = select(titles.length ? titles : [["", "None is configured"]], this.config.default_catalog);
    this.catalog.addEventListener("change", () => this.catalogChanged());
    this.badge = h("span", { class: "badge", hidden: true }, "Simulated");
    this.about = h("p", { class: "quiet" });
    return h(
      "fieldset",
      {},
      h("legend", {}, "Scenes"),
      field("catalog", "Catalogue", this.catalog),
      h("div", {}, this.badge, this.about),
    );
  }

  more() {
    const { model, resolution, context_days: context, adapt } = Object.fromEntries(
      Object.entries(this.inputs).map(([name, input]) => [name, { ...input.schema, words: input.description }]),
    );
    this.adapt = h("input", { type: "checkbox", id: "adapt", checked: adapt.default });
    this.model = select(model.enum.map((name) => [name, name]), model.default);
    this.resolution = select(resolution.enum.map((m) => [String(m), `${m} m`]), String(resolution.default));
    this.context = h("input", { type: "number", min: "0", max: String(context.maximum), value: String(context.default) });
    return h(
      "details",
      {},
      h("summary", {}, "More settings"),
      h("div", { class: "form" },
        field("resolution", "Pixel", this.resolution, resolution.words),
        field("context_days", "Days of context", this.context, context.words),
        field("model", "Reconstruction", this.model),
        h("label", { class: "check" }, this.adapt, "Adapt to the area’s own clear days"),
        told("adapt")),
    );
  }

  take(tool) {
    const same = this.tool === tool;
    this.tool = same ? null : tool;
    this.sketch.take(this.tool, () => this.take(null));
    for (const button of this.element.querySelectorAll("[data-tool]"))
      button.setAttribute("aria-pressed", String(button.dataset.tool === this.tool));
    this.hint.hidden = !this.tool;
    this.hint.textContent = HINTS[this.tool] ?? "";
    $("#map").classList.toggle("drawing", Boolean(this.tool));
    if (this.tool) $(".stage").scrollIntoView({ block: "nearest" });
  }

  async open() {
    const [file] = this.file.files;
    this.file.value = "";
    if (!file) return;
    forgive(this.element);
    try {
      const document = JSON.parse(await file.text());
      this.sketch.open(document);
      if (document.type === "FeatureCollection" && document.features.length > 1) this.choose("parcels");
      const bbox = ol.proj.transformExtent(this.sketch.source.getExtent(), "EPSG:3857", "EPSG:4326");
      lookAt(this.map, bbox, { slowly: true });
      say(`${file.name} opened`);
    } catch (error) {
      blame(this.element, [{ pointer: "/aoi", detail: `${file.name} is no GeoJSON that can be shown: ${error.message}` }]);
    }
  }

  choose(use) {
    for (const input of this.use.querySelectorAll("input")) input.checked = input.value === use;
    this.shapesChanged();
  }

  get chosen() {
    return this.use.querySelector(":checked").value;
  }

  shapesChanged() {
    const n = this.sketch.features.length;
    const limit = this.config.limits.area_km2;
    this.summary.hidden = this.use.hidden = n === 0;
    this.idField.hidden = n === 0 || this.chosen !== "parcels";
    const words = `${count(n, "shape")}: ${areaWords(this.sketch.areaKm2)} of ${areaWords(limit)}`;
    this.summary.replaceChildren(
      h("span", { class: "numbers", role: "status" }, words),
      h("button", { type: "button", class: "plain", onclick: () => this.sketch.clear() }, "Clear"),
    );
    const names = this.sketch.names();
    const kept = this.idName.value || (names.includes("id") ? "id" : "");
    this.idName.replaceChildren(...["", ...names].map((name) => h("option", { value: name, selected: name === kept }, name || "Their position in the file")));
  }

  catalogChanged() {
    const known = this.config.catalogs.find(({ name }) => name === this.catalog.value);
    this.badge.hidden = !known?.simulated;
    this.covered.getSource().clear();
    this.about.textContent = "";
    if (!known) return;
    if (known.simulated) this.about.textContent = "No satellite has seen this place: its scenes were made by a simulator. ";
    if (known.start || known.end) this.about.append(`Scenes from ${known.start ?? "the beginning"} to ${known.end ?? "today"}.`);
    const today = isoDay(new Date());
    const last = known.end && known.end < today ? known.end : today;
    if (!this.touched) {
      this.end.value = last;
      this.start.value = addDays(last, -SPAN_DAYS);
      this.datesChanged(false);
    }
    const [west, south, east, north] = known.bbox ?? [-180, -90, 180, 90];
    if (east - west > 90) return;
    this.covered.getSource().addFeature(boxFeature(known.bbox));
    if (!this.sketch.features.length) lookAt(this.map, [west, south, east, north]);
  }

  datesChanged(touched = true) {
    this.touched ||= touched && document.activeElement?.closest("form") === this.element;
    const [start, end] = [this.start.value, this.end.value].map((iso) => Date.parse(iso));
    const step = Number(this.step.value);
    const most = this.config.limits.dates;
    const n = Math.floor((end - start) / 864e5 / step) + 1;
    this.dates.textContent = Number.isFinite(n) && n > 0 ? `${count(n, "date")} of at most ${most}` : `At most ${most} dates`;
  }

  order() {
    const order = {};
    if (this.sketch.features.length) {
      if (this.chosen === "parcels") {
        order.parcels = this.sketch.parcels();
        if (this.idName.value) order.parcel_id = this.idName.value;
      } else order.aoi = this.sketch.area();
    }
    if (this.start.value) order.start = this.start.value;
    if (this.end.value) order.end = this.end.value;
    if (this.step.value) order.step_days = Number(this.step.value);
    if (this.catalog.value) order.catalog = this.catalog.value;
    const { model, resolution, context_days: context, adapt } = this.inputs;
    if (this.model.value !== model.schema.default) order.model = this.model.value;
    if (Number(this.resolution.value) !== resolution.schema.default) order.resolution = Number(this.resolution.value);
    if (this.context.value !== String(context.schema.default)) order.context_days = Number(this.context.value);
    if (this.adapt.checked !== adapt.schema.default) order.adapt = this.adapt.checked;
    return order;
  }

  async send(event) {
    event.preventDefault();
    forgive(this.element);
    this.take(null);
    const order = this.order();
    const body = JSON.stringify(order);
    if (body !== this.sentBody) this.key = NEW_KEY(); // the same order again makes no second job
    this.sentBody = body;
    this.button.disabled = true;
    this.button.textContent = "Ordering …";
    try {
      const job = await post("jobs", order, { "Idempotency-Key": this.key });
      location.assign(url(`jobs/${job.id}`));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.refused(error);
    } finally {
      this.button.disabled = false;
      this.button.textContent = "Order the map";
    }
  }

  refused(problem) {
    const errors = problem.errors ?? [];
    const others = blame(this.element, errors);
    const words = errors.length ? others.map((error) => error.detail) : [problem.message];
    const place = this.element.querySelector('[data-told="order"]');
    place.replaceChildren(...words.map((text) => h("p", { class: "wrong", role: "alert" }, text)));
    if (errors.length > others.length) say(`The order was not taken: ${errors.map((error) => error.detail).join(". ")}`);
  }

  async likeJob(id) {
    const { request } = await json(`page/jobs/${encodeURIComponent(id)}.json`);
    this.touched = true;
    this.catalog.value = request.catalog;
    this.catalogChanged();
    [this.start.value, this.end.value, this.step.value] = [request.start, request.end, String(request.step_days ?? 5)];
    if (request.model) this.model.value = request.model;
    if (request.resolution) this.resolution.value = String(request.resolution);
    if (request.context_days !== undefined) this.context.value = String(request.context_days);
    if (request.adapt !== undefined) this.adapt.checked = request.adapt;
    this.sketch.open(request.parcels ?? request.aoi);
    this.choose(request.parcels ? "parcels" : "aoi");
    if (request.parcel_id) this.idName.value = request.parcel_id;
    this.datesChanged(false);
    lookAt(this.map, ol.proj.transformExtent(this.sketch.source.getExtent(), "EPSG:3857", "EPSG:4326"));
  }
}
