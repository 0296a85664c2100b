// The map itself: paper, land where it is far away, a graticule and a scale; a base map only where one is configured.
/* global ol */

import { $, calm, colour, dark, h, narrow } from "./dom.js";
import { land } from "./land.js";

const HALF_LABEL = 32; // px
const PADDING = [72, 72, 72, 72];

export function createMap(config) {
  const map = new ol.Map({
    target: "map",
    layers: [...paper(config.basemap), land()],
    controls: [
      new ol.control.Zoom({ zoomInTipLabel: "Zoom in", zoomOutTipLabel: "Zoom out" }),
      new ol.control.ScaleLine({ minWidth: 72 }),
      new ol.control.Attribution({ collapsible: false }),
    ],
    // Where the page itself is scrolled, the wheel and a finger move it until the map has been chosen.
    interactions: ol.interaction.defaults.defaults({ onFocusOnly: narrow.matches }),
    view: new ol.View({ center: ol.proj.fromLonLat([10, 30]), zoom: 2, maxZoom: 22, enableRotation: false }),
  });
  let drawn = [];
  const redrawn = () => {
    for (const layer of drawn) map.removeLayer(layer);
    drawn = [graticule(map, false), graticule(map, true)];
    for (const layer of drawn) map.addLayer(layer);
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

// Lines lie under what the map shows, their labels on it.
function graticule(map, labels) {
  const label = (align) =>
    new ol.style.Text({
      font: "12px system-ui, sans-serif",
      fill: new ol.style.Fill({ color: colour("map-text") }),
      stroke: new ol.style.Stroke({ color: colour("map-paper"), width: 4 }),
      ...align,
    });
  return new ol.layer.Graticule({
    strokeStyle: new ol.style.Stroke({ color: labels ? "transparent" : colour("map-line"), width: 1 }),
    targetSize: 140,
    showLabels: labels,
    wrapX: true,
    lonLabelPosition: 0.01, // below and on the left: nothing lies on the map there
    latLabelPosition: 0.005,
    lonLabelFormatter: (x) => (isCut(map, x) ? "" : degrees(x, "E", "W")),
    latLabelFormatter: (y) => (narrow.matches ? "" : degrees(y, "N", "S")), // on a phone the maps reach the edge
    lonLabelStyle: label({ textBaseline: "bottom" }),
    latLabelStyle: label({ textAlign: "start", textBaseline: "bottom" }),
    intervals: [90, 45, 30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001],
    zIndex: labels ? 8 : 1,
  });
}

// Whether the label of a meridian would reach over the edge of the map.
function isCut(map, lon) {
  const [width] = map.getSize() ?? [0];
  const view = map.getView();
  const at = width / 2 + (ol.proj.fromLonLat([lon, 0])[0] - view.getCenter()[0]) / view.getResolution();
  return Math.abs(at) < HALF_LABEL || Math.abs(at - width) < HALF_LABEL;
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
