// An exchange as a chat: roles, reasoning folded, tool calls with pretty arguments, images.

import { h } from "./dom.js";
import { count, t } from "./words.js";

const LONG = 1600;
const IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;

/** The conversation and the reply of an exchange. */
export function drawConversation(exchange) {
  const chat = exchange.conversation;
  if (!chat) return h("div", { class: "chat" }, rawRequest(exchange), ...reply(exchange));
  const names = toolNames(chat.messages);
  return h("div", { class: "chat" },
    parameters(chat),
    ...chat.messages.map((one) => message(one, names)),
    ...reply(exchange),
  );
}

function rawRequest(exchange) {
  return bubble("other", `${exchange.method} ${exchange.path}`, [h("pre", {}, exchange.request.body || t("no_body"))]);
}

function parameters(chat) {
  const given = Object.entries(chat.parameters).map(([name, value]) =>
    h("span", { class: "parameter" }, `${name}: `, h("b", {}, typeof value === "object" ? JSON.stringify(value) : String(value))));
  const tools = chat.tools.length && h("span", { class: "parameter" }, `${t("tools")}: `, h("b", {}, chat.tools.join(", ")));
  return given.length || tools ? h("div", { class: "parameters" }, ...given, tools || null) : null;
}

/** The names of the functions by the ids of their calls. */
function toolNames(messages) {
  const names = new Map();
  for (const one of messages) for (const call of one.tool_calls ?? []) names.set(call.id, call.name);
  return names;
}

function message(one, names) {
  const role = ["system", "user", "assistant", "tool"].includes(one.role) ? one.role : "other";
  const name = role === "tool" ? `${t("role_tool")} ${names.get(one.tool_call_id) ?? one.name ?? ""}` : role === "other" ? one.role || t("role_other") : t(`role_${role}`);
  return bubble(role, name, [
    reasoning(one.reasoning),
    one.text && (role === "tool" ? pretty(one.text) : longText(one.text)),
    ...(one.parts ?? []).map(part),
    ...(one.tool_calls ?? []).map(toolCall),
  ]);
}

function bubble(role, name, contents, badge = null) {
  return h("article", { class: `message ${role}` },
    h("header", {}, h("span", { class: "role" }, name), badge),
    ...contents.filter(Boolean),
  );
}

function reply(exchange) {
  if (exchange.outcome === "open" && !exchange.reply) return [bubble("assistant", t("role_reply"), [h("p", { class: "soft" }, t("waiting"))])];
  const answer = exchange.reply;
  if (!answer) return [h("p", { class: "soft" }, t("no_response"))];
  if (answer.error) return [errorBubble(exchange, answer.error)];
  const isEmpty = !answer.content && !answer.reasoning && !answer.tool_calls.length;
  const badge = h("span", { class: "badges" },
    exchange.conversation && answer.is_complete === false && h("span", { class: "pill warn" }, exchange.outcome === "open" ? t("outcome_open") : t("incomplete")),
    answer.finish_reason && h("span", { class: "pill" }, answer.finish_reason));
  const contents = [
    reasoning(answer.reasoning),
    answer.content && longText(answer.content),
    ...answer.tool_calls.map(toolCall),
    ...(answer.web_search ?? []).map((found) => pretty(JSON.stringify(found))),
  ];
  if (isEmpty) contents.push(exchange.answer?.pieces.length
    ? h("pre", {}, exchange.answer.pieces.map(([, text]) => text).join("").slice(0, 20_000))
    : h("p", { class: "soft" }, t("nothing_said")));
  return [bubble("assistant reply", t("role_reply"), contents, badge), usage(answer.usage)];
}

function errorBubble(exchange, error) {
  return bubble("assistant reply failed", t("api_error"), [
    h("p", {}, h("b", {}, error.code), " ", h("span", { class: "said" }, error.message)),
  ], h("span", { class: "pill bad" }, exchange.status));
}

function reasoning(text) {
  if (!text) return null;
  return h("details", { class: "reasoning" },
    h("summary", {}, t("reasoning"), h("span", { class: "soft" }, ` ${t("characters", { count: count(text.length) })}`)),
    h("div", { class: "said" }, text));
}

function longText(text) {
  if (text.length <= LONG) return h("div", { class: "said" }, text);
  const body = h("div", { class: "said" }, `${text.slice(0, LONG)}…`);
  const more = h("button", {
    type: "button", class: "more",
    onclick: () => { body.textContent = text; more.remove(); },
  }, t("show_all", { count: count(text.length) }));
  return h("div", {}, body, more);
}

function toolCall(call) {
  return h("div", { class: "tool-call" },
    h("header", {}, h("span", { class: "function" }, call.name ?? t("tool_call")), call.id && h("code", { class: "soft" }, call.id)),
    pretty(typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments ?? "")));
}

/** JSON with indentation; other texts as they are. */
export function pretty(text) {
  let shown = text, isBroken = false;
  try {
    shown = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    isBroken = /^\s*[[{]/.test(text);
  }
  return h("div", {}, isBroken && h("span", { class: "pill bad" }, t("not_json")), h("pre", {}, shown));
}

function part(one) {
  // Only pictures inside of the request are shown: no page fetches what a client names.
  if (IMAGE.test(one.url)) return h("img", { class: "picture", src: one.url, alt: t("image") });
  return h("div", { class: "attachment" }, h("span", { class: "pill" }, one.type || t("part")), " ", h("code", {}, one.url.slice(0, 300)));
}

function usage(figures) {
  if (!figures) return null;
  const prompt = figures.prompt_tokens ?? 0, completion = figures.completion_tokens ?? 0;
  const cached = figures.prompt_tokens_details?.cached_tokens ?? 0;
  const reasoned = figures.completion_tokens_details?.reasoning_tokens ?? 0;
  const total = Math.max(1, prompt + completion);
  const segment = (name, value) => {
    if (value <= 0) return null;
    const bar = h("span", { class: `segment ${name}`, title: `${t(`usage_${name}`)}: ${count(value)}` });
    bar.style.flexGrow = String(value / total);
    return bar;
  };
  return h("div", { class: "usage" },
    h("div", { class: "usage-bar", "aria-hidden": "true" },
      segment("cached", cached), segment("prompt", prompt - cached),
      segment("reasoned", reasoned), segment("completion", completion - reasoned)),
    h("div", { class: "legend" },
      figure("prompt", t("usage_prompt"), prompt),
      cached ? figure("cached", t("usage_cached"), `${count(cached)} (${Math.round((cached / Math.max(1, prompt)) * 100)} %)`) : null,
      figure("completion", t("usage_completion"), completion),
      reasoned ? figure("reasoned", t("usage_reasoned"), reasoned) : null));
}

const figure = (kind, name, value) =>
  h("span", {}, h("i", { class: `dot ${kind}`, "aria-hidden": "true" }), `${name} `, h("b", {}, typeof value === "number" ? count(value) : value));
