// Days, numbers and states as people read them.

export const STATES = {
  accepted: { word: "Waiting", sign: "◔" },
  running: { word: "Running", sign: "◑" },
  successful: { word: "Finished", sign: "●" },
  failed: { word: "Failed", sign: "✕" },
  dismissed: { word: "Dismissed", sign: "○" },
};

export const STAGES = [
  ["plan", "Find the scenes"],
  ["prepare", "Learn from the area's clear days"],
  ["tile", "Reconstruct every date"],
  ["finish", "Write maps, series and report"],
];

const DAY = { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };
const day = new Intl.DateTimeFormat("en-GB", DAY);
const moment = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const dayWords = (iso) => day.format(new Date(`${iso}T00:00:00Z`));
export const momentWords = (iso) => moment.format(new Date(iso));
export const clockWords = (iso) => clock.format(new Date(iso));

export function spanWords(start, end) {
  if (start === end) return dayWords(start);
  return day.formatRange(new Date(`${start}T00:00:00Z`), new Date(`${end}T00:00:00Z`));
}

// In hectares, as farmers have them, until it is a landscape.
export function areaWords(km2) {
  if (km2 > 0 && km2 < 1e-4) return "less than 0.01 ha";
  if (km2 < 10) return `${(km2 * 100).toLocaleString("en", { maximumSignificantDigits: 3, maximumFractionDigits: 2 })} ha`;
  return `${km2.toLocaleString("en", { maximumFractionDigits: 0 })} km²`;
}

// A part of a whole: neither nothing nor all of it is said of what is not.
export function shareWords(part) {
  const percent = Math.round(100 * part);
  if (percent === 0 && part > 0) return "less than 1 %";
  return percent === 100 && part < 1 ? "more than 99 %" : `${percent} %`;
}

export const count = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

export function lasting(seconds) {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

const SOURCES = {
  observed: "observed",
  reconstructed: "reconstructed",
  "long-gap": "reconstructed over a long gap",
  "out-of-domain": "observed, outside the network’s domain",
};

export const sourceWords = (name) => SOURCES[name] ?? name;

// As much of a duration as an estimate knows: "4 minutes", not "4 min 10 s".
export function roughly(seconds) {
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size) ?? ["second", 1];
  return count(Math.round(seconds / size), unit);
}

export function sizeWords(bytes) {
  const units = [["TB", 1e12], ["GB", 1e9], ["MB", 1e6]];
  const [unit, size] = units.find(([, size]) => bytes >= size) ?? ["kB", 1e3];
  return `${(bytes / size).toLocaleString("en", { maximumSignificantDigits: 2 })} ${unit}`;
}

export const unitWords = (unit) => ({ "m2 m-2": "m² m⁻²", d: "days" })[unit] ?? unit;

export const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) : "");

export const isoDay = (date) => date.toISOString().slice(0, 10);

export const addDays = (iso, days) => isoDay(new Date(Date.parse(`${iso}T00:00:00Z`) + days * 864e5));
