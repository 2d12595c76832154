// Acting on the server: queue a reply, add a rule, lay a fault, move the clock, explain a body,
// reset, save, replay. Each action shows the call of the control API that it makes.

import { call, curl, get } from "./api.js";
import { $, copy, download, h, notify } from "./dom.js";
import { drawExplanation } from "./why.js";
import { clear, facets, filters, find, selected } from "./store.js";
import { t } from "./words.js";

const dialog = h("dialog", { class: "drawer", "aria-labelledby": "drawer-title" });
document.body.append(dialog);
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

let catalogue = null;

async function openDrawer(title, ...contents) {
  dialog.replaceChildren(
    h("header", {}, h("h2", { id: "drawer-title" }, title),
      h("button", { type: "button", class: "quiet", "aria-label": t("close"), onclick: () => dialog.close() }, "✕")),
    h("div", { class: "drawer-body" }, ...contents));
  if (!dialog.open) dialog.showModal();
}

/** A form of fields that makes a call, and shows it before and after it is made. */
function action(name, fields, makeCall, { danger = false, after } = {}) {
  const preview = h("pre", { class: "call" });
  const result = h("div", { class: "result", role: "status" });
  const made = () => makeCall(values(fields));
  const refresh = () => {
    try {
      const { method, path, ...rest } = made();
      preview.textContent = curl(method, path, rest);
      preview.classList.remove("bad");
    } catch (error) {
      preview.textContent = error.message;
      preview.classList.add("bad");
    }
  };
  const form = h("form", {
    class: "action", oninput: refresh, onchange: refresh,
    onsubmit: async (event) => {
      event.preventDefault();
      try {
        const { method, path, ...rest } = made();
        const value = await call(method, path, rest);
        result.className = "result good";
        result.textContent = typeof value === "string" ? value : JSON.stringify(value);
        await after?.(value);
      } catch (error) {
        result.className = "result bad";
        result.textContent = error.message;
      }
    },
  },
    ...fields.map((field) => field.element),
    h("div", { class: "call-box" }, preview,
      h("button", { type: "button", class: "quiet", onclick: () => copy(preview.textContent, t("copied")) }, t("copy"))),
    h("div", { class: "actions" }, h("button", { class: danger ? "danger" : "primary" }, t(`do_${name}`))),
    result);
  refresh();
  return h("details", { class: "action-box", name: "action", "data-action": name },
    h("summary", {}, t(`action_${name}`), h("small", { class: "soft" }, t(`about_${name}`))), form);
}

function values(fields) {
  return Object.fromEntries(fields.map((field) => [field.name, field.read()]));
}

let ids = 0;

function field(name, control, read = () => control.value) {
  const id = `field-${++ids}`;
  control.id = id;
  control.dataset.field = name;
  return { name, read, element: h("div", { class: "field" }, h("label", { for: id }, t(`field_${name}`)), control) };
}

const text = (name, value = "", more = {}) => {
  const control = h("input", { type: "text", autocomplete: "off", spellcheck: "false", ...more });
  control.value = value;
  return field(name, control);
};

const area = (name, value = "", rows = 3) => {
  const control = h("textarea", { rows, spellcheck: "false" });
  control.value = value;
  return field(name, control);
};

const choice = (name, options, value = "") => {
  const control = h("select", {}, ...options.map(([key, label]) => h("option", { value: key }, label)));
  control.value = value;
  return field(name, control);
};

function sessionField() {
  const names = new Set(["", ...facets().sessions]);
  const list = h("datalist", { id: `sessions-${++ids}` }, ...[...names].filter(Boolean).map((value) => h("option", { value })));
  const one = text("session", filters.session === "*" ? "" : filters.session, { list: list.id, placeholder: t("default_session") });
  one.element.append(list);
  return one;
}

const parameters = (given) => (given.session ? { session: given.session } : {});

function parseArguments(written) {
  if (!written.trim()) return {};
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
}

function replyOf(given) {
  if (given.error) return { error: Number.isNaN(Number(given.error)) ? given.error : Number(given.error) };
  const reply = {};
  if (given.reasoning) reply.reasoning = given.reasoning;
  if (given.content || !given.tool) reply.content = given.content;
  if (given.tool) reply.tool_calls = [{ name: given.tool, arguments: parseArguments(given.arguments) }];
  return reply;
}

function replyFields() {
  return [
    area("content", "", 2), area("reasoning", "", 1), text("tool"), text("arguments", "", { placeholder: '{"city": "Beijing"}' }),
    choice("error", [["", "–"], ...catalogue.errors.map((one) => [one.code, `${one.code} · ${one.status} · ${one.about}`])]),
  ];
}

