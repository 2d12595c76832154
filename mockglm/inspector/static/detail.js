// One exchange: its facts, its timeline, and tabs for the conversation, the bytes and more.

import { get } from "./api.js";
import { drawConversation } from "./conversation.js";
import { $, copy, h } from "./dom.js";
import { sourceName, statusPill } from "./list.js";
import { drawRaw } from "./raw.js";
import { keyOf } from "./store.js";
import { drawTimeline } from "./timeline.js";
import { count, date, duration, t } from "./words.js";

const pane = $("detail");
const TABS = [["conversation", drawConversation], ["raw", drawRaw]];

let shown = null;
let tab = "conversation";
let loading = 0;
let actions = () => [];

/** Add a tab; `draw` returns the element of an exchange. */
export function addTab(name, draw) {
  TABS.push([name, draw]);
}

/** Set the function that returns the buttons of an exchange. */
export function setActions(make) {
  actions = make;
}

/** The exchange that is shown, if there is one. */
export const current = () => shown;

/** Show an exchange by its key. */
export async function show(key, { focus = false, chosen = tab } = {}) {
  const mine = ++loading;
  const [session, ordinal] = split(key);
  let exchange;
  try {
    exchange = await get(`journal/${ordinal}`, { session });
  } catch (error) {
    if (mine !== loading) return;
    shown = null;
    pane.replaceChildren(back(), h("p", { class: "hint" }, error.message));
    return;
  }
  if (mine !== loading) return;
  const isSame = shown && keyOf(shown) === keyOf(exchange) && shown.serial === exchange.serial;
  const top = isSame ? pane.scrollTop : 0;
  const folded = isSame ? openDetails() : null;
  shown = exchange;
  tab = TABS.some(([name]) => name === chosen) ? chosen : "conversation";
  draw();
  if (folded) unfold(folded);
  pane.scrollTop = top;
  if (focus) pane.focus();
}

/** Show nothing. */
export function clear() {
  loading += 1;
  shown = null;
  pane.dataset.empty = "";
  pane.replaceChildren(h("p", { class: "hint" }, t("choose")));
}

export function split(key) {
  const at = key.lastIndexOf("#");
  return [key.slice(0, at), key.slice(at + 1)];
}

const openDetails = () => [...pane.querySelectorAll("details")].map((one) => one.open);

function unfold(states) {
  [...pane.querySelectorAll("details")].forEach((one, index) => { one.open = states[index] ?? one.open; });
}

/** Load the exchange again if it is the one shown and it went on. */
export function refresh(summaries) {
  if (!shown) return;
  const key = keyOf(shown);
  const summary = summaries.find((one) => keyOf(one) === key);
  if (summary && (summary.outcome !== shown.outcome || summary.serial !== shown.serial)) show(key);
}

function back() {
  return h("a", { class: "back", href: "#" }, `← ${t("back")}`);
}

function draw() {
  delete pane.dataset.empty;
  const panel = h("div", { class: "tab-panel", role: "tabpanel", id: "tab-panel", tabindex: "0", "aria-labelledby": `tab-${tab}` });
  pane.replaceChildren(
    h("div", { class: "detail-head" }, back(), heading(), facts(), h("div", { class: "actions" }, ...actions(shown))),
    drawTimeline(shown, Math.max(320, pane.clientWidth - 40)),
    tabs(panel),
    panel,
  );
  fillPanel(panel);
}

function fillPanel(panel) {
  const [, make] = TABS.find(([name]) => name === tab);
  panel.setAttribute("aria-labelledby", `tab-${tab}`);
  const made = make(shown);
  if (made instanceof Promise) {
    panel.replaceChildren(h("p", { class: "soft" }, "…"));
    const mine = shown;
    made.then(
      (element) => { if (mine === shown && panel.isConnected) panel.replaceChildren(element); },
      (error) => { if (panel.isConnected) panel.replaceChildren(h("p", { class: "bad" }, error.message)); });
  } else {
    panel.replaceChildren(made);
  }
}

function tabs(panel) {
  const buttons = TABS.map(([name]) => h("button", {
    type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "tab-panel",
    "aria-selected": String(name === tab), tabindex: name === tab ? "0" : "-1",
    onclick: () => choose(name),
  }, t(`tab_${name}`)));
  const choose = (name) => {
    tab = name;
    for (const button of buttons) {
      const isChosen = button.id === `tab-${name}`;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
      if (isChosen) button.focus();
    }
    fillPanel(panel);
  };
  return h("div", {
    class: "tabs", role: "tablist", "aria-label": t("views"),
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const index = TABS.findIndex(([name]) => name === tab);
      choose(TABS[(index + step + TABS.length) % TABS.length][0]);
    },
  }, ...buttons);
}

function heading() {
  const entry = shown;
  return h("h2", {},
    statusPill(entry), " ",
    h("span", {}, entry.model || `${entry.method} ${entry.path}`),
    h("span", { class: "soft" }, ` #${entry.ordinal}${entry.session ? ` · ${entry.session}` : ""}`),
    h("button", {
      type: "button", class: "quiet", title: t("copy_link"), "aria-label": t("copy_link"),
      onclick: () => copy(location.href, t("copied")),
    }, t("link")));
}

function facts() {
  const entry = shown, usage = entry.usage ?? {};
  const found = [
    ["answered_by", sourceName(entry.source)],
    ["outcome", t(`outcome_${entry.outcome}`)],
    ["finish", entry.finish],
    ["first", duration(entry.first)],
    ["total", duration(entry.total)],
    ["tokens", usage.completion === undefined ? "" : `${count(usage.prompt ?? 0)} → ${count(usage.completion)}${usage.cached ? ` (${t("cached_share", { share: Math.round((usage.cached / Math.max(1, usage.prompt)) * 100) })})` : ""}`],
    ["surface", entry.surface],
    ["at", date(entry.at)],
  ].filter(([, value]) => value !== "" && value !== null);
  return h("div", {},
    h("dl", { class: "facts" }, ...found.map(([name, value]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value)))),
    entry.notes.length || entry.passed.length
      ? h("ul", { class: "notes" },
        ...entry.notes.map((note) => h("li", {}, note)),
        entry.passed.length ? h("li", {}, `${t("waived")}: ${entry.passed.join(", ")}`) : null)
      : null);
}

new ResizeObserver(() => {
  const old = pane.querySelector(".timeline-figure");
  if (!shown || !old) return;
  const width = Math.max(320, pane.clientWidth - 40);
  if (Math.abs(Number(old.querySelector("svg")?.getAttribute("width")) - width) > 4) {
    old.replaceWith(drawTimeline(shown, width));
  }
}).observe(pane);

