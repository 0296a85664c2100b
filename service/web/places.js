// Series of places: of a pixel, read when it is asked for; of the parcels, which the job has made.
/* global ol */

import { json } from "./api.js";
import { $, calm, h, narrow } from "./dom.js";
import { lookAt, outlines, readFeatures, shape } from "./map.js";
import { count, shareWords, sourceWords } from "./words.js";

const MOSTLY = 0.5;
const NEAR = 200; // more parcels than this lie too far apart to be seen at once
const LISTED = 200; // rows; of more than this, one types a part of the name
const WATER = "water-or-snow";

export async function pixelSeries(jobId, lon, lat, signal) {
  const found = await json(`jobs/${jobId}/point?lon=${lon.toFixed(6)}&lat=${lat.toFixed(6)}`, { signal });
  const rows = found.series.map((row) => (row.quality_class === WATER ? { date: row.date, lai: null, sigma: null, observed: false, reason: "Water or snow: LAI has no meaning" } : {
    date: row.date, lai: row.lai, sigma: row.lai_sigma, observed: row.observed, from: sourceWords(row.quality_class), reason: row.reason,
  }));
  return { name: pixelName(lon, lat), key: "Observed", rows, unit: found.unit, simulated: found.simulated };
}

export const pixelName = (lon, lat) => `Pixel at ${lat.toFixed(4)}, ${lon.toFixed(4)}`;

const seenWords = (observed) => (observed ? `${shareWords(observed)} observed` : sourceWords("reconstructed"));

function parcelSeries(feature, name, unit, simulated) {
  const rows = feature.series.map((row) => ({
    date: row.date, lai: row.mean, sigma: row.sigma, observed: row.observed_fraction >= MOSTLY,
    from: row.mean === null ? null : seenWords(row.observed_fraction), reason: row.reason,
  }));
  return { name: `Parcel ${name}`, key: "At least half observed", rows, unit, simulated };
}

// Light with a dark edge: seen on every colour of the legends.
const border = (chosen) => [shape(null, "parcel-edge", chosen ? 5 : 3), shape(null, chosen ? "parcel-chosen" : "parcel", chosen ? 3 : 1.25)];

export class Parcels {
  // `ordered` is what was ordered; `chosen` is called with the series of a parcel that was chosen.
  constructor(job, ordered, { features, unit }, map, chosen) {
    Object.assign(this, { job, ordered, features, unit, map, chosen, lines: new Map(), index: null, within: null });
    this.layer = outlines((feature) => border(feature.get("chosen")), 9);
    this.shapes = readFeatures({ type: "FeatureCollection", features: features.map(({ type, geometry }) => ({ type, geometry, properties: null })) });
    this.layer.getSource().addFeatures(this.shapes);
    map.addLayer(this.layer);
    this.label = new ol.Overlay({ element: h("div", { class: "card name", "aria-hidden": "true" }), positioning: "bottom-center", offset: [0, -8], stopEvent: false });
    map.addOverlay(this.label);
    map.on("pointermove", (event) => this.point(event));
    map.getViewport().addEventListener("pointerleave", () => this.label.setPosition(undefined));
    this.list = h("ul", { class: "parcels" });
    this.told = h("p", { class: "quiet", role: "status" });
    this.find = h("input", { type: "search", id: "find-parcel", oninput: () => this.fill() });
    this.element = h("section", {}, h("h2", {}, count(features.length, "parcel")), h("p", { class: "quiet" }, "Mean LAI on the date that the map shows"),
      features.length > LISTED && h("div", { class: "field find" }, h("label", { for: "find-parcel" }, "Find a parcel"), this.find, this.told),
      this.list);
    this.fill();
  }

  // People count from 1 where the order gave no names.
  name(index) {
    return this.named(index) ? String(this.features[index].id) : String(index + 1);
  }

  named(index) {
    const { id, properties } = this.ordered.parcels.features[index];
    return (properties?.[this.ordered.parcel_id] ?? id ?? null) !== null;
  }

  // The parcel at a place on the map, or null; where some overlap, the smallest.
  at(coordinate) {
    const area = (shape) => shape.getGeometry().getArea();
    const [found] = this.layer.getSource().getFeaturesAtCoordinate(coordinate).sort((a, b) => area(a) - area(b));
    return found ? this.shapes.indexOf(found) : null;
  }

  // Chooses the parcel at a place; false where there is none, or where it is the one within which one looks already.
  take(coordinate) {
    const index = this.at(coordinate);
    const taken = index !== null && index !== this.within;
    if (taken) this.choose(index);
    this.within = index;
    return taken;
  }

  point({ coordinate, dragging, originalEvent }) {
    const index = dragging || originalEvent.pointerType === "touch" ? null : this.at(coordinate);
    this.map.getTargetElement().style.cursor = index === null ? "" : "pointer";
    this.label.setPosition(index === null ? undefined : coordinate);
    if (index !== null) this.label.getElement().textContent = `Parcel ${this.name(index)}`;
  }

  // Lists the parcels whose name holds what is looked for; no more rows than can be kept up to date at every step.
  fill() {
    const wanted = this.find.value.trim().toLowerCase();
    const found = this.features.map((_, i) => i).filter((i) => this.name(i).toLowerCase().includes(wanted));
    this.lines = new Map(found.slice(0, LISTED).map((i) => [i, this.line(i)]));
    this.list.replaceChildren(...[...this.lines.values()].map(({ button }) => h("li", {}, button)));
    this.told.textContent = found.length > LISTED ? `The first ${LISTED} of ${count(found.length, "parcel")}; type more of the name` : count(found.length, "parcel");
    if (this.date) this.show(this.date);
  }

  line(index) {
    const meter = h("meter", { min: 0, max: 8, value: 0, "aria-hidden": "true" });
    const value = h("output", {});
    const button = h("button", { type: "button", "aria-pressed": String(index === this.index), onclick: () => this.pick(index) }, h("span", {}, this.name(index)), meter, value);
    return { button, meter, value, by: new Map(this.features[index].series.map((row) => [row.date, row.mean])) };
  }

  show(date) {
    this.date = date;
    for (const { meter, value, by } of this.lines.values()) {
      const lai = by.get(date);
      meter.value = lai ?? 0;
      value.textContent = typeof lai === "number" ? lai.toFixed(2) : "–";
    }
  }

  // By the list: where all do not fit on the map, it moves; where the dock is not beside the list, the page does.
  pick(index) {
    this.choose(index);
    if (this.features.length > NEAR)
      lookAt(this.map, ol.proj.transformExtent(this.shapes[index].getGeometry().getExtent(), "EPSG:3857", "EPSG:4326"), { slowly: true });
    if (narrow.matches) $("#dock").scrollIntoView({ block: "end", behavior: calm.matches ? "auto" : "smooth" });
  }

  choose(index) {
    this.mark(this.index, false);
    this.index = index;
    this.mark(index, true);
    if (index === null) return;
    this.within = index;
    this.chosen(parcelSeries(this.features[index], this.name(index), this.unit, this.job.simulated));
  }

  mark(index, chosen) {
    if (index === null) return;
    this.lines.get(index)?.button.setAttribute("aria-pressed", String(chosen));
    this.shapes[index].set("chosen", chosen);
  }
}
