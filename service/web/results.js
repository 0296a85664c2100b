// What a finished job gave.

import { json, local } from "./api.js";
import { h } from "./dom.js";

const NAMES = { collection: "STAC collection", accuracy: "Accuracy report", manifest: "Manifest", series: "Series of the parcels" };

export async function show({ job, body, took }) {
  const outputs = await json(`jobs/${job.id}/results`);
  const links = Object.entries(outputs).map(([name, { href }]) => h("li", {}, h("a", { href: local(href) }, NAMES[name])));
  body.append(h("p", { class: "quiet" }, `Made in ${took}.`), h("ul", { class: "downloads" }, links));
}
