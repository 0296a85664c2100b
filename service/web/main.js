// Which view the address asks for: an order with the list of jobs, or one job.

import { json, Problem, url } from "./api.js";
import { $, h } from "./dom.js";
import { createMap } from "./map.js";
import { sentence } from "./words.js";

const [, jobId] = location.pathname.match(/\/jobs\/([^/]+)$/) ?? [];

async function start() {
  const panel = $("#panel");
  try {
    const config = await json("page/config.json");
    const map = createMap(config);
    const view = jobId ? await import("./job.js") : await import("./order.js");
    await view.show({ panel, map, config, jobId: jobId && decodeURIComponent(jobId) });
  } catch (error) {
    panel.replaceChildren(...(error.type?.endsWith("/no-such-job") ? noJob(error) : noPage(error)));
    if (!(error instanceof Problem)) throw error;
  }
}

const noJob = ({ message }) => [
  h("h1", { tabindex: -1 }, "There is no such job"),
  h("p", { class: "wrong", role: "alert" }, `${sentence(message)}. Its address may be wrong, or it was removed.`),
  h("div", { class: "actions" }, h("a", { class: "button", href: url("#jobs") }, "Jobs"), h("a", { class: "button", href: url("") }, "New order")),
];

const noPage = ({ message }) => [
  h("h1", { tabindex: -1 }, "The page could not be made"),
  h("p", { class: "wrong", role: "alert" }, sentence(message)),
  h("button", { type: "button", onclick: () => location.reload() }, "Try again"),
];

await start();
