// Why an exchange was answered as it was: the way through the handlers, and every interaction that
// was considered, condition by condition.

import { get } from "./api.js";
import { h } from "./dom.js";
import { sourceName } from "./list.js";
import { date, has, t } from "./words.js";

const MARKS = { answers: "✓", matches: "=", "used up": "∅", differs: "✗" };
const KINDS = { answers: "good", matches: "accent", "used up": "warn", differs: "" };

/** The explanation of an exchange of the journal. */
export async function drawWhy(exchange) {
  const { ordinal, session } = exchange;
  return drawExplanation(await get(`journal/${ordinal}/explanation`, { session }));
}

/** An explanation as the API returns it. */
export function drawExplanation(found) {
  return h("div", { class: "why" },
    verdict(found),
    pipeline(found.handlers),
    found.waived.length ? waived(found.waived) : null,
    found.limits.length ? limits(found.limits) : null,
    considered(found));
}

function verdict(found) {
  // An endpoint that mockglm answers itself is not called for an explanation.
  const isBad = found.status === null ? found.source !== "gateway" : found.status >= 400;
  return h("div", { class: `verdict card ${found.source === "miss" ? "warn-edge" : isBad ? "bad-edge" : "good-edge"}` },
    h("p", {}, h("b", {}, t("why_answered", { source: sourceName(found.source) })), " ",
      found.status !== null && h("span", { class: `pill ${isBad ? "bad" : "good"}` }, [found.status, found.code !== String(found.status) && found.code].filter(Boolean).join(" "))),
    found.message && h("pre", {}, found.message),
    ...found.notes.map((note) => h("p", { class: "soft" }, note)));
}

function pipeline(handlers) {
  return h("section", {},
    h("h3", {}, t("why_pipeline")),
    h("ol", { class: "pipeline" }, ...handlers.map((one) => h("li", { class: one.result.replace(" ", "-") },
      h("span", {}, has(`handler_${one.name}`) ? t(`handler_${one.name}`) : one.name),
      h("span", { class: "hidden" }, `: ${t(`result_${one.result.replace(" ", "_")}`)}`)))));
}

function waived(rules) {
  return h("section", {},
    h("h3", {}, t("why_waived")),
    h("ul", { class: "notes" }, ...rules.map((rule) => h("li", {},
      h("b", {}, rule.name), ` (${rule.evidence}) `, h("span", { class: "soft" }, rule.source)))));
}

function limits(list) {
  return h("section", {},
    h("h3", {}, t("why_limits")),
    h("div", { class: "table-scroll card", tabindex: "0", role: "group", "aria-label": t("why_limits") },
      h("table", { class: "conditions limits" },
        h("thead", {}, h("tr", {}, ...["limit", "limit_used", "limit_most", "limit_resets"].map((name) => h("th", { scope: "col" }, t(name))))),
        h("tbody", {}, ...list.map((one) => h("tr", { class: one.used !== null && one.used >= one.limit ? "failed" : "" },
          h("th", { scope: "row" }, one.name),
          h("td", {}, one.used === null ? "–" : String(one.used)), h("td", {}, String(one.limit)),
          h("td", {}, one.resets === null ? "–" : date(one.resets))))))));
}

function considered(found) {
  const title = h("h3", {}, t("why_considered", { count: found.interactions.length + found.left_out }));
  if (!found.interactions.length) return h("section", {}, title, h("p", { class: "soft" }, t("why_none")));
  return h("section", {}, title,
    ...found.interactions.map((one, index) => interaction(one, index < 3)),
    found.left_out ? h("p", { class: "soft" }, t("why_left_out", { count: found.left_out })) : null);
}

function interaction(one, isOpen) {
  const failed = one.conditions.filter((condition) => condition.holds === false).length;
  const kind = KINDS[one.verdict];
  const summary = h("summary", {},
    h("span", { class: `pill ${kind}` }, `${MARKS[one.verdict]} ${t(`verdict_${one.verdict.replace(" ", "_")}`)}`),
    h("code", {}, one.location),
    one.is_recording && h("span", { class: "pill" }, t("recording")),
    h("span", { class: "soft" }, [
      failed ? t("conditions_failed", { failed, count: one.conditions.length }) : "",
      one.used ? t("used", { count: one.used }) : "",
    ].filter(Boolean).join(" · ")));
  return h("details", { class: "interaction", open: isOpen },
    summary,
    one.conditions.length ? conditions(one.conditions) : h("p", { class: "soft" }, t("any_request")));
}

function conditions(list) {
  return h("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": t("conditions") },
    h("table", { class: "conditions" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "hidden" }, t("result"))), ...["condition", "expected", "actual"].map((name) => h("th", { scope: "col" }, t(name))))),
      h("tbody", {}, ...list.map((one) => h("tr", { class: one.holds === false ? "failed" : "" },
        h("td", { class: one.holds === false ? "bad" : "good" },
          h("span", { "aria-hidden": "true" }, one.holds === null ? "~" : one.holds ? "✓" : "✗"),
          h("span", { class: "hidden" }, t(one.holds === false ? "fails" : "holds"))),
        h("th", { scope: "row" }, one.key), h("td", {}, one.expected), h("td", {}, one.actual))))));
}
