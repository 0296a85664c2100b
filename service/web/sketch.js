// What is drawn or opened: polygons on the map, and the GeoJSON that an order carries.
/* global ol */

import { colour } from "./dom.js";
import { boxFeature, readFeatures } from "./map.js";

const geojson = () => new ol.format.GeoJSON({ featureProjection: "EPSG:3857", dataProjection: "EPSG:4326" });

export const MAP_ENDS = 85; // degrees of latitude

export class Sketch {
  // `changed` is called whenever shapes came or went.
  constructor(map, changed) {
    this.map = map;
    this.changed = changed;
    this.source = new ol.source.Vector({ features: new ol.Collection() }); // which keeps them in the order in which they came
    this.layer = new ol.layer.Vector({ source: this.source, style: () => style(), zIndex: 8 });
    map.addLayer(this.layer);
    this.modify = new ol.interaction.Modify({ source: this.source, style: style() });
    this.modify.on("modifyend", (event) => {
      event.features.forEach((feature) => feature.set("moved", true, true));
      changed();
    });
    map.addInteraction(this.modify);
    this.tool = null;
  }

  get features() {
    return this.source.getFeatures();
  }

  get areaKm2() {
    const kinds = this.features.filter((f) => /Polygon$/.test(f.getGeometry()?.getType()));
    return kinds.reduce((sum, f) => sum + ol.sphere.getArea(f.getGeometry()), 0) / 1e6;
  }

  // Takes up a tool: "Polygon", "Rectangle", or null to lay it down. `done` is called when a shape is finished.
  take(tool, done = () => {}) {
    if (this.tool) this.map.removeInteraction(this.tool);
    this.tool = null;
    this.modify.setActive(!tool);
    if (!tool) return;
    const kind = tool === "Rectangle" ? { type: "Circle", geometryFunction: ol.interaction.Draw.createBox() } : { type: tool };
    this.tool = new ol.interaction.Draw({ source: this.source, style: pen(), stopClick: true, ...kind });
    this.tool.on("drawstart", (event) => {
      this.drawn = event.feature;
    });
    this.tool.on("drawend", (event) => {
      // The source takes the shape after this event.
      setTimeout(() => {
        this.changed(event.feature);
        done();
      });
    });
    this.map.addInteraction(this.tool);
  }

  undo() {
    this.tool?.removeLastPoint();
  }

  // Closes the polygon that is being drawn; one of two corners is none yet.
  finish() {
    const [ring] = this.drawn?.getGeometry().getCoordinates() ?? [[]];
    const corners = ring.slice(0, -2); // without the pointer's place, and the first corner again
    if (new Set(corners.map(String)).size > 2) this.tool?.finishDrawing();
  }

  clear() {
    this.source.clear();
    this.changed();
  }

  addBox(bbox) {
    this.source.addFeature(boxFeature(bbox));
    this.changed();
  }

  // Adds what a file holds; every feature keeps its own words, so that the service judges them and not a copy.
  open(document) {
    const raw = document?.type === "FeatureCollection" ? document.features ?? [] : [document];
    if (!raw.length) throw new Error("it holds no shape");
    raw.forEach(checkArea);
    const read = raw.map((part) => {
      const [feature] = readFeatures(part);
      feature.set("raw", part.type === "Feature" ? part : { type: "Feature", properties: {}, geometry: part }, true);
      return feature;
    });
    this.source.addFeatures(read);
    this.changed();
  }

  // The shapes as GeoJSON features, in the order in which they came.
  written() {
    return this.features.map((feature, index) => {
      const raw = feature.get("raw");
      if (raw && !feature.get("moved")) return raw;
      const geometry = geojson().writeGeometryObject(feature.getGeometry(), { decimals: 7, rightHanded: true });
      return { ...(raw ?? { type: "Feature", properties: { id: `shape-${index + 1}` } }), geometry };
    });
  }

  // One area: its geometry alone where there is one shape, so that what is wrong with it is said of it.
  area() {
    const features = this.written();
    if (!features.length) return undefined;
    return features.length === 1 ? features[0].geometry : { type: "FeatureCollection", features };
  }

  parcels() {
    return { type: "FeatureCollection", features: this.written() };
  }

  // Names of properties that every shape has, with a value of its own.
  names() {
    const [first, ...others] = this.written().map((feature) => feature.properties ?? {});
    return Object.keys(first ?? {}).filter((name) => {
      const values = [first, ...others].map((properties) => properties[name]);
      return values.every((v) => typeof v === "string" || typeof v === "number") && new Set(values).size === values.length;
    });
  }
}

// Refuses what can be no area, or is not in degrees: the map would show it somewhere else, or never show anything again.
function checkArea(part) {
  const geometry = part?.type === "Feature" ? part.geometry : part;
  if (!/^(Multi)?Polygon$/.test(geometry?.type)) throw new Error(`it holds ${named(geometry?.type)}, and only polygons are areas`);
  const positions = [geometry.coordinates ?? []].flat(geometry.type === "Polygon" ? 2 : 3);
  if (!positions.length) throw new Error(`it holds a ${geometry.type} without corners`);
  const wrong = positions.find((position) => !isOnMap(position));
  if (wrong) throw new Error(`${JSON.stringify(wrong)} is no place in degrees up to ${MAP_ENDS}° of latitude; save it in longitude and latitude, EPSG:4326`);
}

const isOnMap = (position) => Array.isArray(position) && position.every(Number.isFinite) && Math.abs(position[0]) <= 180 && Math.abs(position[1]) <= MAP_ENDS;

const named = (type) => (typeof type === "string" ? `a ${type}` : "something without a geometry");

const style = () =>
  new ol.style.Style({
    fill: new ol.style.Fill({ color: colour("band") }),
    stroke: new ol.style.Stroke({ color: colour("accent"), width: 2.5 }),
    image: dot(),
  });

const pen = () => [
  new ol.style.Style({
    fill: new ol.style.Fill({ color: colour("band") }),
    stroke: new ol.style.Stroke({ color: colour("accent"), width: 2.5, lineDash: [6, 6] }),
    image: dot(),
  }),
  // The first corner, on which the shape can be closed.
  new ol.style.Style({ geometry: (feature) => firstCorner(feature.getGeometry()), image: dot() }),
];

const firstCorner = (geometry) => (geometry.getType() === "Polygon" ? new ol.geom.Point(geometry.getFirstCoordinate()) : null);

const dot = () =>
  new ol.style.Circle({
    radius: 6,
    fill: new ol.style.Fill({ color: colour("sheet") }),
    stroke: new ol.style.Stroke({ color: colour("accent"), width: 2.5 }),
  });
