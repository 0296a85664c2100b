// The rasters of a date on the map, by our own tiles: LAI, its sigma, where it comes from, and what was observed.
/* global ol */

import { json, url } from "./api.js";
import { $, calm, colour, h } from "./dom.js";
import { legend } from "./legend.js";
import { Swipe } from "./swipe.js";

const VIEWS = [
  ["lai", "LAI"],
  ["lai_sigma", "Uncertainty"],
  ["quality", "Source"],
  ["compare", "Compare"],
];
const KEPT = 24; // layers, that is dates looked at lately
const OBSERVED = [1, 4];
const TILE = 256;

export class Layers {
  static async make(map, jobId) {
    const legends = Object.fromEntries(
      await Promise.all(["lai", "lai_sigma", "quality"].map(async (asset) => [asset, await json(`legends/${asset}.json`)])),
    );
    return new Layers(map, jobId, legends);
  }

  constructor(map, jobId, legends) {
    Object.assign(this, { map, jobId, legends, view: "lai", made: new Map(), shown: [] });
    this.colours = legends.quality.classes.filter((c) => OBSERVED.includes(c.value)).map((c) => c.color);
    this.choice = h("div", { class: "card layers", role: "radiogroup", "aria-label": "What the map shows" },
      VIEWS.map(([name, text]) => h("label", {}, h("input", { type: "radio", name: "view", value: name, checked: name === "lai", onchange: () => this.turn(name) }), text)));
    this.legend = h("div", { class: "card legend" });
    this.swipe = new Swipe(map, () => this.shown[1]);
    this.pin = new ol.Overlay({ element: h("div", { class: "pin" }), positioning: "center-center", stopEvent: false });
    map.addOverlay(this.pin);
    $(".stage").append(this.choice, this.legend);
    this.turn("lai");
  }

  turn(view) {
    this.view = view;
    this.legend.replaceChildren(...legend(this.legends[view === "compare" ? "lai" : view]));
    this.swipe.show(view === "compare");
    if (this.date) this.show(this.date);
  }

  // Shows a date; what was there before stays beneath until the new tiles have come.
  show(date) {
    this.date = date;
    const names = this.view === "compare" ? ["lai", "observed"] : [this.view];
    const next = names.map((name) => this.layer(name, date));
    const old = this.shown.filter((layer) => !next.includes(layer));
    this.shown = next;
    next.forEach((layer, i) => {
      layer.setZIndex(6 + i);
      layer.setVisible(true);
    });
    old.forEach((layer) => layer.setZIndex(4));
    const tidy = () => {
      for (const layer of old) if (!this.shown.includes(layer)) layer.setVisible(false);
    };
    if (this.view === "compare") tidy();
    else this.map.once("rendercomplete", tidy);
    this.map.render();
  }

  mark(lon, lat) {
    this.pin.setPosition(ol.proj.fromLonLat([lon, lat]));
  }

  layer(name, date) {
    const key = `${name} ${date}`;
    let layer = this.made.get(key);
    if (layer) {
      this.made.delete(key);
    } else {
      layer = new ol.layer.Tile({ source: name === "observed" ? this.observed(date) : this.tiles(name, date), visible: false });
      if (name === "observed") this.swipe.clip(layer);
      this.map.addLayer(layer);
    }
    this.made.set(key, layer);
    for (const [old, spare] of this.made) {
      if (this.made.size <= KEPT) break;
      if (spare.getVisible()) continue;
      this.map.removeLayer(spare);
      this.made.delete(old);
    }
    return layer;
  }

  place(asset, date) {
    return `${url(`jobs/${this.jobId}/tiles/${asset}/${date}`)}/{z}/{x}/{y}.png`; // a URL would lose the braces
  }

  tiles(asset, date) {
    return new ol.source.XYZ({ url: this.place(asset, date), interpolate: false, transition: calm.matches ? 0 : 120, maxZoom: 22 });
  }

  // LAI where the date itself was clear: its tiles, with holes where the quality tiles have another class.
  observed(date) {
    const load = async (asset, z, x, y) => {
      const place = this.place(asset, date).replace("{z}", z).replace("{x}", x).replace("{y}", y);
      const answer = await fetch(place);
      if (!answer.ok) throw new Error(`${answer.status}`);
      return createImageBitmap(await answer.blob(), { colorSpaceConversion: "none" });
    };
    const loader = async (z, x, y) => {
      const [lai, quality] = await Promise.all(["lai", "quality"].map((asset) => load(asset, z, x, y)));
      return holed(lai, pixels(quality), this.colours.map(rgb));
    };
    return new ol.source.ImageTile({ loader, interpolate: false, transition: 0, maxZoom: 22 });
  }
}

function canvas() {
  const made = document.createElement("canvas");
  made.width = made.height = TILE;
  return made;
}

function pixels(image) {
  const context = canvas().getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, TILE, TILE).data;
}

function holed(lai, quality, observed) {
  const made = canvas();
  const context = made.getContext("2d", { willReadFrequently: true });
  context.drawImage(lai, 0, 0);
  const picture = context.getImageData(0, 0, TILE, TILE);
  for (let i = 0; i < quality.length; i += 4) {
    const here = quality[i + 3] && observed.some(([r, g, b]) => quality[i] === r && quality[i + 1] === g && quality[i + 2] === b);
    if (!here && quality[i + 3]) picture.data.set(i % 16 < 8 === (i >> 12) % 2 < 1 ? HOLE[0] : HOLE[1], i);
  }
  context.putImageData(picture, 0, 0);
  return made;
}

const HOLE = ["line", "well"].map((name) => [...rgb(colour(name)), 255]);

function rgb(hex) {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
