// The words of the page in its language, and numbers and times as people read them.

const words = JSON.parse(document.getElementById("words").textContent);
const language = document.documentElement.lang;

/** The text of a key, with `{name}` replaced by the values. */
export function t(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** True if there is a text of this key. */
export const has = (key) => key in words;

const integer = new Intl.NumberFormat(language);
const clock = new Intl.DateTimeFormat(language, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(language, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
  second: "2-digit", hourCycle: "h23",
});

export const count = (value) => integer.format(value);
export const time = (seconds) => clock.format(seconds * 1000);
export const date = (seconds) => day.format(seconds * 1000);

/** A duration: 8 ms, 0.31 s, 12.4 s. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.0005) return "0 ms";
  if (seconds < 0.1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  return seconds < 10 ? `${seconds.toFixed(2)} s` : `${seconds.toFixed(1)} s`;
}

/** A size: 812 B, 3.1 kB. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
