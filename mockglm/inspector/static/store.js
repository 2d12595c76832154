// The exchanges that the page knows, newest first, and the filters over them.

const MAX_ENTRIES = 20_000;

export const filters = { text: "", session: "*", model: "", outcomes: new Set() };
export const selected = new Set();

let entries = [];
const byKey = new Map();
const listeners = new Set();
let waiting = false;

export const keyOf = (entry) => `${entry.session}#${entry.ordinal}`;
export const find = (key) => byKey.get(key);
export const all = () => entries;

/** Call a function after the exchanges or the filters change, at most once a frame. */
export function subscribe(listener) {
  listeners.add(listener);
}

export function changed() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const listener of listeners) listener();
  });
}

/** Add summaries, or replace those of the same exchanges. */
export function put(summaries) {
  const added = [];
  let isMoved = false;
  for (const entry of summaries) {
    const key = keyOf(entry);
    const known = byKey.get(key);
    byKey.set(key, entry);
    if (known) {
      entries[indexOf(known)] = entry;
      isMoved ||= known.serial !== entry.serial;
    } else {
      added.push(entry);
    }
  }
  added.sort((a, b) => b.serial - a.serial);
  const isNewer = !entries.length || !added.length || added[added.length - 1].serial > entries[0].serial;
  const isOlder = !isNewer && added[0].serial < entries[entries.length - 1].serial;
  entries = isOlder ? entries.concat(added) : added.concat(entries);
  if (isMoved || (!isNewer && !isOlder)) entries.sort((a, b) => b.serial - a.serial);
  for (const entry of entries.splice(MAX_ENTRIES)) byKey.delete(keyOf(entry));
  changed();
}

/** Forget all exchanges. */
export function clear() {
  entries = [];
  byKey.clear();
  selected.clear();
  changed();
}

function indexOf(entry) {
  let low = 0, high = entries.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (entries[middle].serial === entry.serial) return middle;
    if (entries[middle].serial > entry.serial) low = middle + 1;
    else high = middle - 1;
  }
  return entries.indexOf(entry);
}

/** The classes by which outcomes are filtered: open, error, miss, broken. */
export function classes(entry) {
  const found = [];
  if (entry.outcome === "open") found.push("open");
  if (entry.source === "miss") found.push("miss");
  else if (entry.code || (entry.status ?? 0) >= 400) found.push("error");
  if (entry.outcome === "cut" || entry.outcome === "gone") found.push("broken");
  return found;
}

function isShown(entry, words) {
  if (filters.session !== "*" && entry.session !== filters.session) return false;
  if (filters.model && entry.model !== filters.model) return false;
  if (filters.outcomes.size && !classes(entry).some((one) => filters.outcomes.has(one))) return false;
  if (!words.length) return true;
  const text = searchable(entry);
  return words.every((word) => text.includes(word));
}

function searchable(entry) {
  return [
    `#${entry.ordinal}`, entry.prompt, entry.model, entry.session, entry.path, entry.source,
    entry.status, entry.code, entry.finish, entry.outcome, entry.surface, ...entry.notes,
    ...entry.passed,
  ].join("\n").toLowerCase();
}

/** The exchanges that pass the filters. */
export function filtered() {
  const words = filters.text.toLowerCase().split(/\s+/).filter(Boolean);
  const isAll = !words.length && filters.session === "*" && !filters.model && !filters.outcomes.size;
  return isAll ? entries : entries.filter((entry) => isShown(entry, words));
}

/** The number of exchanges of each class, and the names of sessions and models. */
export function facets() {
  const counts = { open: 0, error: 0, miss: 0, broken: 0 };
  const sessions = new Set(), models = new Set();
  for (const entry of entries) {
    sessions.add(entry.session);
    if (entry.model) models.add(entry.model);
    for (const one of classes(entry)) counts[one] += 1;
  }
  return { counts, sessions: [...sessions].sort(), models: [...models].sort() };
}
