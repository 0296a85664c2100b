// A member of an earlier order for which the form has no control: said in words, and kept until it is dropped.

import { h } from "./dom.js";
import { told } from "./fields.js";

export class Kept {
  // `words` says a value; `changed` is called when it came or went.
  constructor(member, words, changed) {
    Object.assign(this, { member, words, changed, value: undefined });
    this.text = h("p", {});
    const drop = h("button", { type: "button", class: "plain", onclick: () => this.hold(undefined) }, "Drop");
    this.element = h("fieldset", { class: "kept", "data-member": member, hidden: true }, h("div", {}, this.text, drop));
    if (member !== "aoi") this.element.append(told(member)); // shapes have a place of their own for what is wrong
  }

  hold(value) {
    this.value = value;
    this.element.hidden = !this.held;
    this.text.textContent = this.held ? this.words(value) : "";
    this.changed();
  }

  get held() {
    return this.value !== undefined;
  }

  members() {
    return this.held ? { [this.member]: this.value } : {};
  }
}
