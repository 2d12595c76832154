// The page: it loads the journal, follows the live feed, and connects list and exchange.

import * as act from "./act.js";
import { address, get } from "./api.js";
import * as charts from "./charts.js";
import { drawCode } from "./code.js";
import * as detail from "./detail.js";
import { $, h, notify } from "./dom.js";
import * as list from "./list.js";
import { all, changed, facets, filters, put, subscribe } from "./store.js";
import { drawWhy } from "./why.js";
import { count, t } from "./words.js";

const FIRST = 200;
const NEXT = 1000;
const MOST = 20_000;
const BATCH = 0.25;

async function load() {
  try {
    let found = await get("journal", { session: "*", last: FIRST });
    put(found);
    // The older ones come later and in parts, so that neither the page nor the chats wait.
    while (found.length && all().length < MOST) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      found = await get("journal", { session: "*", last: NEXT, before: found[0].serial });
      put(found);
    }
  } catch (error) {
    notify(error.message, "bad");
  }
}

function follow() {
  const live = $("live");
  const source = new EventSource(address("events", { session: "*", batch: BATCH }));
  const set = (state) => {
    live.dataset.state = state;
    live.textContent = t(state);
  };
  let wasLost = false;
  source.addEventListener("open", () => {
    set("live");
    if (wasLost) load();
    wasLost = false;
  });
  source.addEventListener("error", () => {
    set("lost");
    wasLost = true;
  });
  source.addEventListener("exchanges", (event) => {
    const summaries = JSON.parse(event.data);
    put(summaries);
    detail.refresh(summaries);
  });
}

function draw() {
  list.update();
  const { counts, sessions, models } = facets();
  for (const chip of document.querySelectorAll(".chip")) {
    chip.querySelector("b").textContent = count(counts[chip.dataset.outcome]);
  }
  fillOptions($("session"), sessions, (name) => name || t("default_session"));
  fillOptions($("model"), models, (name) => name);
  const shown = list.visible().length, total = all().length;
  $("count").textContent = shown === total ? t("count", { count: count(total) }) : t("count_of", { count: count(shown), total: count(total) });
  $("empty").hidden = shown > 0;
  if (!shown) drawEmpty(total);
}

function drawEmpty(total) {
  const base = new URL("/api/paas/v4", location.href).href;
  $("empty").replaceChildren(...(total
    ? [h("p", {}, t("none_match"))]
    : [h("p", {}, h("b", {}, t("none_yet"))), h("p", {}, t("none_yet_hint")), h("code", {}, base)]));
}

function fillOptions(select, values, label) {
  const known = new Set([...select.options].map((one) => one.value));
  for (const value of values) if (!known.has(value)) select.append(h("option", { value }, label(value)));
}

function open(key, { focus = false } = {}) {
  const hash = `#/${encodeURIComponent(key)}`;
  if (location.hash === hash) detail.show(key, { focus });
  else {
    wantsFocus = focus || matchMedia("(max-width: 800px)").matches;
    location.hash = hash;
  }
}

let wantsFocus = false;

function route() {
  const key = location.hash.startsWith("#/") ? decodeURIComponent(location.hash.slice(2)) : "";
  document.body.classList.toggle("has-exchange", Boolean(key));
  list.setCurrent(key, { scroll: Boolean(key) });
  if (key) detail.show(key, { focus: wantsFocus });
  else {
    detail.clear();
    if (wantsFocus) $("list").focus();
  }
  wantsFocus = false;
}

function beginFilters() {
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("text").addEventListener("input", (event) => { filters.text = event.target.value; changed(); });
  $("session").addEventListener("change", (event) => { filters.session = event.target.value; changed(); });
  $("model").addEventListener("change", (event) => { filters.model = event.target.value; changed(); });
  for (const chip of document.querySelectorAll(".chip")) {
    chip.addEventListener("click", () => {
      const outcome = chip.dataset.outcome;
      if (!filters.outcomes.delete(outcome)) filters.outcomes.add(outcome);
      chip.setAttribute("aria-pressed", String(filters.outcomes.has(outcome)));
      changed();
    });
  }
}

function beginSettings() {
  const root = document.documentElement;
  const themes = ["auto", "light", "dark"];
  const button = $("theme");
  const setTheme = (theme) => {
    root.dataset.theme = theme;
    button.textContent = { auto: "◐", light: "☀", dark: "☾" }[theme];
    button.setAttribute("aria-label", `${t("theme")}: ${t(`theme_${theme}`)}`);
    button.title = t(`theme_${theme}`);
  };
  setTheme(themes.includes(localStorage.getItem("mockglm-theme")) ? localStorage.getItem("mockglm-theme") : "auto");
  button.addEventListener("click", () => {
    const theme = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
    localStorage.setItem("mockglm-theme", theme);
    setTheme(theme);
  });
  $("language").addEventListener("change", (event) => {
    document.cookie = `mockglm_language=${event.target.value}; path=${new URL("./", location.href).pathname}; max-age=31536000; samesite=strict`;
    location.reload();
  });
}

function beginKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, dialog")) {
      if (event.key === "Escape" && event.target.closest("#filters")) $("list").focus();
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      $("text").focus();
    } else if (event.key === "Escape" && document.body.classList.contains("has-exchange")) {
      wantsFocus = true;
      location.hash = "";
    }
  });
}

detail.addTab("why", drawWhy);
detail.addTab("code", drawCode);
detail.setActions(act.exchangeActions(open));
act.onReset(load);
act.begin();
charts.begin();
list.begin(open);
beginFilters();
beginSettings();
beginKeys();
subscribe(draw);
addEventListener("hashchange", route);
draw();
route();
follow();
await load();
