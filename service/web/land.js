// Land where the map looks from far away. Its rings cross 180° of longitude, and a flat map wants them cut there.
/* global ol */

import { url } from "./api.js";
import { shape } from "./map.js";

const FAR = 8; // the coast lines are coarse: nearer than this they would mislead
const WORLD = 2 * ol.proj.fromLonLat([180, 0])[0]; // its width, metres of the map

export function land() {
  const source = new ol.source.Vector({
    url: url("page/vendor/world-atlas/land-110m.json"),
    format: new ol.format.TopoJSON({ dataProjection: "EPSG:4326" }),
  });
  source.on("featuresloadend", ({ features }) => features.forEach(uncross));
  return new ol.layer.Vector({ source, maxZoom: FAR, style: () => shape("map-land", "map-line", 1) });
}

function uncross(feature) {
  const polygons = feature.getGeometry().getPolygons?.() ?? [feature.getGeometry()];
  const flat = polygons.map((polygon) => polygon.getCoordinates().map(unrolled));
  feature.setGeometry(new ol.geom.MultiPolygon(flat.flatMap(twice)));
}

// The same ring without the jump from one edge of the map to the other.
function unrolled(ring) {
  let turn = 0;
  const found = ring.map(([x, y], i) => {
    const step = i ? x - ring[i - 1][0] : 0;
    if (Math.abs(step) > WORLD / 2) turn -= Math.sign(step) * WORLD;
    return [x + turn, y];
  });
  return turn ? aroundThePole(found) : found;
}

// A ring that has gone around the world is closed along the lower edge of the map: the Antarctic.
function aroundThePole(ring) {
  const bottom = -WORLD / 2;
  return [...ring, [ring.at(-1)[0], bottom], [ring[0][0], bottom], ring[0]];
}

// What reaches over an edge of the map stands at the other edge as well.
function twice(rings) {
  const xs = rings[0].map(([x]) => x);
  const shifts = [0];
  if (Math.max(...xs) > WORLD / 2) shifts.push(-WORLD);
  if (Math.min(...xs) < -WORLD / 2) shifts.push(WORLD);
  return shifts.map((shift) => rings.map((ring) => ring.map(([x, y]) => [x + shift, y])));
}
