// Opens a report as a reader does and prints, as JSON, what the reader sees and what is fetched.
// Arguments: a folder with playwright-core, a Chromium, the report, a folder for pictures.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, executablePath, file, pictures] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const quiet = ["gpu", "quic", "background-networking", "component-update", "sync"];
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--no-first-run", ...quiet.map((what) => `--disable-${what}`)],
});
const page = await browser.newPage({ viewport: { width: 1200, height: 1000 } });
const asked = [], failed = [];
page.on("request", (request) => asked.push(request.url()));
page.on("pageerror", (error) => failed.push(String(error)));
page.on("console", (line) => line.type() === "error" && failed.push(line.text()));

const shown = () => page.$$eval(".check:not([hidden])", (all) =>
  all.filter((one) => one.checkVisibility()).map((one) => one.id));
const press = (verdict) => page.click(`button[data-verdict="${verdict}"]`);
const colour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const seen = {};

await page.goto(pathToFileURL(file).href);
seen.all = await shown();
await press("fail");
seen.fail = await shown();
await press("warn");
seen.failOrWarn = await shown();
await page.screenshot({ path: `${pictures}/failures.png` });
await press("fail");
await press("warn");
await page.selectOption("#category", "usage");
seen.usage = await shown();
await page.selectOption("#category", "");
await page.fill("#text", "bare");
seen.bare = await shown();
await page.fill("#text", "");
seen.again = await shown();

seen.open = await page.$$eval(".check[open]", (all) => all.map((one) => one.id));
seen.folded = await page.isVisible("#SSE-06 .detail");
await page.click("#SSE-06 summary");
seen.unfolded = await page.isVisible("#SSE-06 .detail");
seen.before = await page.isVisible("#x-echo > div");
await page.click('#SSE-05 .finding a[href="#x-stream"]');
// The page unfolds it when it hears that the address has changed, which is a little later.
const unfolded = page.waitForSelector("#x-stream svg", { state: "visible", timeout: 10_000 });
seen.stream = await unfolded.then(() => true, () => false);
seen.ticks = await page.$$eval("#x-stream svg .tick", (all) => all.length);
await page.screenshot({ path: `${pictures}/exchange.png` });
await page.click("#x-bad-model summary");
seen.chinese = await page.innerText("#x-bad-model .pieces");
seen.width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
seen.light = await colour();
await page.emulateMedia({ colorScheme: "dark" });
seen.dark = await colour();
await page.screenshot({ path: `${pictures}/dark.png` });
await browser.close();
console.log(JSON.stringify({ ...seen, asked, failed }));
