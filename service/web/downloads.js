// The files: those of the date that the map shows, and those of the whole job.

import { local, url } from "./api.js";
import { h } from "./dom.js";
import { dayWords } from "./words.js";

const RASTERS = { lai: "LAI", lai_sigma: "Sigma", quality: "Quality", days_to_clear: "Days to a clear observation", predicted: "Predicted LAI", fused: "Fused LAI" };

export class Downloads {
  constructor(jobId, outputs) {
    this.title = h("h3", {});
    this.ofDate = h("ul", { class: "downloads" });
    const whole = [
      ["STAC collection", "JSON", url(`stac/collections/${jobId}`)],
      ["Manifest: order, scenes, versions", "JSON", local(outputs.manifest.href)],
    ];
    if (outputs.series)
      whole.unshift(["Series of all parcels", "CSV", url(`jobs/${jobId}/series?f=csv`)], ["Series of all parcels", "GeoJSON", url(`jobs/${jobId}/series?f=json`)]);
    this.element = h("section", { "aria-label": "Files" }, h("h2", {}, "Files"), h("div", { class: "downloads" }, this.title, this.ofDate, h("h3", {}, "The whole job"), h("ul", { class: "downloads" }, whole.map(line))));
  }

  show({ date, assets }) {
    this.title.textContent = dayWords(date);
    const rasters = Object.entries(RASTERS).filter(([name]) => assets[name]);
    this.ofDate.replaceChildren(...rasters.map(([name, title]) => line([title, "GeoTIFF", local(assets[name].href)])));
  }
}

const line = ([title, kind, href]) => h("li", {}, h("a", { href, download: "" }, title, h("span", { class: "quiet" }, kind)));
