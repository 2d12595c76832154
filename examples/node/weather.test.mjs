// node --test examples/node/
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { ask } from "./weather.mjs";

const key = "0123456789abcdef0123456789abcdef.mockglmmockglm00";
const weather = fileURLToPath(new URL("../weather.yaml", import.meta.url));
let server, host;

// One server for all tests. It prints its base URL when it is ready.
before(async () => {
  const options = ["serve", weather, "--port", "0", "--speed", "0", "--log", "none"];
  server = spawn(process.env.MOCKGLM ?? "mockglm", options, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(server.stdout.setEncoding("utf8"), "data");
  host = new URL(line.trim().split(" ").at(-1)).origin;
});

after(async () => {
  server.kill();
  await once(server, "exit");
});

// A session for each test: SCENARIO+FAULT@LABEL.
const base = (session) => `${host}/s/${session}/api/paas/v4`;

const journal = async (session) => {
  const response = await fetch(`${host}/__mockglm__/journal?session=${encodeURIComponent(session)}`);
  return response.json();
};

test("a busy service gets a second request", async () => {
  assert.equal(await ask("天气?", { base: base("weather@busy"), key }), "北京今天晴，二十五度。");
  const codes = (await journal("weather@busy")).map((entry) => entry.code || entry.finish);
  assert.deepEqual(codes, ["1305", "stop"]);
});

test("an empty account gets no second request", async () => {
  await assert.rejects(ask("天气?", { base: base("no-balance@empty"), key }), { code: "1113" });
  assert.equal((await journal("no-balance@empty")).length, 1);
});

test("a stream that ends early is an error", async () => {
  await assert.rejects(ask("你好", { base: base("hello+end.2-frames@early"), key }), { code: "cut" });
});

test("a connection that is reset is an error", async () => {
  await assert.rejects(ask("你好", { base: base("hello+reset.2-frames@reset"), key }), TypeError);
});

test("an error in the middle of a stream is an error", async () => {
  await assert.rejects(ask("你好", { base: base("hello+error.2-frames@middle"), key }), { code: "1234" });
});
