const chosen = new Set();
const words = document.getElementById("text"), category = document.getElementById("category");
function show() {
  const wanted = words.value.toLowerCase();
  for (const section of document.querySelectorAll("section")) {
    let any = false;
    for (const check of section.querySelectorAll(".check")) {
      const fits = (!chosen.size || chosen.has(check.dataset.verdict))
        && (!category.value || category.value === check.dataset.category)
        && check.querySelector("summary").textContent.toLowerCase().includes(wanted);
      check.hidden = !fits;
      any = any || fits;
    }
    section.hidden = !any;
  }
}
for (const button of document.querySelectorAll("button[data-verdict]")) {
  button.addEventListener("click", () => {
    const verdict = button.dataset.verdict;
    const on = !chosen.delete(verdict);
    if (on) chosen.add(verdict);
    button.setAttribute("aria-pressed", String(on));
    show();
  });
}
words.addEventListener("input", show);
category.addEventListener("change", show);
for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", () => {
    const text = button.parentElement.querySelector("pre");
    getSelection().selectAllChildren(text);
    navigator.clipboard?.writeText(text.textContent).catch(() => document.execCommand("copy"));
  });
}
function unfold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) { target.open = true; target.scrollIntoView(); }
}
addEventListener("hashchange", unfold);
unfold();
