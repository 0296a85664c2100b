// Which view the address asks for: an order with the list of jobs, or one job.

import { json } from "./api.js";
import { $, h } from "./dom.js";
import { createMap } from "./map.js";

const [, jobId] = location.pathname.match(/\/jobs\/([^/]+)$/) ?? [];

async function start() {
  const panel = $("#panel");
  try {
    const config = await json("page/config.json");
    const map = createMap(config);
    const view = jobId ? await import("./job.js") : await import("./order.js");
    await view.show({ panel, map, config, jobId: jobId && decodeURIComponent(jobId) });
  } catch (error) {
    panel.replaceChildren(
      h("h1", { tabindex: -1 }, "The page could not be made"),
      h("p", { class: "wrong", role: "alert" }, error.message),
      h("a", { class: "button", href: location.href }, "Try again"),
    );
    if (!error.status) throw error;
  }
}

await start();
