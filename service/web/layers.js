// The rasters of a date on the map: LAI, its sigma, where it comes from, and what was observed.
/* global ol */

import { json } from "./api.js";
import { simulated } from "./badges.js";
import { $, h } from "./dom.js";
import { legend } from "./legend.js";
import { Raster } from "./raster.js";
import { Swipe } from "./swipe.js";
import { dayWords } from "./words.js";

const VIEWS = [
  ["lai", "LAI"],
  ["lai_sigma", "Uncertainty"],
  ["quality", "Source"],
  ["compare", "Compare"],
];
const SIDES = { observed: "left", lai: "right" }; // of the divider, where two are compared
const KEPT = 24; // rasters, that is dates looked at lately
const REST_MS = 150; // a slider that has not moved for so long has been let go
const LATE_MS = 300; // what comes sooner needs no word
const OBSERVED = [1, 4];
const WATER = 5; // hatched on either side of the divider

export const readLegends = async () =>
  Object.fromEntries(await Promise.all(["lai", "lai_sigma", "quality"].map(async (asset) => [asset, await json(`legends/${asset}.json`)])));

export class Layers {
  constructor(map, job, legends) {
    Object.assign(this, { map, job, legends, made: new Map(), shown: [] });
    this.seen = legends.quality.classes.filter((c) => [...OBSERVED, WATER].includes(c.value)).map((c) => c.color);
    this.choice = h("div", { class: "card layers", role: "radiogroup", "aria-label": "What the map shows" },
      VIEWS.map(([name, text]) => h("label", {}, h("input", { type: "radio", name: "view", value: name, checked: name === "lai", onchange: () => this.turn(name) }), text)));
    this.legend = h("div", { class: "card legend" });
    this.loading = h("p", { class: "card sign", role: "status", hidden: true });
    this.wrong = h("p", { class: "card sign", role: "alert", hidden: true }, "Some of the map could not be read. ",
      h("button", { type: "button", class: "plain", onclick: () => this.load() }, "Try again"));
    this.swipe = new Swipe(map);
    this.pin = new ol.Overlay({ element: h("div", { class: "pin" }), positioning: "center-center", stopEvent: false });
    map.addOverlay(this.pin);
    $(".stage").append(this.choice, this.loading, this.wrong);
    $("#dock").before(this.legend);
    map.on("loadstart", () => this.wait());
    map.on("rendercomplete", () => this.settle());
    this.turn("lai");
  }

  // Shows another view of the date; nothing of the view before it stays, for its colours mean something else.
  turn(view) {
    this.view = view;
    const more = [view === "compare" && NOT_SEEN(), this.job.simulated && simulated()].filter(Boolean);
    this.legend.replaceChildren(...legend(this.legends[view === "compare" ? "lai" : view]), ...more);
    this.swipe.show(view === "compare");
    this.giveUp();
    this.hide(() => true);
    if (this.date) this.load();
  }

  // Shows a date once its slider rests; what was there before stays beneath until the new tiles have come.
  show(date) {
    if (date === this.date) return;
    this.date = date;
    this.giveUp();
    this.wait();
    clearTimeout(this.resting);
    if (this.names.every((name) => this.made.has(`${name} ${date}`))) this.load();
    else this.resting = setTimeout(() => this.load(), REST_MS);
  }

  get names() {
    return this.view === "compare" ? ["lai", "observed"] : [this.view];
  }

  load() {
    clearTimeout(this.resting);
    this.resting = null;
    this.wrong.hidden = true;
    this.shown = this.names.map((name) => this.raster(name, this.date));
    this.tidy();
    if (this.view === "compare") this.hide((raster) => !this.shown.includes(raster)); // one side would be of another date
    for (const { layer, visible } of this.made.values()) if (visible) layer.setZIndex(4);
    this.shown.forEach(({ layer }, i) => {
      layer.setZIndex(6 + i);
      layer.setOpacity(1);
      layer.setVisible(true);
    });
    this.map.renderSync(); // asks for the tiles: what is complete from now on is complete with them
  }

  // Everything is there that will come.
  settle() {
    if (this.resting) return;
    clearTimeout(this.late);
    this.late = null;
    this.loading.hidden = true;
    for (const raster of this.shown) raster.settled = true;
    this.hide((raster) => !this.shown.includes(raster));
    this.wrong.hidden = !this.shown.some((raster) => raster.failed);
  }

  // Says, if it takes a while, what is being loaded, and shows that what is there meanwhile is of another date.
  wait() {
    this.loading.textContent = this.date ? `Loading ${dayWords(this.date)} …` : "Loading …";
    this.late ??= setTimeout(() => {
      this.loading.hidden = false;
      for (const { layer, date } of this.made.values()) layer.setOpacity(date === this.date ? 1 : 0.35);
    }, LATE_MS);
  }

  // Dates that the slider has passed by are not loaded to their end.
  giveUp() {
    for (const raster of this.shown) if (!raster.settled) this.drop(raster);
    this.shown = this.shown.filter((raster) => raster.settled);
  }

  hide(which) {
    for (const raster of this.made.values()) if (which(raster)) raster.layer.setVisible(false);
  }

  mark(lon, lat) {
    this.pin.setPosition(ol.proj.fromLonLat([lon, lat]));
  }

  unmark() {
    this.pin.setPosition(undefined);
  }

  raster(name, date) {
    const key = `${name} ${date}`;
    let raster = this.made.get(key);
    if (raster?.failed) {
      this.drop(raster);
      raster = undefined;
    }
    this.made.delete(key); // the one looked at last stands last
    if (!raster) {
      raster = new Raster(this.job.id, name, date, this.seen);
      if (SIDES[name]) this.swipe.clip(raster.layer, SIDES[name]);
      this.map.addLayer(raster.layer);
    }
    this.made.set(key, raster);
    return raster;
  }

  // Forgets those that were looked at longest ago; never one that is shown, or about to be.
  tidy() {
    const spare = [...this.made.values()].filter((raster) => !raster.visible && !this.shown.includes(raster));
    for (const old of spare.slice(0, Math.max(this.made.size - KEPT, 0))) this.drop(old);
  }

  drop(raster) {
    raster.giveUp();
    this.map.removeLayer(raster.layer);
    this.made.delete(`${raster.name} ${raster.date}`);
  }
}

const NOT_SEEN = () => h("p", { class: "quiet seen" }, h("i", { class: "hole" }), "Left of the divider: not seen clear that day");
