// How well hidden clear days of this very area were reconstructed, beside simpler ways.

import { h } from "./dom.js";
import { dayWords, sentence } from "./words.js";

const METHODS = { clearleaf: "clearleaf", predicted: "Step 1 alone", prior: "Prior", linear: "Linear interpolation", nearest: "Nearest clear date" };
const SAME = ["predicted", "prior"]; // as what is delivered, where the networks gave way to the prior
const COLUMNS = [
  ["rmse", "RMSE", (v) => v.toFixed(2)],
  ["bias", "Bias", (v) => v.toFixed(2)],
  ["r2", "R²", (v) => v.toFixed(2)],
  ["coverage90", "Inside the 90 % interval", (v) => `${Math.round(100 * v)} %`],
];

export function accuracy(report) {
  const box = h("section", {}, h("h2", {}, "Accuracy"));
  const methods = report.scenarios?.gap15;
  if (!methods) {
    box.append(h("p", { class: "quiet" }, `No accuracy figures: ${report.reason ?? "too few clear days"}`));
    return box;
  }
  const repeats = (name) => report.fell_back && SAME.includes(name) && methods[name].rmse === methods.clearleaf.rmse;
  const told = Object.entries(methods).filter(([name]) => !repeats(name));
  const rows = told.sort(([, a], [, b]) => a.rmse - b.rmse);
  const title = (name) => (report.fell_back && name === "clearleaf" ? "clearleaf (= prior)" : (METHODS[name] ?? name));
  const cell = (figures) => ([name, , words]) => h("td", {}, typeof figures[name] === "number" ? words(figures[name]) : "");
  box.append(
    h("p", { class: "quiet" }, `Clear days hidden from the job, and all scenes within 15 days of them: ${report.hidden_dates.map(dayWords).join(", ")}. RMSE and bias in m² m⁻².`),
    h("div", { class: "scroll" }, h("table", {},
      h("caption", { class: "unseen" }, "Accuracy on hidden days, by method"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Method"), COLUMNS.map(([, title]) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, rows.map(([name, figures]) => h("tr", { class: name === "clearleaf" && "ours" }, h("th", { scope: "row" }, title(name)), COLUMNS.map(cell(figures))))))),
  );
  if (report.fell_back) box.append(h("p", { class: "quiet" }, report.note ? `${sentence(report.note)}.` : "The networks did not beat the prior here, so the prior is delivered."));
  return box;
}
