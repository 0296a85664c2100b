// The map itself: paper, land where it is far away, a graticule and a scale; a base map only where one is configured.
/* global ol */

import { url } from "./api.js";
import { $, calm, colour, dark, h } from "./dom.js";

const FAR = 8; // the coast lines are coarse: nearer than this they would mislead
export const PADDING = [72, 72, 72, 72];

export function createMap(config) {
  const map = new ol.Map({
    target: "map",
    layers: [...paper(config.basemap), land()],
    controls: [
      new ol.control.Zoom({ zoomInTipLabel: "Zoom in", zoomOutTipLabel: "Zoom out" }),
      new ol.control.ScaleLine({ minWidth: 72 }),
      new ol.control.Attribution({ collapsible: false }),
    ],
    view: new ol.View({ center: ol.proj.fromLonLat([10, 30]), zoom: 2, maxZoom: 22, enableRotation: false }),
  });
  let lines = null;
  const redrawn = () => {
    if (lines) map.removeLayer(lines);
    lines = graticule();
    map.getLayers().insertAt(map.getLayers().getLength(), lines);
  };
  redrawn();
  dark.addEventListener("change", redrawn);
  showPlace(map);
  return map;
}

export function lookAt(map, bbox, options = {}) {
  const extent = ol.proj.transformExtent(bbox, "EPSG:4326", "EPSG:3857");
  const padding = options.padding ?? PADDING;
  map.updateSize();
  map.getView().fit(extent, { padding, maxZoom: 17, duration: options.slowly && !calm.matches ? 500 : 0 });
}

function paper(basemap) {
  if (!basemap.url) return [];
  const source = new ol.source.XYZ({ url: basemap.url, attributions: basemap.attribution || undefined });
  return [new ol.layer.Tile({ source })];
}

function land() {
  const source = new ol.source.Vector({
    url: url("page/vendor/world-atlas/land-110m.json"),
    format: new ol.format.TopoJSON({ dataProjection: "EPSG:4326" }),
  });
  return new ol.layer.Vector({ source, maxZoom: FAR, style: () => shape("map-land", "map-line", 1) });
}

function graticule() {
  const label = (align) =>
    new ol.style.Text({
      font: "12px system-ui, sans-serif",
      fill: new ol.style.Fill({ color: colour("map-text") }),
      stroke: new ol.style.Stroke({ color: colour("map-paper"), width: 3 }),
      ...align,
    });
  return new ol.layer.Graticule({
    strokeStyle: new ol.style.Stroke({ color: colour("map-line"), width: 1 }),
    targetSize: 140,
    showLabels: true,
    wrapX: true,
    lonLabelPosition: 0.99,
    latLabelPosition: 0.99,
    lonLabelFormatter: (x) => degrees(x, "E", "W"),
    latLabelFormatter: (y) => degrees(y, "N", "S"),
    lonLabelStyle: label({ textBaseline: "top" }),
    latLabelStyle: label({ textAlign: "end", textBaseline: "bottom" }),
    intervals: [90, 45, 30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001],
    zIndex: 1,
  });
}

const degrees = (value, plus, minus) => `${+Math.abs(value).toFixed(4)}° ${value < 0 ? minus : plus}`;

export function shape(fill, stroke, width, dash) {
  return new ol.style.Style({
    fill: fill && new ol.style.Fill({ color: colour(fill) }),
    stroke: new ol.style.Stroke({ color: colour(stroke), width, lineDash: dash }),
  });
}

// Words at the upper left corner of a shape.
export function caption(text) {
  return new ol.style.Style({
    geometry: (feature) => new ol.geom.Point(ol.extent.getTopLeft(feature.getGeometry().getExtent())),
    text: new ol.style.Text({
      text,
      font: "12px system-ui, sans-serif",
      textAlign: "left",
      textBaseline: "bottom",
      offsetY: -4,
      fill: new ol.style.Fill({ color: colour("map-text") }),
    }),
  });
}

// Outlines of GeoJSON: an area ordered, the parcels, where a catalogue has scenes.
export function outlines(style, zIndex = 5) {
  const source = new ol.source.Vector();
  return new ol.layer.Vector({ source, style, zIndex });
}

export function readFeatures(document) {
  return new ol.format.GeoJSON().readFeatures(document, { featureProjection: "EPSG:3857" });
}

export function boxFeature([west, south, east, north]) {
  const extent = ol.proj.transformExtent([west, south, east, north], "EPSG:4326", "EPSG:3857");
  return new ol.Feature(ol.geom.Polygon.fromExtent(extent));
}

function showPlace(map) {
  const place = h("output", { class: "place", "aria-hidden": "true" });
  $("#map").append(place);
  map.on("pointermove", (event) => {
    const [x, y] = ol.proj.toLonLat(event.coordinate);
    place.textContent = Math.abs(y) < 90 ? `${degrees(y.toFixed(5), "N", "S")}  ${degrees(x.toFixed(5), "E", "W")}` : "";
  });
}