/** Open the panel of actions. */
export async function openActions(preset = {}) {
  try {
    catalogue ??= await get("catalogue");
  } catch (error) {
    notify(error.message, "bad");
    return;
  }
  const scenarios = await get("scenarios").catch(() => []);
  await openDrawer(t("act"),
    action("reply", [sessionField(), ...replyFields()],
      (given) => ({ method: "POST", path: "replies", params: parameters(given), body: replyOf(given) })),
    action("rule", [sessionField(), text("when_user", preset.user ?? ""), text("when_model"), ...replyFields()],
      (given) => {
        const when = {};
        if (given.when_user) when.user = given.when_user;
        if (given.when_model) when.model = given.when_model;
        return { method: "POST", path: "interactions", params: parameters(given), body: { when, reply: replyOf(given) } };
      }),
    action("fault", faultFields(),
      (given) => {
        const body = { do: given.fault };
        if (given.position) body.at = given.position;
        Object.assign(body, readOptions(given.options));
        return { method: "POST", path: "faults", params: { ...parameters(given), ...(given.times === "1" ? {} : { times: given.times }) }, body };
      }),
    scenarioAction(scenarios),
    action("clock", [sessionField(), choice("advance", [["60", t("one_minute")], ["3600", t("one_hour")], ["18000", t("five_hours")], ["86400", t("one_day")], ["604800", t("one_week")]], "3600")],
      (given) => ({ method: "POST", path: "clock", params: parameters(given), body: { advance: Number(given.advance) } })),
    action("clear", [sessionField(), choice("part", [["replies", t("part_replies")], ["interactions", t("part_rules")], ["faults", t("part_faults")], ["clock", t("part_clock")], ["journal", t("part_journal")]], "replies")],
      (given) => ({ method: "DELETE", path: given.part, params: parameters(given) }), { danger: true, after: reload }),
    action("reset", [choice("which", [["", t("every_session")], ...["", ...facets().sessions].filter((one, index, list) => list.indexOf(one) === index).map((one) => [`=${one}`, one || t("default_session")])])],
      (given) => ({ method: "POST", path: "reset", params: given.which ? { session: given.which.slice(1) } : {} }), { danger: true, after: reload }));
}

function faultFields() {
  const kinds = [...new Set(catalogue.faults.map((one) => one.kind))];
  const select = h("select", {}, ...kinds.map((kind) => h("optgroup", { label: kind },
    ...catalogue.faults.filter((one) => one.kind === kind).map((one) => h("option", { value: one.name }, `${one.name} — ${one.about}`)))));
  select.value = "reset";
  const fault = field("fault", select);
  const about = h("p", { class: "soft" });
  const describe = () => {
    const one = catalogue.faults.find((candidate) => candidate.name === select.value);
    const options = Object.entries(one.options).map(([name, text]) => `${name}: ${text}`);
    about.textContent = [one.about, one.positions.length ? t("positions", { list: one.positions.join(", ") }) : t("no_position"), ...options].join(" · ");
  };
  select.addEventListener("change", describe);
  describe();
  fault.element.append(about);
  return [sessionField(), fault, text("position", "", { placeholder: "3 frames" }), text("options", "", { placeholder: "for: 2s" }),
    choice("times", [["1", t("next_response")], ["3", t("next_three")], ["all", t("all_responses")]], "1")];
}

/** Options written as `name: value, name: value`. */
function readOptions(written) {
  const found = {};
  for (const part of written.split(",")) {
    const [name, ...rest] = part.split(":");
    const value = rest.join(":").trim();
    if (name.trim() && value) found[name.trim()] = Number.isNaN(Number(value)) ? value : Number(value);
  }
  return found;
}

function scenarioAction(scenarios) {
  const options = scenarios.map((one) => [one.name, `${one.name} — ${one.about}`]);
  return action("scenario", [sessionField(), choice("scenario", options, scenarios[0]?.name)],
    (given) => ({ method: "POST", path: "interactions", params: { ...parameters(given), scenario: given.scenario }, body: [] }));
}

let reload = () => {};

/** Set the function that loads the journal again. */
export function onReset(load) {
  reload = async () => {
    clear();
    await load();
  };
}

