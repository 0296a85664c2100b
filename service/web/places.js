// Series of places: of a pixel, read when it is asked for; of the parcels, which the job has made.

import { json } from "./api.js";
import { h } from "./dom.js";
import { lookAt, outlines, readFeatures, shape } from "./map.js";
import { count } from "./words.js";

const MOSTLY = 0.5;
const NEAR = 200;

export async function pixelSeries(jobId, lon, lat) {
  const found = await json(`jobs/${jobId}/point?lon=${lon.toFixed(6)}&lat=${lat.toFixed(6)}`);
  const rows = found.series.map((row) => ({ date: row.date, lai: row.lai, sigma: row.lai_sigma, observed: row.observed, from: row.quality_class, reason: row.reason }));
  const name = `Pixel at ${lat.toFixed(4)}, ${lon.toFixed(4)}`;
  return { name, key: "Observed", rows, unit: found.unit, simulated: found.simulated };
}

function parcelSeries(feature, unit) {
  const rows = feature.series.map((row) => ({
    date: row.date, lai: row.mean, sigma: row.sigma, observed: row.observed_fraction >= MOSTLY,
    from: row.mean === null ? null : `${Math.round(100 * row.observed_fraction)} % observed`, reason: row.reason,
  }));
  return { name: `Parcel ${feature.id ?? ""}`, key: "At least half observed", rows, unit, simulated: feature.properties?.["clearleaf:simulated"] };
}

// Light with a dark edge: seen on every colour of the legends.
const border = (chosen) => [shape(null, "parcel-edge", chosen ? 5 : 3), shape(null, chosen ? "parcel-chosen" : "parcel", chosen ? 3 : 1.25)];

export class Parcels {
  static async read(jobId, map, chosen) {
    return new Parcels(await json(`jobs/${jobId}/series?f=json`), map, chosen);
  }

  constructor({ features, unit }, map, chosen) {
    Object.assign(this, { features, unit, map, chosen });
    this.layer = outlines((feature) => border(feature.get("chosen")), 9);
    this.shapes = readFeatures({ type: "FeatureCollection", features });
    this.layer.getSource().addFeatures(this.shapes);
    map.addLayer(this.layer);
    this.lines = features.map((feature, i) => {
      const meter = h("meter", { min: 0, max: 8, value: 0, "aria-hidden": "true" });
      const value = h("output", {});
      const button = h("button", { type: "button", "aria-pressed": "false", onclick: () => this.choose(i, true) }, h("span", {}, String(feature.id ?? i + 1)), meter, value);
      return { button, meter, value, by: new Map(feature.series.map((row) => [row.date, row.mean])) };
    });
    this.element = h("section", {}, h("h2", {}, count(features.length, "parcel")), h("p", { class: "quiet" }, "Mean LAI on the date that the map shows"),
      h("ul", { class: "parcels" }, this.lines.map(({ button }) => h("li", {}, button))));
  }

  show(date) {
    for (const { meter, value, by } of this.lines) {
      const lai = by.get(date);
      meter.value = lai ?? 0;
      value.textContent = typeof lai === "number" ? lai.toFixed(2) : "–";
    }
  }

  choose(index, look = false) {
    this.lines.forEach(({ button }, i) => button.setAttribute("aria-pressed", String(i === index)));
    this.shapes.forEach((feature, i) => feature.set("chosen", i === index));
    if (index === null) return;
    this.chosen(parcelSeries(this.features[index], this.unit));
    if (look && this.features.length > NEAR)
      lookAt(this.map, ol.proj.transformExtent(this.shapes[index].getGeometry().getExtent(), "EPSG:3857", "EPSG:4326"), { slowly: true });
  }
}
