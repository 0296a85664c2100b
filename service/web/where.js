// Where an order is for: shapes that are drawn, opened from a file or typed; one area, or parcels.
/* global ol */

import { $, h, icon, say } from "./dom.js";
import { blame, choose, field, forgive, select, told } from "./fields.js";
import { Kept } from "./kept.js";
import { lookAt, outlines, readFeatures, shape } from "./map.js";
import { MAP_ENDS, Sketch } from "./sketch.js";
import { areaWords, count } from "./words.js";

const ICONS = {
  Polygon: "M4 9 12 3l8 7-4 10H6z",
  Rectangle: "M4 6h16v12H4z",
  Open: "M12 16V4m0 0-4 4m4-4 4 4M4 16v4h16v-4",
};
const HINTS = matchMedia("(pointer: coarse)").matches
  ? { Polygon: "Tap the corners of the field, then the first one again.", Rectangle: "Tap one corner, then the opposite one." }
  : {
      Polygon: "Click the corners of the field; a double click, or the first corner again, closes it.",
      Rectangle: "Click one corner, then the opposite one.",
    };
const USES = { aoi: "One area: a map of every pixel", parcels: "Parcels: a map, and a series of each shape" };
const EDGES = { west: "West", south: "South", east: "East", north: "North" };

export class Where {
  static names = ["aoi", "parcels", "parcel_id"];

