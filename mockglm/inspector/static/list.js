// The list of exchanges. Only the rows in view are in the document, however many there are.

import { $, h } from "./dom.js";
import { classes, filtered, find, keyOf, selected } from "./store.js";
import { count, duration, t, time } from "./words.js";

const ROW = 58;
const SPARE = 6;
const CHATS = ["/chat/completions", "/v1/messages"];

let shown = [];
let current = "";
let openExchange = () => {};
const rows = new Map();
const list = $("list");
const sizer = h("div", { class: "sizer", role: "presentation" });

/** Begin; `open` is called with the key of an exchange that is chosen. */
export function begin(open) {
  openExchange = open;
  list.append(sizer);
  list.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(list);
  list.addEventListener("keydown", press);
  sizer.addEventListener("click", click);
}

/** Draw the list again, after exchanges came or filters changed. */
export function update() {
  // Who reads further down keeps the place while new exchanges come in above.
  const top = list.scrollTop, anchor = top > ROW ? shown[Math.floor(top / ROW)] : null;
  shown = filtered();
  sizer.style.height = `${shown.length * ROW}px`;
  if (anchor) {
    const index = shown.findIndex((entry) => keyOf(entry) === keyOf(anchor));
    if (index >= 0) list.scrollTop = index * ROW + (top % ROW);
  }
  draw();
}

/** Mark an exchange as the current one. */
export function setCurrent(key, { scroll = false } = {}) {
  current = key;
  if (scroll) {
    const index = shown.findIndex((entry) => keyOf(entry) === key);
    if (index >= 0) reveal(index);
  }
  draw();
}

export const visible = () => shown;

function draw() {
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - SPARE);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + SPARE);
  const wanted = new Map();
  for (let index = first; index < last; index += 1) wanted.set(keyOf(shown[index]), index);
  for (const [key, row] of rows) {
    if (!wanted.has(key)) {
      row.element.remove();
      rows.delete(key);
    }
  }
  // The rows stand in the document in the order that is seen, for those who hear them.
  let active = null, next = sizer.firstChild;
  for (const [key, index] of wanted) {
    const entry = shown[index];
    let row = rows.get(key);
    if (!row || row.entry !== entry) {
      const element = makeRow(entry, key);
      if (row?.element === next) next = element;
      row?.element.replaceWith(element);
      row = { entry, element };
      rows.set(key, row);
    }
    if (row.element === next) next = next.nextSibling;
    else sizer.insertBefore(row.element, next);
    row.element.style.transform = `translateY(${index * ROW}px)`;
    row.element.setAttribute("aria-setsize", shown.length);
    row.element.setAttribute("aria-posinset", index + 1);
    row.element.setAttribute("aria-selected", String(selected.has(key)));
    row.element.classList.toggle("current", key === current);
    if (key === current) active = row.element.id;
  }
  if (active) list.setAttribute("aria-activedescendant", active);
  else list.removeAttribute("aria-activedescendant");
}

function makeRow(entry, key) {
  const kinds = classes(entry);
  const isChat = CHATS.includes(entry.path);
  return h("div", {
    class: `row ${kinds.join(" ")}`, role: "option", id: `row-${entry.serial}`, "data-key": key,
  },
    h("span", { class: "check", "aria-hidden": "true" }),
    statusPill(entry),
    h("span", { class: "prompt" }, entry.prompt || (isChat ? t("no_prompt") : `${entry.method} ${entry.path}`)),
    h("time", {}, time(entry.at)),
    h("span", { class: "meta" }, meta(entry).join(" · ")),
    h("span", { class: "figures" }, ...figures(entry)),
  );
}

/** The status of an exchange in a few characters, with the business code. */
export function statusPill(entry) {
  if (entry.outcome === "open") return h("span", { class: "pill accent live-pill" }, t("outcome_open"));
  const isBad = (entry.status ?? 0) >= 400 || entry.code;
  const kind = entry.source === "miss" ? "warn" : isBad ? "bad" : "good";
  const text = entry.source === "miss" ? t("miss") : [entry.status, entry.code !== String(entry.status) && entry.code].filter(Boolean).join(" ");
  return h("span", { class: `pill ${kind}` }, text || "–");
}

function meta(entry) {
  return [
    `#${entry.ordinal}`, entry.session && entry.session, entry.model || entry.surface,
    entry.surface === "anthropic" && "anthropic",
    sourceName(entry.source),
    entry.outcome === "cut" || entry.outcome === "gone" ? t(`outcome_${entry.outcome}`) : entry.finish,
    entry.notes.find((note) => note.startsWith("faults: ")),
  ].filter(Boolean);
}

/** What answered, in words; the place of an interaction stays as it is. */
export function sourceName(source) {
  const known = ["queued", "improvised", "refused", "gateway", "miss", "upstream"];
  return known.includes(source) ? t(`source_${source}`) : source;
}

function figures(entry) {
  const usage = entry.usage ?? {};
  const found = [];
  if (entry.first !== null && entry.frames) found.push(h("span", { title: t("first") }, `↦ ${duration(entry.first)}`));
  found.push(h("span", { title: t("total") }, duration(entry.total)));
  if (usage.completion !== undefined) {
    found.push(h("span", { title: t("tokens_title") }, `${count(usage.prompt ?? 0)} → ${count(usage.completion)}`));
  }
  return found;
}

function click(event) {
  const row = event.target.closest(".row");
  if (!row) return;
  const key = row.dataset.key;
  if (event.target.closest(".check") || event.ctrlKey || event.metaKey) {
    toggle(key);
  } else if (event.shiftKey && current) {
    selectRange(current, key);
  } else {
    openExchange(key);
  }
}

function toggle(key) {
  if (!selected.delete(key)) selected.add(key);
  list.dispatchEvent(new Event("selection"));
  draw();
}

function selectRange(from, to) {
  const indexes = [from, to].map((key) => shown.findIndex((entry) => keyOf(entry) === key));
  const [low, high] = indexes.sort((a, b) => a - b);
  if (low < 0) return;
  for (const entry of shown.slice(low, high + 1)) selected.add(keyOf(entry));
  list.dispatchEvent(new Event("selection"));
  draw();
}

const page = () => Math.max(1, Math.floor(list.clientHeight / ROW) - 1);

const MOVES = {
  ArrowDown: (index) => index + 1, ArrowUp: (index) => index - 1,
  j: (index) => index + 1, k: (index) => index - 1,
  PageDown: (index) => index + page(), PageUp: (index) => index - page(),
  Home: () => 0, End: () => shown.length - 1,
};

function press(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || !shown.length) return;
  const index = shown.findIndex((entry) => keyOf(entry) === current);
  if (event.key in MOVES) {
    const next = Math.min(shown.length - 1, Math.max(0, MOVES[event.key](index)));
    if (event.shiftKey && current) selected.add(current);
    current = keyOf(shown[next]);
    if (event.shiftKey) toggleOn(current);
    reveal(next);
    draw();
  } else if (event.key === "Enter" && find(current)) {
    openExchange(current, { focus: true });
  } else if (event.key === " " && find(current)) {
    toggle(current);
  } else {
    return;
  }
  event.preventDefault();
}

function toggleOn(key) {
  selected.add(key);
  list.dispatchEvent(new Event("selection"));
}

function reveal(index) {
  const top = index * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
}
