// The timeline of a response, drawn from the recorded times: a lane for each kind of frame, the
// gaps between them, and the place where the response breaks.

import { h, s } from "./dom.js";
import { count, duration, has, t } from "./words.js";

const LANES = ["reasoning", "content", "tool_calls", "other"];
const LANE_OF = {
  reasoning: "reasoning", content: "content", tool_calls: "tool_calls",
  start: "other", finish: "other", done: "other", other: "other", error: "other", broken: "other",
};
const LEFT = 92, RIGHT = 18, TOP = 20, LANE = 22, AXIS = 26;
const MAX_GAPS = 6;
const PAUSES = /stall|pause|delay|slow|hang|late|silen/;

/** The drawing and its legend for an exchange, as wide as so many pixels. */
export function drawTimeline(exchange, width) {
  const timeline = exchange.timeline;
  if (!timeline) return h("p", { class: "soft" }, t("no_response"));
  const points = pointsOf(exchange);
  const scale = scaleOf(points, timeline.head ?? 0, width);
  const lanes = LANES.filter((lane) => points.some((one) => one.lane === lane));
  const bottom = TOP + Math.max(1, lanes.length) * LANE;
  const svg = s("svg", {
    class: "timeline", role: "img", viewBox: `0 0 ${width} ${bottom + AXIS}`,
    width, height: bottom + AXIS, "aria-label": describe(exchange, points),
  });
  svg.append(...axis(scale, bottom, width), ...gapsOf(exchange, points, scale, bottom));
  lanes.forEach((lane, index) => svg.append(...drawLane(lane, points, scale, TOP + index * LANE)));
  svg.append(...markers(exchange, points, scale, bottom));
  return h("figure", { class: "timeline-figure" }, svg, legend(exchange, points, scale));
}

function pointsOf(exchange) {
  const { frames } = exchange.timeline;
  if (frames.length) {
    return frames.map((frame, index) => ({ ...frame, index, lane: LANE_OF[frame.kind] ?? "other" }));
  }
  const pieces = exchange.answer.pieces.slice(0, exchange.timeline.sent);
  return pieces.map(([at, text], index) => ({
    at, index, kind: "other", lane: exchange.code ? "other" : "content", text,
  }));
}

/** Places by time; by order if everything was sent at once. */
function scaleOf(points, head, width) {
  const last = Math.max(head, ...points.map((one) => one.at), 0);
  const inner = width - LEFT - RIGHT;
  if (last > 0) return { last, byTime: true, x: (one) => LEFT + (one.at / last) * inner, at: (at) => LEFT + (at / last) * inner };
  const steps = Math.max(1, points.length - 1);
  return { last: 0, byTime: false, x: (one) => LEFT + (one.index / steps) * inner, at: () => LEFT };
}

function axis(scale, bottom, width) {
  const line = s("line", { class: "axis", x1: LEFT, x2: width - RIGHT, y1: bottom + 4, y2: bottom + 4 });
  if (!scale.byTime) {
    return [line, s("text", { class: "tick-label", x: LEFT, y: bottom + 20 }, t("at_once"))];
  }
  const found = [line];
  const step = niceStep(scale.last / Math.max(2, Math.floor((width - LEFT) / 90)));
  for (let at = 0; at <= scale.last * 1.0001; at += step) {
    const x = scale.at(at);
    found.push(
      s("line", { class: "axis", x1: x, x2: x, y1: TOP - 4, y2: bottom + 8 }),
      s("text", { class: "tick-label", x, y: bottom + 20, "text-anchor": at ? "middle" : "start" }, at ? duration(at) : "0"),
    );
  }
  return found;
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough);
}

function drawLane(lane, points, scale, y) {
  const own = points.filter((one) => one.lane === lane);
  const from = scale.x(own[0]), to = scale.x(own[own.length - 1]);
  const found = [
    s("text", { class: `lane-label ${lane}`, x: 0, y: y + 14 }, t(`kind_${lane}`)),
    s("rect", { class: `band ${lane}`, x: from - 2, y: y + 3, width: Math.max(4, to - from + 4), height: LANE - 8, rx: 4 }),
  ];
  let before = -10;
  for (const one of own) {
    const x = scale.x(one), isSpecial = one.kind === "broken" || one.kind === "error";
    if (x - before < 0.9 && !isSpecial) continue;
    before = x;
    const kind = one.lane === "other" ? one.kind : one.lane;
    found.push(s("line", { class: `frame ${kind}`, x1: x, x2: x, y1: y + 3, y2: y + LANE - 5 },
      s("title", {}, `${duration(one.at)}  ${one.text || t(`kind_${one.kind}`)}`)));
  }
  return found;
}

/** The pauses that stand out: longer than a tenth of the whole and thrice the usual one. */
export function findGaps(points, last) {
  const steps = [];
  for (let index = 1; index < points.length; index += 1) {
    steps.push({ from: points[index - 1].at, to: points[index].at });
  }
  const lengths = steps.map((one) => one.to - one.from).sort((a, b) => a - b);
  const usual = lengths[Math.floor(lengths.length / 2)] ?? 0;
  return steps.filter((one) => one.to - one.from > Math.max(last / 10, usual * 3, 0.02))
    .sort((a, b) => b.to - b.from - a.to + a.from).slice(0, MAX_GAPS);
}

