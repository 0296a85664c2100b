// How well hidden clear days of this very area were reconstructed, beside simpler ways.

import { json, local } from "./api.js";
import { h } from "./dom.js";
import { dayWords } from "./words.js";

const METHODS = { clearleaf: "clearleaf", predicted: "Step 1 alone", prior: "Prior", linear: "Linear interpolation", nearest: "Nearest clear date" };
const COLUMNS = [
  ["rmse", "RMSE", (v) => v.toFixed(2)],
  ["bias", "Bias", (v) => v.toFixed(2)],
  ["r2", "R²", (v) => v.toFixed(2)],
  ["coverage90", "In 90 %", (v) => `${Math.round(100 * v)} %`],
];

export async function accuracy({ href }) {
  const report = await json(local(href));
  const box = h("section", {}, h("h2", {}, "How well"));
  const methods = report.scenarios?.gap15;
  if (!methods) {
    box.append(h("p", { class: "quiet" }, `No accuracy figures: ${report.reason ?? "too few clear days"}`));
    return box;
  }
  const rows = Object.entries(methods).sort(([, a], [, b]) => a.rmse - b.rmse);
  const cell = (figures) => ([name, , words]) => h("td", {}, typeof figures[name] === "number" ? words(figures[name]) : "");
  box.append(
    h("p", { class: "quiet" }, `Clear days hidden from the job, and all scenes within 15 days of them: ${report.hidden_dates.map(dayWords).join(", ")}. RMSE and bias in m² m⁻².`),
    h("div", { class: "scroll" }, h("table", {},
      h("caption", { class: "unseen" }, "Accuracy on hidden days, by method"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Method"), COLUMNS.map(([, title]) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, rows.map(([name, figures]) => h("tr", { class: name === "clearleaf" && "ours" }, h("th", { scope: "row" }, METHODS[name] ?? name), COLUMNS.map(cell(figures))))))),
  );
  if (report.fell_back) box.append(h("p", { class: "quiet" }, "The networks did not beat the prior here, so the prior is delivered."));
  return box;
}
