// The files: those of the date that the map shows, and those of the whole job; all by signed links, which need no key.

import { json, local, Problem } from "./api.js";
import { h } from "./dom.js";
import { dayWords, sentence } from "./words.js";

const RASTERS = { lai: "LAI", lai_sigma: "Sigma", quality: "Quality", days_to_clear: "Days to a clear observation", predicted: "Predicted LAI", fused: "Fused LAI" };

export class Downloads {
  // `outputs` is the results document, `assets` those of the collection.
  constructor(jobId, outputs, assets) {
    this.jobId = jobId;
    this.title = h("h3", {});
    this.ofDate = h("ul", { class: "downloads" });
    const whole = ["collection", "manifest"].map((name) => [TITLES[name], "JSON", outputs[name], () => this.output(name)]);
    if (outputs.series)
      whole.unshift([TITLES.series, "CSV", assets.series_csv, () => this.table()], [TITLES.series, "GeoJSON", outputs.series, () => this.output("series")]);
    this.element = h("section", { "aria-label": "Files" }, h("h2", {}, "Files"), h("div", { class: "downloads" }, this.title, this.ofDate, h("h3", {}, "The whole job"), h("ul", { class: "downloads" }, whole.map(line))));
  }

  show({ id, date, assets }) {
    this.title.textContent = dayWords(date);
    const rasters = Object.entries(RASTERS).filter(([name]) => assets[name]);
    this.ofDate.replaceChildren(...rasters.map(([name, title]) => line([title, "GeoTIFF", assets[name], () => this.raster(id, name)])));
  }

  async output(name) {
    return (await json(`jobs/${this.jobId}/results`))[name];
  }

  async table() {
    return (await json(`stac/collections/${this.jobId}`)).assets.series_csv;
  }

  async raster(id, name) {
    return (await json(`stac/collections/${this.jobId}/items/${encodeURIComponent(id)}`)).assets[name];
  }
}

const TITLES = { collection: "STAC collection", manifest: "Manifest: order, scenes, versions", series: "Series of all parcels" };

// A signature ends, and a page may stay open for days: whoever clicks gets the file by a link that was signed just now.
function line([title, kind, { href }, afresh]) {
  const link = h("a", { href: local(href), download: "" }, title, h("span", { class: "quiet" }, kind));
  let renewed = false;
  link.addEventListener("click", async (event) => {
    if (renewed) return;
    event.preventDefault();
    try {
      link.href = local((await afresh()).href);
      link.nextSibling?.remove();
      renewed = true;
      link.click();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      link.nextSibling?.remove();
      link.after(h("p", { class: "wrong", role: "alert" }, sentence(error.message)));
    } finally {
      renewed = false;
    }
  });
  return h("li", {}, link);
}
