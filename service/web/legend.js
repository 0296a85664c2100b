// What the colours mean, from the service's own legend; and what is drawn where there is no colour.

import { h } from "./dom.js";
import { unitWords } from "./words.js";

export function legend(document) {
  const unit = document.unit && h("span", { class: "unit" }, unitWords(document.unit));
  const title = h("h2", {}, document.title, unit);
  return [title, ...(document.kind === "ramp" ? ramp(document.stops) : []), entries(document)];
}

function ramp(stops) {
  const last = stops.at(-1).value;
  const bar = h("div", { class: "ramp" });
  bar.style.background = `linear-gradient(to right, ${stops.map((s) => `${s.color} ${(100 * s.value) / last}%`).join(", ")})`;
  const parts = [4, 3, 5].find((n) => Number.isInteger(Math.round((last / n) * 1e6) / 1e5)) ?? 1; // marks with one decimal
  const marks = Array.from({ length: parts + 1 }, (_, i) => `${+((i * last) / parts).toFixed(1)}${i === parts ? "+" : ""}`);
  return [bar, h("div", { class: "ends numbers" }, marks.map((mark) => h("span", {}, mark)))];
}

function entries({ classes = [], hatched }) {
  const found = classes.map(({ color, description }) => entry(color, description));
  if (hatched) found.push(entry(stripes(hatched.colors), hatched.description));
  return h("ul", {}, found, h("li", {}, h("i", { class: "nothing" }), "No data"));
}

function entry(background, description) {
  const square = h("i", {});
  square.style.background = background;
  return h("li", {}, square, description);
}

const stripes = ([one, other]) => `repeating-linear-gradient(135deg, ${one} 0 3px, ${other} 3px 6px)`;
