// What a finished job gave: maps over its dates, series of places, the report, and the files.

import { json } from "./api.js";
import { accuracy } from "./accuracy.js";
import { Dock } from "./dock.js";
import { $, h, narrow, say } from "./dom.js";
import { Downloads } from "./downloads.js";
import { Layers } from "./layers.js";
import { lookAt } from "./map.js";
import { pixelSeries, Parcels } from "./places.js";
import { dayWords } from "./words.js";

const ITEM_FIELDS = "properties,assets,-geometry,-links";

export async function show({ job, order, map, outline, body, took }) {
  const [items, outputs] = await Promise.all([
    json(`stac/collections/${job.id}/items?limit=1000&fields=${encodeURIComponent(ITEM_FIELDS)}`),
    json(`jobs/${job.id}/results`),
  ]);
  const dates = items.features.map(datum).sort((a, b) => (a.date < b.date ? -1 : 1));
  const layers = await Layers.make(map, job.id);
  const downloads = new Downloads(job.id, outputs);
  const dock = new Dock($("#dock"), dates, (index) => {
    layers.show(dates[index].date);
    downloads.show(dates[index]);
    parcels?.show(dates[index].date);
  });
  const parcels = outputs.series && (await Parcels.read(job.id, map, (place) => dock.series(place)));
  outline.setVisible(!parcels);
  map.on("singleclick", async (event) => {
    const [lon, lat] = ol.proj.toLonLat(event.coordinate);
    await look(lon, lat);
  });

  async function look(lon, lat) {
    layers.mark(lon, lat);
    parcels?.choose(null);
    dock.waiting();
    try {
      dock.series(await pixelSeries(job.id, lon, lat));
    } catch (error) {
      dock.sorry(error.message);
    }
  }

  body.append(...[parcels?.element, await accuracy(outputs.accuracy), downloads.element, h("p", { class: "quiet" }, `Made in ${took}.`)].filter(Boolean));
  dock.go(brightest(dates));
  const [west, south, east, north] = order.bbox;
  if (parcels) parcels.choose(0);
  else await look((west + east) / 2, (south + north) / 2);
  await new Promise((laidOut) => setTimeout(laidOut, 50));
  lookAt(map, order.bbox, { padding: narrow.matches ? [60, 16, 16, 16] : [72, 72, 40, 72] }); // the dock has its height now
  say(`Finished: ${dates.length} dates, from ${dayWords(dates[0].date)} to ${dayWords(dates.at(-1).date)}`);
}

const datum = ({ properties, assets }) => ({
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
