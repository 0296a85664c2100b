// The key that some services want to be shown: asked for when it is missing, kept for this tab, sent with every question.

import { $, h } from "./dom.js";
import { sentence } from "./words.js";

const NAME = "clearleaf-key";
const PLAIN = /^[!-~]+$/;
const FIRST = "This service shows jobs to whoever has a key. Whoever runs it gives you one.";

let key = stored();
let asking = null;

// Fetches; what is wanted with a key waits until there is one that is good, or until nobody wants to give one.
export async function keyed(address, options = {}) {
  const target = new URL(address, location.href);
  if (!isOurs(target)) return fetch(target, options);
  for (;;) {
    const shown = key;
    const headers = { ...options.headers, ...(shown && { Authorization: `Bearer ${shown}` }) };
    const answer = await fetch(target, { ...options, headers });
    if (answer.status !== 401) return answer;
    const told = await answer.clone().json().catch(() => ({}));
    if (key === shown && !(await signIn(shown && told.detail))) return answer;
  }
}

// A key goes to the service that the page came from; signed links need none, and may lead on to a bucket.
const isOurs = (target) => target.origin === location.origin && !/\/files\//.test(target.pathname);

// Opens the dialogue, once for all who wait; true when a key was given.
function signIn(wrong) {
  asking ??= new Promise((answer) => {
    const field = h("input", { id: "key", type: "password", autocomplete: "current-password", spellcheck: "false" });
    const told = h("p", { class: "wrong", role: "alert", id: "key-wrong" }, sentence(wrong));
    const send = (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (PLAIN.test(text)) return end(text);
      told.textContent = "A key is one word of plain letters, digits and signs.";
      field.focus();
    };
    const box = h("dialog", { class: "key", "aria-labelledby": "key-title", oncancel: () => end(null) },
      h("form", { onsubmit: send, novalidate: true }, h("h2", { id: "key-title" }, "A key is needed"), h("p", { class: "words" }, FIRST), told,
        h("div", { class: "field" }, h("label", { for: "key" }, "Key"), field, h("p", { class: "quiet" }, "It stays in this tab until you close it or sign out.")),
        h("div", { class: "actions" }, h("button", { class: "main-button", type: "submit" }, "Sign in"), h("button", { type: "button", onclick: () => end(null) }, "Cancel"))));
    const end = (text) => {
      box.remove();
      asking = null;
      if (text) keep(text);
      answer(Boolean(text));
    };
    document.body.append(box);
    box.showModal();
    field.focus();
  });
  return asking;
}

function stored() {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null; // a browser that keeps nothing: the key lives as long as the page
  }
}

function keep(text) {
  key = text;
  try {
    if (text) sessionStorage.setItem(NAME, text);
    else sessionStorage.removeItem(NAME);
  } catch {
    // see above
  }
  offerSignOut();
}

function offerSignOut() {
  const button = $("#sign-out");
  button.hidden = !key;
  button.onclick = () => {
    keep(null);
    location.assign(new URL("..", import.meta.url));
  };
}

offerSignOut();
