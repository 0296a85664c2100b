// One job: how far it is while it works, what it gave when it is done, and why not where it failed.

import { ask, json, post, Problem, url } from "./api.js";
import { simulated, state } from "./badges.js";
import { h, say } from "./dom.js";
import { lookAt, outlines, readFeatures, shape } from "./map.js";
import { areaWords, clockWords, count, lasting, sentence, spanWords, STAGES, STATES } from "./words.js";

const PATIENCE_S = 25;
const NOW_AND_THEN_S = 5;
const ROUNDS = 12; // of asking now and then, before the page tries to wait again
const ENDED = ["successful", "failed", "dismissed"];
const AWAY = "The service cannot be reached at the moment; a job goes on, and this page asks again.";
const BUSY = "So much is asked for at the moment that this page has to wait; a job goes on.";

export async function show({ panel, map, config, jobId }) {
  document.title = "Job – clearleaf";
  const order = await json(`page/jobs/${encodeURIComponent(jobId)}.json`);
  const view = new JobView(panel, map, jobId, order, config.may_order);
  await view.follow();
}

// Whether a question may be answered when it is asked again.
const passes = (error) => error instanceof Problem && (!error.status || error.status >= 500 || error.status === 429);

// Ends early where the machine is connected again.
const rest = (seconds) =>
  new Promise((wake) => {
    setTimeout(wake, 1000 * seconds);
    window.ononline = wake;
  });

class JobView {
  // `mayOrder`: whoever looks may also order, stop and remove.
  constructor(panel, map, id, order, mayOrder) {
    Object.assign(this, { panel, map, id, order, mayOrder, etag: "", crowded: 0 });
    this.outline = outlines(() => shape("band", "accent", 2), 3);
    this.outline.getSource().addFeatures(readFeatures(order.request.parcels ?? order.request.aoi));
    map.addLayer(this.outline);
    lookAt(map, order.bbox);
    this.head = h("div", { class: "lead" });
    this.body = h("div", { class: "body" });
    this.lines = h("ol", { class: "log", tabindex: 0, "aria-label": "Log, oldest entry first" });
    this.log = h("details", { ontoggle: () => this.readLog() }, h("summary", {}, "Log"), this.lines);
    panel.replaceChildren(this.head, this.body, this.log);
  }

  // Asks again and again, each question held by the service until there is news; once, however often it is begun.
  async follow() {
    if (this.following) return;
    this.following = true;
    try {
      await this.ask();
    } finally {
      this.following = false;
    }
  }

  async ask() {
    for (let pause = 1; !this.info || !ENDED.includes(this.info.status); ) {
      const patience = this.etag && !this.away && !this.crowded ? PATIENCE_S : 0; // after an outage, any answer is news
      try {
        const headers = this.etag ? { "If-None-Match": this.etag } : {};
        const answer = await ask(`jobs/${this.id}?wait=${patience}`, { headers });
        if (answer.status !== 304) await this.hear(await answer.json(), answer.headers.get("ETag"));
        this.lost(false);
        pause = 1;
        if (this.crowded && !ENDED.includes(this.info.status)) {
          this.crowded -= 1;
          await rest(NOW_AND_THEN_S);
        }
      } catch (error) {
        if (!passes(error)) throw error;
        this.crowded = error.status === 429 && patience ? ROUNDS : 0; // perhaps as many wait as may: who does not wait needs no place
        if (!this.crowded) this.lost(true, error.status === 429 ? BUSY : AWAY);
        await rest(pause);
        pause = Math.min(pause * 2, 30);
      }
    }
  }

  // What has been told is known; what could not be shown is asked for again.
  async hear(info, etag) {
    this.etag = "";
    await this.tell(info);
    this.info = info;
    this.etag = etag;
    await this.readLog();
  }

  lost(away, words) {
    this.away = away;
    const there = this.panel.querySelector(".away");
    if (!away) there?.remove();
    else if (!there) this.head.append(h("p", { class: "wrong away", role: "alert" }, words));
  }

  async tell(info) {
    const before = this.info?.status;
    const { order } = this;
    document.title = `${STATES[info.status].word}: LAI ${spanWords(order.start, order.end)} – clearleaf`;
    const what = [areaWords(order.area_km2), count(order.dates, "date"), order.parcels && count(order.parcels, "parcel"), order.catalog_title];
    this.head.replaceChildren(
      h("p", { class: "states" }, state(info), info.simulated && simulated()),
      h("h1", {}, spanWords(order.start, order.end)),
      h("p", { class: "words" }, what.filter(Boolean).join(" · ")),
    );
    if (info.status !== before) {
      this.body.replaceChildren();
      if (info.status !== "running" || before) say(STATES[info.status].word);
    }
    if (!ENDED.includes(info.status)) this.working(info);
    else if (info.status === "failed") this.failed(info);
    else if (info.status === "dismissed") this.dismissed();
    else await this.finished(info);
  }