function gapsOf(exchange, points, scale, bottom) {
  if (!scale.byTime) return [];
  const pauses = faultsOf(exchange).filter((name) => PAUSES.test(name)).join(", ");
  return findGaps(points, scale.last).flatMap((gap, index) => {
    const x = scale.at(gap.from), width = scale.at(gap.to) - x;
    const label = [duration(gap.to - gap.from), index === 0 && pauses].filter(Boolean).join(" · ");
    return [
      s("rect", { class: "gap", x, y: TOP - 4, width, height: bottom - TOP + 8 }, s("title", {}, t("gap", { time: label }))),
      width > 46 && s("text", { class: "gap-label", x: x + width / 2, y: TOP - 8, "text-anchor": "middle" }, label),
    ].filter(Boolean);
  });
}

function markers(exchange, points, scale, bottom) {
  const found = [];
  const first = points[0];
  if (scale.byTime && first && first.at > 0) {
    const x = scale.x(first);
    found.push(s("line", { class: "first", x1: x, x2: x, y1: TOP - 6, y2: bottom + 4 }, s("title", {}, `${t("first")} ${duration(first.at)}`)));
  }
  for (const defect of exchange.timeline.defects) {
    const x = scale.byTime ? scale.at(defect.at) : placeOf(points, defect, scale);
    found.push(s("path", { class: "defect", d: `M${x} ${bottom + 2} l-5 9 h10 z` }, s("title", {}, defectName(defect.kind))));
  }
  if (exchange.outcome === "cut" || exchange.outcome === "gone") {
    const last = points[points.length - 1];
    const x = last ? Math.min(scale.x(last) + 5, scale.x(last) + RIGHT) : LEFT;
    found.push(
      s("line", { class: "cut", x1: x, x2: x, y1: 4, y2: bottom + 6 }, s("title", {}, cutName(exchange))),
      s("path", { class: "cut", d: `M${x - 4} 2 l8 8 m0 -8 l-8 8` }),
    );
  }
  return found;
}

function placeOf(points, defect, scale) {
  const one = points.find((point) => point.end > defect.offset) ?? points[points.length - 1];
  return one ? scale.x(one) : LEFT;
}

export const defectName = (kind) => (has(`defect_${kind}`) ? t(`defect_${kind}`) : kind);

/** The names of the faults that a response has, by the notes of the journal. */
function faultsOf(exchange) {
  return exchange.notes.filter((note) => note.startsWith("faults: ")).flatMap((note) => note.slice(8).split(", "));
}

/** The end of a response that broke off, with the faults that did it. */
export function cutName(exchange) {
  const faults = faultsOf(exchange);
  const end = exchange.outcome === "gone" ? t("end_gone") : t(`end_${exchange.answer?.end ?? "close"}`);
  return faults.length ? `${end} (${faults.join(", ")})` : end;
}

function legend(exchange, points, scale) {
  const items = [];
  if (points.length && scale.byTime) items.push(item("first", t("first"), duration(points[0].at)));
  for (const lane of LANES) {
    const own = points.filter((one) => one.lane === lane);
    if (!own.length) continue;
    const span = own[own.length - 1].at - own[0].at;
    items.push(item(lane, t(`kind_${lane}`), `${t("frames", { count: count(own.length) })}${span > 0 ? `, ${duration(span)}` : ""}`));
  }
  for (const gap of scale.byTime ? findGaps(points, scale.last).slice(0, 2) : []) {
    items.push(item("gap", t("gap_name"), `${duration(gap.to - gap.from)} @ ${duration(gap.from)}`));
  }
  if (points.some((one) => one.kind === "broken")) {
    items.push(item("broken", t("kind_broken"), count(points.filter((one) => one.kind === "broken").length)));
  }
  for (const kind of new Set(exchange.timeline.defects.map((one) => one.kind))) {
    items.push(item("defect", t("defect"), defectName(kind)));
  }
  if (exchange.outcome === "cut" || exchange.outcome === "gone") items.push(item("cut", t("cut"), cutName(exchange)));
  return h("figcaption", { class: "legend" }, ...items);
}

const item = (kind, name, value) =>
  h("span", {}, h("i", { class: `dot ${kind}`, "aria-hidden": "true" }), `${name} `, h("b", {}, value));

function describe(exchange, points) {
  const parts = [t("timeline")];
  if (points.length) parts.push(`${t("first")} ${duration(points[0].at)}`);
  for (const lane of LANES) {
    const own = points.filter((one) => one.lane === lane);
    if (own.length) parts.push(`${t(`kind_${lane}`)}: ${t("frames", { count: own.length })}`);
  }
  parts.push(`${t("total")} ${duration(exchange.total)}`, t(`outcome_${exchange.outcome}`));
  return parts.join(", ");
}
