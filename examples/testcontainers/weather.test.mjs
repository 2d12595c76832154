// Tests against mockglm in a container, which `docker build -t mockglm .` has made:
//   npm install testcontainers && node --test
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { GenericContainer, Wait } from "testcontainers";

import { ask } from "../node/weather.mjs";

const port = 8600;
const key = "0123456789abcdef0123456789abcdef.mockglmmockglm00";
const token = "the-token-of-the-control-api";
const weather = fileURLToPath(new URL("../weather.yaml", import.meta.url));
/** @type {import("testcontainers").StartedTestContainer} */
let container;
let host = "";

// One container for all tests; each test has a session of its own.
before(async () => {
  container = await new GenericContainer("mockglm")
    .withCopyFilesToContainer([{ source: weather, target: "/work/weather.yaml" }])
    .withCommand(["serve", "weather.yaml", "--host", "0.0.0.0", "--port", `${port}`])
    .withEnvironment({ MOCKGLM_TOKEN: token })
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forHttp("/__mockglm__/ready", port))
    .start();
  host = `http://${container.getHost()}:${container.getMappedPort(port)}`;
});

after(() => container?.stop());

test("a busy service gets a second request", async () => {
  const base = `${host}/s/weather@busy/api/paas/v4`;
  assert.equal(await ask("天气?", { base, key }), "北京今天晴，二十五度。");
  const entries = await journal("weather@busy");
  assert.deepEqual(entries.map((entry) => entry.code || entry.finish), ["1305", "stop"]);
});

/** @param {string} session */
async function journal(session) {
  const query = new URLSearchParams({ session });
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${host}/__mockglm__/journal?${query}`, { headers });
  /** @type {{code: string, finish: string}[]} */
  const entries = await response.json();
  return entries;
}