  working(info) {
    if (!this.body.childElementCount) {
      this.bar = h("progress", { max: 100, value: 0, "aria-label": "Progress" });
      this.now = h("p", { class: "numbers", role: "status" });
      this.stages = h("ol", { class: "stages" }, STAGES.map(([kind, words]) => h("li", { "data-stage": kind }, words)));
      this.body.append(this.bar, this.now, this.stages);
      if (this.mayOrder)
        this.body.append(h("button", { type: "button", onclick: (event) => this.dismiss(event.target, "Stop this job? What it has done so far is lost.") }, "Stop the job"));
      this.log.open = true;
    }
    this.bar.value = info.progress;
    const waits = info.jobsBefore ? `, ${count(info.jobsBefore, "job")} before it` : "";
    const attempt = info.attempt > 1 ? ` (attempt ${info.attempt})` : "";
    this.now.textContent = info.status === "accepted" ? `Waiting for a worker${waits}${attempt}` : `${info.progress} % – ${info.message ?? ""}${attempt}`;
    const at = info.status === "accepted" ? -1 : STAGES.findIndex(([kind]) => kind === info.stage);
    [...this.stages.children].forEach((line, index) => {
      line.className = index < at ? "done" : "";
      if (index === at) line.setAttribute("aria-current", "step");
      else line.removeAttribute("aria-current");
    });
  }

  failed(info) {
    const none = info.message.startsWith("no-scenes");
    const reason = info.message.replace(/^no-scenes:?\s*/, "").replace(/; 0 were found and left out$/, "");
    const retry = h("button", { type: "button", class: none ? "" : "main-button", onclick: (event) => this.retry(event.target) }, "Try again");
    const cure = none
      ? "Other days, or another area or catalogue, may have scenes. Trying again helps where scenes have been added meanwhile."
      : "Trying again does only what is missing. If it fails at the same place, change the order.";
    this.body.replaceChildren(
      h("div", { class: "reason" },
        h("h2", {}, none ? "There was nothing to work with" : "The job could not be done"),
        h("p", {}, sentence(reason))),
    );
    if (this.mayOrder)
      this.body.append(
        h("div", { class: "actions" }, none ? [this.again("button main-button"), retry] : [retry, this.again()]),
        h("p", { class: "quiet" }, cure),
      );
    this.log.open = true;
  }

  dismissed() {
    this.body.replaceChildren(h("p", {}, "This job was stopped or removed. It has no results."));
    if (this.mayOrder) this.body.append(h("div", { class: "actions" }, this.again()));
  }

  again(looks = "button") {
    return h("a", { class: looks, href: `${url("")}?like=${this.id}` }, "Change the order");
  }

  async finished(info) {
    const took = (Date.parse(info.finished) - Date.parse(info.started)) / 1000;
    this.log.before(this.body);
    const results = await import("./results.js");
    await results.show({ job: info, order: this.order, map: this.map, outline: this.outline, body: this.body, took: lasting(took) });
    if (!this.mayOrder) return;
    this.body.append(h("div", { class: "actions" }, this.again(),
      h("button", { type: "button", onclick: (event) => this.dismiss(event.target, "Remove this job’s results? They cannot be brought back.") }, "Remove the results")));
  }

  async readLog() {
    if (!this.log.open) return;
    const { entries } = await json(`jobs/${this.id}/log`).catch((error) => {
      if (!passes(error)) throw error;
      return { entries: [] }; // read again with the next news, or when the log is opened
    });
    const fresh = entries.slice(this.lines.childElementCount);
    this.lines.append(...fresh.map((e) => h("li", { class: e.level }, h("time", { datetime: e.time }, clockWords(e.time)), ` ${e.message}`)));
    if (fresh.length) this.lines.scrollTop = this.lines.scrollHeight;
  }

  async retry(button) {
    if (!(await this.doing(button, () => post(`jobs/${this.id}/retry`)))) return;
    this.info = undefined;
    this.etag = "";
    await this.follow();
  }

  async dismiss(button, question) {
    if (!confirm(question)) return;
    if (!(await this.doing(button, () => json(`jobs/${this.id}`, { method: "DELETE" })))) return;
    if (ENDED.includes(this.info.status)) location.reload();
  }

  // True when it is done; else it is said, beside the button, what was against it.
  async doing(button, act) {
    const place = button.closest(".actions") ?? button;
    place.parentElement.querySelector(".refused")?.remove();
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      place.after(h("p", { class: "wrong refused", role: "alert" }, sentence(error.message)));
      return false;
    }
  }
}
