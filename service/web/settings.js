// What else an order may say; and what an earlier one said for which there is no control.

import { h } from "./dom.js";
import { choose, field, select, told } from "./fields.js";
import { Kept } from "./kept.js";

const WORDS = {
  extra_assets: (names) => `Also given out: ${names.join(", ")}`,
  seed: (number) => `Seed ${number}`,
  weights: (name) => `Published weights: ${name}`,
};

export class Settings {
  static names = ["resolution", "context_days", "model", "adapt"];

  // `inputs` describe the members; `changed` is called when one was dropped.
  constructor(inputs, changed) {
    this.changed = changed;
    const { model, resolution, context_days: context, adapt } = Object.fromEntries(Settings.names.map((name) => [name, inputs[name].schema]));
    this.usual = { model: model.default, resolution: resolution.default, context_days: context.default, adapt: adapt.default };
    this.adapt = h("input", { type: "checkbox", id: "adapt", checked: adapt.default });
    this.model = select(model.enum.map((name) => [name, name]), model.default);
    this.resolution = select(resolution.enum.map((m) => [String(m), `${m} m`]), String(resolution.default));
    this.context = h("input", { type: "number", min: "0", max: String(context.maximum), value: String(context.default) });
    this.kept = [];
    this.others = h("div", {});
    this.element = h(
      "details",
      {},
      h("summary", {}, "More settings"),
      h("div", { class: "form" },
        field("resolution", "Pixel", this.resolution, inputs.resolution.description),
        field("context_days", "Days of context", this.context, inputs.context_days.description),
        field("model", "Reconstruction", this.model),
        h("label", { class: "check" }, this.adapt, "Adapt to the area’s own clear days"),
        told("adapt"),
        this.others),
    );
  }

  members() {
    const all = { model: this.model.value, resolution: Number(this.resolution.value), context_days: this.context.value === "" ? undefined : Number(this.context.value), adapt: this.adapt.checked };
    const unusual = Object.entries(all).filter(([name, value]) => value !== undefined && value !== this.usual[name]);
    return Object.assign(Object.fromEntries(unusual), ...this.kept.map((kept) => kept.members()));
  }

  // `others` are members for which no part of the form has a control.
  like(request, others) {
    const { model, resolution, context_days: context, adapt } = { ...this.usual, ...request };
    choose(this.model, model);
    choose(this.resolution, String(resolution), `${resolution} m`);
    this.context.value = String(context);
    this.adapt.checked = adapt;
    this.kept = Object.entries(others).map(([name, value]) => {
      const kept = new Kept(name, WORDS[name] ?? ((given) => `${name}: ${JSON.stringify(given)}`), this.changed);
      kept.hold(value);
      return kept;
    });
    this.others.replaceChildren(...this.kept.map(({ element }) => element));
    this.element.open = Object.keys(this.members()).length > 0;
  }
}
