// Questions to the service; every refusal becomes a Problem that says in the service's own words what is wrong.

import { keyed } from "./key.js";

const ROOT = new URL("..", import.meta.url);

export const url = (path) => new URL(path.replace(/^\//, ""), ROOT).href;

export class Problem extends Error {
  constructor(detail, status = 0, errors = [], type = "") {
    super(detail);
    Object.assign(this, { status, errors, type });
  }
}

// Hrefs begin with the public URL; the page may have been opened under another name of the same machine.
export function local(href) {
  const [, path] = href.match(/\/((?:files|jobs|stac|legends)\/.*)$/) ?? [];
  return path === undefined ? href : url(path);
}

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await keyed(path.startsWith("http") ? path : url(path), {
      ...options,
      headers: { Accept: "application/json", ...options.headers },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The service cannot be reached. Is it running, and is this machine connected?");
  }
  if (answer.ok || answer.status === 304) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Problem(told.detail ?? `The service answered ${answer.status}.`, answer.status, told.errors, told.type);
}

export const json = async (path, options) => (await ask(path, options)).json();

export const post = (path, body, headers = {}, signal = undefined) =>
  json(path, {
    method: "POST",
    signal,
    headers: { ...headers, ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