  // `most` km² may be ordered; `changed` is called when shapes came or went, or became something else.
  constructor(map, most, changed) {
    Object.assign(this, { map, most, changed });
    this.hint = h("p", { role: "status" });
    this.pen = h("div", { class: "card hint", hidden: true }, this.hint, this.strokes());
    $(".stage").append(this.pen);
    this.summary = h("div", { class: "shapes", hidden: true });
    this.use = this.choices();
    this.idName = select([["", ""]], "");
    this.idField = field("parcel_id", "Name of a parcel", this.idName);
    this.around = outlines(() => shape(null, "accent", 1.5, [8, 6]), 3);
    map.addLayer(this.around);
    this.area = new Kept("aoi", () => "The map covers an area of its own, not the parcels alone", () => this.shapesChanged());
    this.element = h("fieldset", { id: "aoi" }, h("legend", {}, "Where"), this.tools(), this.summary, this.use, this.idField, this.area.element, this.corners(), told("aoi parcels"));
    this.sketch = new Sketch(map, () => this.shapesChanged());
    this.shapesChanged();
    addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.take(null);
      if (event.key === "Backspace" && event.target.id === "map") this.sketch.undo();
    });
  }

  // What a finger has in place of the Backspace key and the double click.
  strokes() {
    const button = (text, act) => h("button", { type: "button", class: "plain", onclick: act }, text);
    return h("div", { class: "strokes" }, button("Undo", () => this.sketch.undo()), button("Finish", () => this.sketch.finish()));
  }

  tools() {
    const tool = (name) =>
      h("button", { type: "button", "aria-pressed": "false", "data-tool": name, onclick: () => this.take(name) }, icon(ICONS[name]), name);
    this.file = h("input", { type: "file", class: "unseen", tabindex: -1, accept: ".geojson,.json,application/geo+json", "aria-label": "GeoJSON file", onchange: () => this.open() });
    const open = h("button", { type: "button", onclick: () => this.file.click() }, icon(ICONS.Open), "GeoJSON");
    return [h("div", { class: "tools", role: "group", "aria-label": "Draw or open" }, tool("Polygon"), tool("Rectangle"), open), this.file];
  }

  choices() {
    const choice = ([value, text]) =>
      h("label", { class: "check" }, h("input", { type: "radio", name: "use", value, checked: value === "aoi", onchange: () => this.shapesChanged() }), text);
    return h("div", { class: "choices", role: "radiogroup", "aria-label": "What the shapes are", hidden: true }, Object.entries(USES).map(choice));
  }

  corners() {
    const edge = ([name, label]) =>
      field(`edge-${name}`, label, h("input", { type: "number", step: "any", inputmode: "decimal", placeholder: "degrees" }));
    const add = () => {
      const bbox = Object.keys(EDGES).map((name) => Number.parseFloat($(`#edge-${name}`).value));
      forgive(this.element);
      const wrong = edgeProblems(bbox);
      if (wrong.length) return blame(this.element, wrong);
      this.sketch.addBox(bbox);
      lookAt(this.map, bbox, { slowly: true });
      say("Rectangle added");
    };
    return h("details", {}, h("summary", {}, "Type the edges instead"),
      h("div", { class: "corners" }, Object.entries(EDGES).map(edge), h("button", { type: "button", onclick: add }, "Add rectangle")));
  }

  members() {
    if (!this.sketch.features.length) return {};
    if (!this.areParcels) return { aoi: this.sketch.area() };
    return { ...this.area.members(), parcels: this.sketch.parcels(), ...(this.idName.value && { parcel_id: this.idName.value }) };
  }

  like({ aoi, parcels, parcel_id: id = "" }) {
    this.sketch.open(parcels ?? aoi);
    this.choose(parcels ? "parcels" : "aoi");
    choose(this.idName, id);
    if (parcels && aoi) this.area.hold(aoi);
    this.look();
  }

  take(tool) {
    const same = this.tool === tool;
    this.tool = same ? null : tool;
    this.sketch.take(this.tool, () => this.take(null));
    for (const button of this.element.querySelectorAll("[data-tool]"))
      button.setAttribute("aria-pressed", String(button.dataset.tool === this.tool));
    this.pen.hidden = !this.tool;
    this.pen.lastElementChild.hidden = this.tool !== "Polygon";
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
      this.look({ slowly: true });
      say(`${file.name} opened`);
    } catch (error) {
      blame(this.element, [{ pointer: "/aoi", detail: `the file ${file.name} is no GeoJSON that can be shown: ${error.message}` }]);
    }
  }

  look(options) {
    lookAt(this.map, ol.proj.transformExtent(this.sketch.source.getExtent(), "EPSG:3857", "EPSG:4326"), options);
  }

  choose(use) {
    for (const input of this.use.querySelectorAll("input")) input.checked = input.value === use;
    this.shapesChanged();
  }

  get areParcels() {
    return this.use.querySelector(":checked").value === "parcels";
  }

  shapesChanged() {
    const n = this.sketch.features.length;
    forgive(this.element);
    if (!n && this.area.held) return this.area.hold(undefined); // which comes back here
    this.summary.hidden = this.use.hidden = n === 0;
    this.idField.hidden = n === 0 || !this.areParcels;
    this.area.element.hidden = !this.area.held || !this.areParcels;
    this.summary.replaceChildren(
      h("span", { class: "numbers", role: "status" }, `${count(n, "shape")}: ${areaWords(this.sketch.areaKm2)} of ${areaWords(this.most)}`),
      h("button", { type: "button", class: "plain", onclick: () => this.clear() }, "Clear"),
    );
    this.around.getSource().clear();
    if (!this.area.element.hidden) this.around.getSource().addFeatures(readFeatures(this.area.value));
    this.offerNames(n);
    this.changed();
  }

  clear() {
    this.sketch.clear();
    this.choose("aoi");
    this.element.querySelector("[data-tool]").focus();
  }

  // A name that was chosen stays so, whatever other shapes lack it; without shapes there is none.
  offerNames(n) {
    const names = this.sketch.names();
    const first = this.idName.options.length === 1;
    const kept = n === 0 ? "" : first && names.includes("id") ? "id" : this.idName.value;
    const offered = new Set(["", ...names, kept]);
    this.idName.replaceChildren(...[...offered].map((name) => h("option", { value: name, selected: name === kept }, name || "Their position in the file")));
  }
}

// What is wrong with west, south, east and north: nothing that the map could not show may get onto it.
function edgeProblems(bbox) {
  const [west, south, east, north] = bbox;
  const problems = Object.keys(EDGES).flatMap((name, i) => {
    const most = i % 2 ? MAP_ENDS : 180;
    return Math.abs(bbox[i]) <= most ? [] : [{ pointer: `/edge-${name}`, detail: `give degrees between −${most} and ${most}` }];
  });
  if (problems.length) return problems;
  if (west >= east) problems.push({ pointer: "/edge-east", detail: `${east} is not east of ${west}` });
  if (south >= north) problems.push({ pointer: "/edge-north", detail: `${north} is not north of ${south}` });
  return problems;
}
