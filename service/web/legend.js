// What the colours mean, from the service's own legend.

import { h } from "./dom.js";
import { unitWords } from "./words.js";

export function legend(document) {
  const unit = document.unit && h("span", { class: "unit" }, unitWords(document.unit));
  const title = h("h2", {}, document.title, unit);
  return [title, ...(document.kind === "classes" ? [classes(document.classes)] : ramp(document.stops))];
}

function ramp(stops) {
  const last = stops.at(-1).value;
  const bar = h("div", { class: "ramp" });
  bar.style.background = `linear-gradient(to right, ${stops.map((s) => `${s.color} ${(100 * s.value) / last}%`).join(", ")})`;
  const marks = [0, last / 4, last / 2, (3 * last) / 4, last];
  return [bar, h("div", { class: "ends numbers" }, marks.map((v) => h("span", {}, `${+v.toFixed(2)}`)))];
}

function classes(all) {
  return h("ul", {}, all.map(({ color, description }) => {
    const square = h("i", {});
    square.style.background = color;
    return h("li", {}, square, description);
  }));
}
