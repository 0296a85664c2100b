// Time, under the map: the series of a place, and the slider that chooses the date of the map.

import { drawSeries, key } from "./chart.js";
import { h, say } from "./dom.js";
import { dayWords, sentence, shareWords, unitWords } from "./words.js";

const Z90 = 1.645;

export class Dock {
  // `changed` is called with the index of the date that is wanted.
  constructor(element, dates, changed) {
    Object.assign(this, { element, dates, changed, index: 0 });
    const step = (by, sign, label) => h("button", { type: "button", class: "step", "aria-label": label, onclick: () => this.go(this.index + by) }, sign);
    this.slider = h("input", { type: "range", min: "0", max: String(dates.length - 1), value: "0", "aria-label": "Date of the map", oninput: () => this.go(Number(this.slider.value)) });
    this.day = h("h2", { class: "numbers" });
    this.seen = h("p", { class: "quiet" });
    this.title = h("h3", {});
    this.value = h("p", { class: "value numbers" });
    this.chart = h("div", { class: "chart" });
    this.table = h("details", { class: "table" }, h("summary", {}, "As a table"));
    element.replaceChildren(
      h("div", { class: "heads" },
        h("div", { class: "when" }, step(-1, "‹", "Earlier date"), step(1, "›", "Later date"), h("div", {}, this.day, this.seen)),
        h("div", { class: "where" }, this.title, this.value)),
      this.chart,
      h("div", { class: "track" }, this.ticks(), this.slider),
      (this.foot = h("div", { class: "foot" }, this.table, h("div", {}, (this.at = h("p", { class: "at quiet numbers", "aria-hidden": "true" })), (this.key = h("div", {}))))),
    );
    element.hidden = false;
  }

  // One bar a date: how much of the area was seen clear on it.
  ticks() {
    const bars = this.dates.map(({ observed }) => {
      const bar = h("i", {});
      bar.style.height = `${Math.max(observed * 100, 6)}%`;
      if (observed === 0) bar.className = "unseen-day";
      return h("span", {}, bar);
    });
    return h("div", { class: "ticks", "aria-hidden": "true", title: "How much of the area was observed on each date" }, bars);
  }

  go(index) {
    this.index = Math.min(Math.max(index, 0), this.dates.length - 1);
    const { date, observed } = this.dates[this.index];
    const words = seenWords(observed);
    this.slider.value = String(this.index);
    this.day.textContent = dayWords(date);
    this.seen.textContent = words;
    [...this.element.querySelectorAll(".ticks span")].forEach((tick, i) => tick.classList.toggle("here", i === this.index));
    this.changed(this.index);
    this.plot?.mark(date);
    this.tell();
  }

  // What stands there meanwhile is of another place, and is gone.
  waiting(name) {
    this.place = null;
    this.plot?.end();
    this.plot = null;
    this.title.textContent = name;
    this.value.textContent = "Reading …";
    this.chart.replaceChildren();
    this.foot.classList.add("of-another");
  }

  sorry(words) {
    this.value.textContent = sentence(words);
  }

  series(place) {
    this.place = place;
    this.title.textContent = place.name;
    this.plot?.end();
    this.plot = drawSeries(this.chart, place, (date) => this.go(this.dates.findIndex((d) => d.date === date)), (row) => this.point(row));
    this.plot.mark(this.dates[this.index].date);
    this.key.replaceChildren(key(place));
    this.foot.classList.remove("of-another");
    this.point();
    this.table.replaceChildren(this.table.firstChild, tableOf(place));
    this.tell();
    say(`${place.name}: ${this.value.textContent}`);
  }

  // The value on the date of the map; who moves the slider by keyboard hears it with the date.
  tell() {
    const { date, observed } = this.dates[this.index];
    const row = this.place?.rows.find((r) => r.date === date);
    if (row) this.value.textContent = this.words(row, ` ${unitWords(this.place.unit)} (90 %), ${row.from}`);
    const said = [dayWords(date), seenWords(observed), row && this.words(row)];
    this.slider.setAttribute("aria-valuetext", said.filter(Boolean).join(", "));
  }

  // The value under the pointer, wherever the slider stands.
  point(row) {
    this.at.textContent = row ? `${dayWords(row.date)}: ${this.words(row)}` : "";
  }

  words(row, more = "") {
    if (row.lai === null) return sentence(row.reason ?? "no data");
    return `LAI ${row.lai.toFixed(2)} ± ${(Z90 * row.sigma).toFixed(2)}${more}`;
  }
}

function seenWords(observed) {
  if (observed === 0) return "Nothing observed, all reconstructed";
  return observed === 1 ? "All observed" : sentence(`${shareWords(observed)} observed, the rest reconstructed`);
}

function tableOf({ rows, unit, name, simulated }) {
  const cell = (value) => h("td", {}, typeof value === "number" ? value.toFixed(2) : "–");
  const csv = ["date,lai,sigma,observed", ...rows.map((r) => [r.date, r.lai ?? "", r.sigma ?? "", r.observed].join(","))].join("\n");
  const save = () => {
    const link = h("a", { href: URL.createObjectURL(new Blob([csv], { type: "text/csv" })), download: `${(simulated ? `${name} simulated` : name).replace(/[^\w.-]+/g, "-")}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Series as a table" },
    h("button", { type: "button", class: "plain", onclick: save }, "Save as CSV"),
    h("table", {},
      h("thead", {}, h("tr", {}, ["Date", `LAI (${unitWords(unit)})`, "Sigma", "Origin"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows.map((r) => h("tr", {}, h("th", { scope: "row" }, dayWords(r.date)), cell(r.lai), cell(r.sigma), h("td", {}, r.from ?? r.reason ?? ""))))));
}
