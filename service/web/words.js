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

export function areaWords(km2) {
  if (km2 < 0.1) return `${(km2 * 100).toFixed(km2 < 0.01 ? 2 : 1)} ha`;
  return `${km2.toLocaleString("en", { maximumFractionDigits: km2 < 10 ? 2 : 0 })} km²`;
}

export const count = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

export function lasting(seconds) {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

export const unitWords = (unit) => ({ "m2 m-2": "m² m⁻²", d: "days" })[unit] ?? unit;

export const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) : "");

export const isoDay = (date) => date.toISOString().slice(0, 10);

export const addDays = (iso, days) => isoDay(new Date(Date.parse(`${iso}T00:00:00Z`) + days * 864e5));
