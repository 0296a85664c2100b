// One raster of one date on the map, by our own tiles; it can be given up, and it knows whether some of it failed.
/* global ol */

import { url } from "./api.js";
import { calm, colour } from "./dom.js";
import { keyed } from "./key.js";

const TILE = 256;
const HOLE = ["line", "well"].map((name) => [...rgb(colour(name)), 255]);

export class Raster {
  // `seen`: the colours of the quality classes that are shown where the raster is of what was observed.
  constructor(jobId, name, date, seen) {
    Object.assign(this, { jobId, name, date, failed: false, settled: false, given: new AbortController() });
    const loader = name === "observed" ? (...at) => this.observed(seen, ...at) : (...at) => this.picture(name, ...at);
    const transition = calm.matches || name === "observed" ? 0 : 120;
    const source = new ol.source.ImageTile({ loader, interpolate: false, transition, maxZoom: 22 });
    source.on("tileloaderror", () => (this.failed = true));
    this.layer = new ol.layer.Tile({ source, visible: false });
  }

  get visible() {
    return this.layer.getVisible();
  }

  // Not by its URL alone: a picture element could not show a key.
  async picture(asset, z, x, y) {
    const answer = await keyed(url(`jobs/${this.jobId}/tiles/${asset}/${this.date}/${z}/${x}/${y}.png`), { signal: this.given.signal });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return createImageBitmap(await answer.blob(), { colorSpaceConversion: "none" });
  }

  // LAI where the date itself was clear: its tiles, with holes where the quality tiles have another class.
  async observed(seen, z, x, y) {
    const [lai, quality] = await Promise.all(["lai", "quality"].map((asset) => this.picture(asset, z, x, y)));
    return holed(lai, pixels(quality), seen.map(rgb));
  }

  giveUp() {
    this.given.abort();
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

function rgb(hex) {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
