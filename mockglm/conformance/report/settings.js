// The language and the colours of a report: of the browser first, then of the reader's choice.
const root = document.documentElement;
const texts = JSON.parse(document.getElementById("texts").textContent);
const read = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* a file may not */ } };
function speak(language) {
  const index = language === "zh" ? 1 : 0;
  root.lang = index ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-t]")) {
    const text = texts[element.dataset.t];
    if (text) element.textContent = text[index];
  }
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.placeholder = texts[element.dataset.placeholder][index];
    element.setAttribute("aria-label", element.placeholder);
  }
  document.getElementById("language").textContent = index ? "English" : "中文";
}
const preferred = (navigator.languages ?? [navigator.language]).find((one) => /^(en|zh)/.test(one)) ?? "en";
speak(read("mockglm-language") ?? preferred.slice(0, 2));
document.getElementById("language").addEventListener("click", () => {
  const language = root.lang === "en" ? "zh" : "en";
  keep("mockglm-language", language);
  speak(language);
});
const themes = ["auto", "light", "dark"];
function paint(theme) {
  root.dataset.theme = theme;
  document.getElementById("theme").textContent = { auto: "◐", light: "☀", dark: "☾" }[theme];
}
paint(themes.find((one) => one === read("mockglm-theme")) ?? "auto");
document.getElementById("theme").addEventListener("click", () => {
  const theme = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
  keep("mockglm-theme", theme);
  paint(theme);
});
