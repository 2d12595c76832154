// The bytes of an exchange: request, head of the response, and frames with their times.

import { copy, h } from "./dom.js";
import { count, duration, size, t } from "./words.js";

const MAX_SHOWN = 400;
const MAX_TEXT = 200_000;

/** Request and response as they went over the wire, redacted. */
export function drawRaw(exchange) {
  return h("div", { class: "raw" },
    part(t("request"), requestText(exchange)),
    ...response(exchange));
}

function requestText(exchange) {
  const { query, headers, body } = exchange.request;
  const lines = [`${exchange.method} ${exchange.base}${exchange.path}${query ? `?${query}` : ""}`,
    ...headers.map(([name, value]) => `${name}: ${value}`)];
  return `${lines.join("\n")}\n\n${body}`;
}

function part(title, text) {
  return h("section", {},
    h("header", {}, h("h3", {}, title), copyButton(() => text)),
    h("pre", { tabindex: "0" }, text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text));
}

const copyButton = (text) =>
  h("button", { type: "button", onclick: () => copy(text(), t("copied")) }, t("copy"));

function response(exchange) {
  const answer = exchange.answer;
  if (!answer) return [h("p", { class: "soft" }, t("no_response"))];
  const head = [`HTTP/1.1 ${exchange.status}`, ...answer.headers.map(([name, value]) => `${name}: ${value}`)].join("\n");
  const pieces = answer.pieces.slice(0, exchange.timeline.sent);
  const whole = pieces.map(([, text]) => text).join("");
  return [
    part(t("response_head"), head),
    h("section", {},
      h("header", {},
        h("h3", {}, t("pieces", { count: count(pieces.length), size: size(whole.length) })),
        copyButton(() => whole)),
      piecesTable(pieces),
      exchange.timeline.sent < answer.pieces.length && h("p", { class: "bad" }, t("not_sent", { count: count(answer.pieces.length - exchange.timeline.sent) })),
      answer.end !== "done" && h("p", { class: "bad" }, t(`end_${answer.end}`))),
  ];
}

function piecesTable(pieces) {
  const rows = pieces.slice(0, MAX_SHOWN).map(pieceRow);
  const body = h("div", { class: "pieces", role: "group", "aria-label": t("frames_title"), tabindex: "0" }, ...rows);
  if (pieces.length > MAX_SHOWN) {
    const more = h("button", {
      type: "button", class: "more",
      onclick: () => { more.replaceWith(...pieces.slice(MAX_SHOWN).map((piece, index) => pieceRow(piece, index + MAX_SHOWN, pieces))); },
    }, t("show_all", { count: count(pieces.length) }));
    body.append(more);
  }
  return body;
}

function pieceRow([at, text], index, pieces) {
  const before = index ? pieces[index - 1][0] : 0;
  return h("div", { class: "piece" },
    h("time", {}, duration(at)),
    h("span", { class: "step" }, at - before > 0.0005 ? `+${duration(at - before)}` : ""),
    h("code", {}, text));
}
