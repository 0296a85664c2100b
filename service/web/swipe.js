// A divider between what was observed and what is delivered; by pointer, or by the arrow keys.

import { $, h } from "./dom.js";

const STEP = 0.05;

export class Swipe {
  constructor(map) {
    Object.assign(this, { map, at: 0.5 });
    this.handle = h("div", {
      class: "swipe", role: "slider", tabindex: 0, hidden: true, "aria-orientation": "horizontal",
      "aria-label": "Divider: observed on its left, delivered on its right", "aria-valuemin": "0", "aria-valuemax": "100",
      onkeydown: (event) => this.key(event), onpointerdown: (event) => this.take(event), onpointermove: (event) => this.drag(event),
    });
    this.sides = h("div", { class: "sides", hidden: true }, h("span", {}, "Observed that day"), h("span", {}, "Delivered"));
    $(".stage").append(this.sides, this.handle);
    this.move(0.5);
  }

  show(on) {
    this.handle.hidden = this.sides.hidden = !on;
  }

  move(at) {
    this.at = Math.min(Math.max(at, 0), 1);
    this.handle.style.left = `${this.at * 100}%`;
    this.handle.setAttribute("aria-valuenow", String(Math.round(this.at * 100)));
    this.map.render();
  }

  key(event) {
    const move = { ArrowLeft: -STEP, ArrowRight: STEP, Home: -1, End: 1 }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    this.move(this.at + move);
  }

  take(event) {
    this.handle.setPointerCapture(event.pointerId);
  }

  drag(event) {
    if (!this.handle.hasPointerCapture(event.pointerId)) return;
    const { left, width } = $(".stage").getBoundingClientRect();
    this.move((event.clientX - left) / width);
  }

  // Lets a layer be seen on one side of the divider only, while there is one.
  clip(layer, side) {
    layer.on("prerender", ({ context }) => {
      context.save();
      if (this.handle.hidden) return;
      const { width, height } = context.canvas;
      const at = width * this.at;
      context.beginPath();
      if (side === "left") context.rect(0, 0, at, height);
      else context.rect(at, 0, width - at, height);
      context.clip();
    });
    layer.on("postrender", ({ context }) => context.restore());
  }
}
