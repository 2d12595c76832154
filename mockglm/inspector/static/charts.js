// Small charts over the last minutes: requests and tokens a second, codes, time to first token.

import { $, h, s } from "./dom.js";
import { all, subscribe } from "./store.js";
import { count, duration, t } from "./words.js";

const MINUTES = 5;
const STEPS = 60;
const WIDTH = 240, HEIGHT = 56;

let isOpen = false;

/** Begin: the button that opens the charts. */
export function begin() {
  const button = $("open-charts"), section = $("charts");
  const set = (open) => {
    isOpen = open;
    section.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    localStorage.setItem("mockglm-charts", open ? "1" : "");
    draw();
  };
  button.addEventListener("click", () => set(!isOpen));
  subscribe(draw);
  setInterval(draw, 2000);
  set(localStorage.getItem("mockglm-charts") === "1");
}

let drawn = 0;

function draw() {
  const now = Date.now();
  if (!isOpen || document.hidden || now - drawn < 400) return;
  drawn = now;
  const recent = since(now / 1000 - MINUTES * 60);
  const step = (MINUTES * 60) / STEPS;
  const start = now / 1000 - MINUTES * 60;
  const bin = (entry) => Math.min(STEPS - 1, Math.max(0, Math.floor((entry.at - start) / step)));
  $("charts").replaceChildren(
    rate("chart_requests", recent, bin, step, () => 1),
    rate("chart_tokens", recent, bin, step, (one) => one.usage?.completion ?? 0),
    outcomes(recent, bin),
    firsts(recent, start));
}

/** The exchanges of the last minutes; the list is in order of arrival. */
function since(start) {
  const entries = all(), found = [];
  for (const entry of entries) {
    if (entry.at < start) break;
    found.push(entry);
  }
  return found;
}

function chart(name, value, ...shapes) {
  return h("figure", { class: "chart" },
    h("figcaption", {}, t(name), h("b", {}, value)),
    s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `${t(name)}: ${value}` },
      s("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }), ...shapes));
}

function rate(name, entries, bin, step, weigh) {
  const bins = new Array(STEPS).fill(0);
  for (const entry of entries) bins[bin(entry)] += weigh(entry) / step;
  const most = Math.max(...bins, 1e-9), width = WIDTH / STEPS;
  const points = bins.map((value, index) => `${index * width},${HEIGHT - 1 - (value / most) * (HEIGHT - 6)} ${(index + 1) * width},${HEIGHT - 1 - (value / most) * (HEIGHT - 6)}`);
  const now = bins.slice(-3).reduce((sum, value) => sum + value, 0) / 3;
  return chart(name, `${now < 10 ? now.toFixed(1) : count(Math.round(now))} ${t("a_second")} · ${t("most", { value: most < 10 ? most.toFixed(1) : count(Math.round(most)) })}`,
    s("polygon", { class: "area", points: `0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}` }),
    s("polyline", { class: "curve", points: points.join(" ") }));
}

function outcomes(entries, bin) {
  const bins = Array.from({ length: STEPS }, () => [0, 0, 0]);
  const totals = new Map();
  for (const entry of entries) {
    if (entry.outcome === "open") continue;
    const status = entry.status ?? 0;
    const kind = status >= 500 || entry.outcome !== "done" ? 2 : status >= 400 ? 1 : 0;
    bins[bin(entry)][kind] += 1;
    const code = entry.code && entry.code !== String(status) ? `${status} ${entry.code}` : String(status || "–");
    totals.set(code, (totals.get(code) ?? 0) + 1);
  }
  const most = Math.max(1, ...bins.map((one) => one[0] + one[1] + one[2]));
  const width = WIDTH / STEPS, shapes = [];
  bins.forEach((one, index) => {
    let y = HEIGHT - 1;
    one.forEach((value, kind) => {
      const height = (value / most) * (HEIGHT - 6);
      if (height) shapes.push(s("rect", { class: ["ok", "refused", "failed"][kind], x: index * width + 0.5, y: y - height, width: width - 1, height }));
      y -= height;
    });
  });
  const named = [...totals].sort((a, b) => b[1] - a[1]).slice(0, 3).map(([code, total]) => `${code}: ${count(total)}`).join(" · ");
  return chart("chart_codes", named || "–", ...shapes);
}

function firsts(entries, start) {
  const streams = entries.filter((entry) => entry.frames && entry.first !== null);
  const sorted = streams.map((entry) => entry.first).sort((a, b) => a - b);
  const quantile = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const most = Math.max(...sorted, 0.001);
  const dots = streams.slice(0, 600).map((entry) => s("circle", {
    class: "point", r: 2, cx: ((entry.at - start) / (MINUTES * 60)) * WIDTH, cy: HEIGHT - 3 - (entry.first / most) * (HEIGHT - 8),
  }));
  return chart("chart_first", sorted.length ? `p50 ${duration(quantile(0.5))} · p95 ${duration(quantile(0.95))}` : "–", ...dots);
}
