// From which catalogue's scenes an order is made; it says where and when there are any, and which are simulated.

import { simulated } from "./badges.js";
import { h } from "./dom.js";
import { choose, field, select } from "./fields.js";
import { boxFeature, caption, outlines, shape } from "./map.js";
import { dayWords } from "./words.js";

const ALL_OF_IT = 90; // degrees: what is wider is no place to look at

export class Scenes {
  static names = ["catalog"];

  // `chosen` is called with a catalogue that has been chosen, and the box in which it has scenes, if that is a place.
  constructor(map, { catalogs, default_catalog: usual }, chosen) {
    Object.assign(this, { catalogs, chosen });
    const titles = catalogs.map(({ name, title }) => [name, title]);
    this.catalog = select(titles.length ? titles : [["", "None is configured"]], usual);
    this.catalog.addEventListener("change", () => this.changed());
    this.badge = simulated();
    this.about = h("p", { class: "quiet" });
    this.covered = outlines(() => [shape(null, "edge", 1.5, [4, 6]), caption("Scenes are here")], 2);
    map.addLayer(this.covered);
    this.element = h("fieldset", {}, h("legend", {}, "Scenes"), field("catalog", "Catalogue", this.catalog), h("div", {}, this.badge, this.about));
  }

  members() {
    return this.catalog.value ? { catalog: this.catalog.value } : {};
  }

  like({ catalog }) {
    if (catalog) choose(this.catalog, catalog, `${catalog} (no longer configured)`);
    this.changed();
  }

  changed() {
    const known = this.catalogs.find(({ name }) => name === this.catalog.value);
    this.badge.hidden = !known?.simulated;
    this.covered.getSource().clear();
    this.about.textContent = "";
    if (!known) return;
    if (known.simulated) this.about.textContent = "No satellite has seen this place: its scenes were made by a simulator. ";
    if (known.start || known.end) this.about.append(`Scenes from ${known.start ? dayWords(known.start) : "the beginning"} to ${known.end ? dayWords(known.end) : "today"}.`);
    const isPlace = known.bbox && known.bbox[2] - known.bbox[0] <= ALL_OF_IT;
    if (isPlace) this.covered.getSource().addFeature(boxFeature(known.bbox));
    this.chosen(known, isPlace ? known.bbox : null);
  }
}
