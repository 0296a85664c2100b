// What a finished job gave: maps over its dates, series of places, the report, and the files.

import { json, local } from "./api.js";
import { accuracy } from "./accuracy.js";
import { Dock } from "./dock.js";
import { $, h, narrow, say } from "./dom.js";
import { Downloads } from "./downloads.js";
import { Layers, readLegends } from "./layers.js";
import { lookAt } from "./map.js";
import { Parcels, pixelName, pixelSeries } from "./places.js";
import { dayWords } from "./words.js";

const ITEM_FIELDS = "properties,assets";

export async function show({ job, order, map, outline, body, took }) {
  const { collection, items, outputs, legends, report, series } = await read(job);
  const dates = items.features.map(datum).sort((a, b) => (a.date < b.date ? -1 : 1));
  const layers = new Layers(map, job, legends);
  const downloads = new Downloads(job.id, outputs, collection.assets);
  const dock = new Dock($("#dock"), dates, (index) => {
    layers.show(dates[index].date);
    downloads.show(dates[index]);
    parcels?.show(dates[index].date);
  });
  let asked = new AbortController();
  const parcels = series && new Parcels(job, order.request, series, map, (place) => {
    asked.abort();
    layers.unmark();
    dock.series(place);
  });
  outline.setVisible(!parcels);
  // A parcel first; within the one that was chosen, its pixels.
  map.on("singleclick", async ({ coordinate }) => {
    if (parcels?.take(coordinate)) return;
    const [lon, lat] = ol.proj.toLonLat(coordinate);
    await look(lon, lat);
  });

  // Whatever is looked at next takes the place of an answer that has not come yet.
  async function look(lon, lat) {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    layers.mark(lon, lat);
    parcels?.choose(null);
    dock.waiting(pixelName(lon, lat));
    try {
      dock.series(await pixelSeries(job.id, lon, lat, signal));
    } catch (error) {
      if (!signal.aborted) dock.sorry(error.message);
    }
  }

  body.append(...[parcels?.element, accuracy(report), downloads.element, h("p", { class: "quiet" }, `Made in ${took}.`)].filter(Boolean));
  dock.go(brightest(dates));
  const [west, south, east, north] = order.bbox;
  if (parcels) parcels.choose(0);
  else await look((west + east) / 2, (south + north) / 2);
  await new Promise((laidOut) => setTimeout(laidOut, 50));
  lookAt(map, order.bbox, { padding: narrow.matches ? [60, 16, 16, 16] : [72, 72, 40, 72] }); // the dock has its height now
  say(`Finished: ${dates.length} dates, from ${dayWords(dates[0].date)} to ${dayWords(dates.at(-1).date)}`);
}

// All that is shown, before any of it is: where one answer is missing, the whole can be asked for again.
async function read(job) {
  const [collection, items, outputs, legends] = await Promise.all([
    json(`stac/collections/${job.id}`),
    readItems(`stac/collections/${job.id}/items?limit=1000&fields=${encodeURIComponent(ITEM_FIELDS)}`),
    json(`jobs/${job.id}/results`),
    readLegends(),
  ]);
  const [report, series] = await Promise.all([json(local(outputs.accuracy.href)), outputs.series && json(`jobs/${job.id}/series?f=json`)]);
  return { collection, items, outputs, legends, report, series };
}

// All items, however many pages the service makes of them.
async function readItems(path) {
  const page = await json(path);
  const next = page.links.find(({ rel }) => rel === "next");
  const rest = next ? await readItems(local(next.href)) : { features: [] };
  return { ...page, features: [...page.features, ...rest.features] };
}

const datum = ({ id, properties, assets }) => ({
  id,
  date: properties.datetime.slice(0, 10),
  observed: properties["clearleaf:observed_fraction"] ?? 0,
  assets,
});

// The first look: the date nearest the middle of which a part was observed and a part was not.
function brightest(dates) {
  const middle = (dates.length - 1) / 2;
  const worth = ({ observed }, i) => Math.min(observed, 1 - observed) * 2 - Math.abs(i - middle) / dates.length / 2;
  return dates.reduce((best, d, i) => (worth(d, i) > worth(dates[best], best) ? i : best), 0);
}
