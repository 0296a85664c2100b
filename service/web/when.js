// Which days an order is for: a range with a step, or days that an earlier order had chosen.

import { h } from "./dom.js";
import { field } from "./fields.js";
import { Kept } from "./kept.js";
import { addDays, count, dayWords, isoDay, spanWords } from "./words.js";

const SPAN_DAYS = 60;
const STEP_DAYS = 5;
const FIRST_DAY = "2014-10-01";
const NAMED = 4; // days that are told by name

export class When {
  static names = ["start", "end", "step_days", "dates"];

  // `most` dates may be ordered; `changed` is called when days were dropped.
  constructor(most, changed) {
    this.most = most;
    this.touched = false;
    const box = () => h("input", { type: "date", min: FIRST_DAY, max: isoDay(new Date()), onchange: () => this.touch() });
    [this.start, this.end] = [box(), box()];
    this.step = h("input", { type: "number", min: "1", value: String(STEP_DAYS), inputmode: "numeric", oninput: () => this.tell() });
    this.every = field("step_days", "Days between maps", this.step);
    this.every.classList.add("beside");
    this.dates = new Kept("dates", dateWords, () => {
      this.every.hidden = this.dates.held;
      if (!this.dates.held) this.step.focus();
      this.tell();
      changed();
    });
    this.told = h("p", { class: "quiet", role: "status" });
    this.element = h(
      "fieldset",
      {},
      h("legend", {}, "When"),
      h("div", { class: "row" }, field("start", "First day", this.start), field("end", "Last day", this.end)),
      this.every,
      this.dates.element,
      this.told,
    );
    this.tell();
  }

  members() {
    const members = {};
    if (this.start.value) members.start = this.start.value;
    if (this.end.value) members.end = this.end.value;
    if (this.dates.held) return { ...members, ...this.dates.members() };
    if (this.step.value) members.step_days = Number(this.step.value);
    return members;
  }

  like({ start, end, step_days: step = STEP_DAYS, dates }) {
    [this.start.value, this.end.value, this.step.value] = [start, end, String(step)];
    if (dates) this.dates.hold(dates);
    this.touch();
  }

  // Fills in the last days of which there are scenes, unless somebody has chosen days.
  suggest(last) {
    if (this.touched) return;
    const today = isoDay(new Date());
    this.end.value = last && last < today ? last : today;
    this.start.value = addDays(this.end.value, -SPAN_DAYS);
    this.tell();
  }

  touch() {
    this.touched = true;
    this.tell();
  }

  tell() {
    const [start, end] = [this.start.value, this.end.value].map((iso) => Date.parse(iso));
    const step = Number(this.step.value);
    const stepped = Number.isInteger(step) && step > 0 ? Math.floor((end - start) / 864e5 / step) + 1 : NaN;
    const n = this.dates.held ? this.dates.value.length : stepped;
    const known = Number.isFinite(n) && n > 0;
    const days = known && end >= start ? `${spanWords(this.start.value, this.end.value)}: ` : "";
    this.told.textContent = known ? `${days}${count(n, "date")} of at most ${this.most}` : `At most ${this.most} dates`;
  }
}

function dateWords(dates) {
  const more = dates.length > NAMED ? [`${dates.length - NAMED} more`] : [];
  return `${count(dates.length, "chosen date")}: ${[...dates.slice(0, NAMED).map(dayWords), ...more].join(", ")}`;
}
