// A request as code, to be copied: curl, the SDKs, and the exchange as a scenario.

import { get } from "./api.js";
import { copy, h } from "./dom.js";
import { t } from "./words.js";

/** The code of an exchange in all languages. */
export async function drawCode(exchange) {
  const { ordinal, session } = exchange;
  const code = await get(`journal/${ordinal}/code`, { session });
  return h("div", { class: "raw code" },
    h("p", { class: "soft" }, t("code_about")),
    ...Object.entries(code).map(([name, text]) => h("section", {},
      h("header", {}, h("h3", {}, t(`code_${name}`)),
        h("button", { type: "button", onclick: () => copy(text, t("copied")) }, t("copy"))),
      h("pre", { "data-code": name, tabindex: "0" }, text))));
}
