// Fields of the form, each with a place for what the service has to say against it.

import { h } from "./dom.js";
import { sentence } from "./words.js";

// A labelled control; `member` is the member of the order that it fills in.
export function field(member, label, control, hint = null) {
  control.id = member;
  control.name = member;
  const about = hint && h("p", { class: "quiet", id: `${member}-hint` }, hint);
  if (about) control.setAttribute("aria-describedby", about.id);
  return h("div", { class: "field", "data-member": member }, h("label", { for: member }, label), control, about, told(member));
}

export const told = (member) => h("div", { class: "told", "data-told": member });

export function select(options, chosen) {
  return h("select", {}, options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
}

// Chooses a value; one that the list lacks is added, for the service to say what is wrong with it.
export function choose(control, value, words = value) {
  if (![...control.options].some((option) => option.value === value)) control.append(h("option", { value }, words));
  control.value = value;
}

// Takes back what was said against a form, or a part of it.
export function forgive(form) {
  for (const place of form.querySelectorAll("[data-told]")) place.replaceChildren();
  for (const control of [form, ...form.querySelectorAll("[aria-invalid]")]) {
    control.removeAttribute("aria-invalid");
    describe(control, `${control.dataset.member ?? control.id}-wrong`, false);
  }
}

// Says each problem beside the member it names; returns those that no field of the form is about.
export function blame(form, errors) {
  const others = errors.filter((error) => {
    const member = error.pointer.split("/")[1] ?? "";
    const place = form.querySelector(`[data-told~="${CSS.escape(member)}"]`);
    if (!place) return true;
    const words = h("p", { class: "wrong" }, sentence(error.detail));
    place.append(words);
    place.id ||= `${member}-wrong`;
    const control = form.querySelector(`#${CSS.escape(member)}`) ?? place.closest("fieldset");
    control.setAttribute("aria-invalid", "true");
    describe(control, place.id, true);
    place.closest("details")?.setAttribute("open", "");
    return false;
  });
  const first = form.querySelector("[aria-invalid]");
  (first?.matches("fieldset") ? first.querySelector("button") : first)?.focus();
  form.querySelector(".wrong")?.scrollIntoView({ block: "nearest" });
  return others;
}

function describe(control, id, add) {
  const ids = new Set((control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
  if (add) ids.add(id);
  else ids.delete(id);
  if (ids.size) control.setAttribute("aria-describedby", [...ids].join(" "));
  else control.removeAttribute("aria-describedby");
}