/** Open the panel that explains a body pasted by hand. */
export async function openExplain(preset = "") {
  const example = JSON.stringify({ model: "glm-4.6", messages: [{ role: "user", content: "…" }] }, null, 2);
  const session = sessionField(), body = area("body", preset || example, 12);
  const path = choice("path", [["/chat/completions", "/chat/completions"], ["/v1/messages", "/v1/messages (anthropic)"]], "/chat/completions");
  const found = h("div", { class: "found" });
  const made = () => ({ params: parameters({ session: session.read() }), body: { path: path.read(), body: body.read() } });
  const preview = h("pre", { class: "call" });
  const refresh = () => { preview.textContent = curl("POST", "explain", made()); };
  const form = h("form", {
    class: "action", oninput: refresh,
    onsubmit: async (event) => {
      event.preventDefault();
      try {
        found.replaceChildren(drawExplanation(await call("POST", "explain", made())));
      } catch (error) {
        found.replaceChildren(h("p", { class: "bad" }, error.message));
      }
    },
  }, session.element, path.element, body.element, h("div", { class: "call-box" }, preview),
    h("div", { class: "actions" }, h("button", { class: "primary" }, t("do_explain"))), found);
  refresh();
  await openDrawer(t("explain_body"), h("p", { class: "soft" }, t("about_explain")), form);
}

/** Save exchanges as a file: download it, and write it into the server's folder where it may. */
export async function save(form, entries) {
  const body = { as: form, entries: entries.map(({ session, ordinal }) => ({ session, ordinal })) };
  try {
    const [written, more] = await Promise.all([call("POST", "files", { body }), get("catalogue")]);
    const name = `${form}-${entries[0].session.replace(/[^a-z0-9.-]+/g, "-").replace(/^-+/, "") || "mockglm"}-${entries[0].ordinal}.yaml`;
    const preview = h("pre", { class: "call" });
    const title = text("name", name);
    const writing = () => ({ body: { ...body, write: title.read() } });
    const show = () => { preview.textContent = curl("POST", "files", more.folder ? writing() : { body }); };
    title.element.addEventListener("input", show);
    show();
    const result = h("div", { class: "result", role: "status" });
    await openDrawer(t(`save_${form}`),
      h("p", { class: "soft" }, t(`about_save_${form}`)),
      h("pre", { "data-file": form, tabindex: "0" }, written),
      title.element,
      h("div", { class: "call-box" }, preview, h("button", { type: "button", class: "quiet", onclick: () => copy(preview.textContent, t("copied")) }, t("copy"))),
      h("div", { class: "actions" },
        h("button", { type: "button", class: "primary", id: "download", onclick: () => download(title.read(), written) }, t("download")),
        h("button", { type: "button", onclick: () => copy(written, t("copied")) }, t("copy")),
        more.folder && h("button", {
          type: "button", onclick: async () => {
            try {
              const done = await call("POST", "files", writing());
              result.className = "result good";
              result.textContent = t("written", { path: done.written });
            } catch (error) {
              result.className = "result bad";
              result.textContent = error.message;
            }
          },
        }, t("write_to", { folder: more.folder }))),
      result);
  } catch (error) {
    notify(error.message, "bad");
  }
}

/** The buttons of one exchange. */
export function exchangeActions(open) {
  return (exchange) => {
    const { session, ordinal } = exchange;
    const replay = async () => {
      try {
        const made = await call("POST", `journal/${ordinal}/replay`, { params: { session } });
        notify(t("replayed", { ordinal: made.ordinal }));
        open(`${made.session}#${made.ordinal}`);
      } catch (error) {
        notify(error.message, "bad");
      }
    };
    const button = (name, onclick, more = {}) => h("button", { type: "button", onclick, ...more }, t(name));
    return [
      button("replay", replay, { title: curl("POST", `journal/${ordinal}/replay`, { params: { session } }) }),
      exchange.conversation && button("save_scenario", () => save("scenario", [exchange])),
      button("save_cassette", () => save("cassette", [exchange])),
      exchange.conversation && button("explain_this", () => openExplain(exchange.request.body)),
      exchange.conversation && button("rule_from", () => openActions({ user: exchange.prompt }).then(() => { dialog.querySelector("[data-action=rule]").open = true; })),
    ].filter(Boolean);
  };
}

/** Begin: the buttons in the bar and below the list. */
export function begin() {
  $("open-act").addEventListener("click", () => openActions());
  $("open-explain").addEventListener("click", () => openExplain());
  const chosen = () => [...selected].map(find).filter(Boolean).sort((a, b) => a.serial - b.serial);
  for (const form of ["scenario", "cassette"]) {
    $(`save-${form}`).addEventListener("click", () => save(form, chosen()));
  }
  const update = () => {
    $("selection").hidden = !selected.size;
    $("selected").textContent = t("selected", { count: selected.size });
  };
  $("list").addEventListener("selection", update);
  $("deselect").addEventListener("click", () => {
    selected.clear();
    $("list").dispatchEvent(new Event("selection"));
    $("list").dispatchEvent(new Event("scroll"));
    $("list").focus();
  });
}

