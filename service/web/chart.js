// The chart of a series: LAI, its 90 % band, and the dates on which it was observed.
/* global uPlot */

import { simulated } from "./badges.js";
import { colour, dark, h, narrow } from "./dom.js";
import { unitWords } from "./words.js";

const Z90 = 1.645;
const DAY = 86400;
const WHOLE = [1, 2, 3, 4, 5, 7, 10, 15, 30, 60, 90, 180, 365, 730].map((days) => days * DAY); // between marks
const seconds = (date) => Date.parse(`${date}T00:00:00Z`) / 1000;

// `chosen` is called with a date that was clicked, `pointed` with the row under the pointer, or with none.
export function drawSeries(element, place, chosen, pointed) {
  let plot = null;
  let marked = null;
  const { rows } = place;
  const known = (row, value) => (row.lai === null ? null : value);
  const data = [
    rows.map((r) => seconds(r.date)),
    rows.map((r) => known(r, Math.max(0, r.lai - Z90 * r.sigma))),
    rows.map((r) => known(r, r.lai + Z90 * r.sigma)),
    rows.map((r) => r.lai),
    rows.map((r) => (r.observed ? r.lai : null)),
  ];
  const size = () => ({ width: element.clientWidth, height: narrow.matches ? 150 : 170 });
  const draw = () => {
    plot?.destroy();
    const holder = h("div", { role: "img", "aria-label": `${place.name}: leaf area index over time with its 90 % interval; the table below holds the values` });
    element.replaceChildren(holder);
    plot = new uPlot(options(size(), place, () => marked, (index) => pointed(rows[index])), data, holder);
    plot.over.addEventListener("click", () => {
      if (plot.cursor.idx !== null && plot.cursor.idx !== undefined) chosen(rows[plot.cursor.idx].date);
    });
  };
  draw();
  const watcher = new ResizeObserver(() => plot.setSize(size()));
  watcher.observe(element);
  dark.addEventListener("change", draw);
  return {
    mark(date) {
      marked = seconds(date);
      plot.redraw(false);
    },
    end() {
      watcher.disconnect();
      dark.removeEventListener("change", draw);
      plot.destroy();
    },
  };
}

function options(size, place, marked, pointed) {
  const line = { stroke: "transparent", points: { show: false } };
  const axis = { stroke: colour("quiet"), font: "12px system-ui, sans-serif", grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
  return {
    ...size,
    padding: [8, 24, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 9 }, drag: { x: false, y: false } },
    tzDate: (time) => uPlot.tzDate(new Date(time * 1000), "Etc/UTC"),
    scales: { y: { range: (_, low, high) => [0, Math.max(2, Math.ceil((high ?? 1) * 1.05))] } },
    axes: [
      { ...axis, incrs: WHOLE, values: [[DAY * 28, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1], [DAY, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1]] },
      { ...axis, size: 46, label: `LAI (${unitWords(place.unit)})`, labelFont: axis.font, labelSize: 18, labelGap: 0 },
    ],
    bands: [{ series: [2, 1], fill: colour("band") }],
    series: [
      {},
      line,
      line,
      { stroke: colour("accent"), width: 2, points: { show: false } },
      { stroke: "transparent", points: { show: true, size: 8, width: 1.5, fill: colour("observed"), stroke: colour("sheet") } },
    ],
    hooks: { draw: [(plot) => mark(plot, marked())], setCursor: [({ cursor }) => pointed(cursor.idx)] },
  };
}

function mark(plot, time) {
  if (time === null) return;
  const x = plot.valToPos(time, "x", true);
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour("ink");
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

export const key = (place) =>
  h("p", { class: "key quiet", "aria-hidden": "true" },
    h("span", { class: "line" }, "LAI"), h("span", { class: "band" }, "90 % interval"), h("span", { class: "dot" }, place.key), place.simulated && simulated());
