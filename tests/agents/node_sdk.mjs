// The official Node SDK on the Anthropic surface: each of its uses once, then a small agent of its
// own that does the task with three tools. Says what failed and ends with 1, or prints the answer.
import { execSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import assert from "node:assert/strict";

const [bin, url, prompt] = process.argv.slice(2);
const require = createRequire(`${bin}/../package.json`);
const { default: Anthropic } = await import(pathToFileURL(require.resolve("@anthropic-ai/sdk")).href);

const origin = new URL(url).origin;
const connect = (scenario, options = {}) =>
  new Anthropic({
    baseURL: scenario ? `${origin}/s/${scenario}@node/api/anthropic` : url,
    apiKey: "k",
    maxRetries: 0,
    ...options,
  });
const asked = (content, more = {}) => ({
  model: "glm-4.6",
  max_tokens: 500,
  messages: [{ role: "user", content }],
  ...more,
});
const text = (message) =>
  message.content.map((block) => (block.type === "text" ? block.text : "")).join("");

const uses = {
  async "a message as JSON"() {
    const message = await connect("hello").messages.create(asked("hi"));
    assert.equal(text(message), "Hello! How can I help you today?");
    assert.equal(message.stop_reason, "end_turn");
  },
  async "a message as a stream"() {
    const message = await connect("hello").messages.stream(asked("hi")).finalMessage();
    assert.equal(text(message), "Hello! How can I help you today?");
    assert.ok(message.usage.output_tokens > 0);
  },
  async "a thought"() {
    const thinking = { type: "enabled", budget_tokens: 1024 };
    const stream = connect("thinking").messages.stream(asked("9.9?", { thinking }));
    const [thought, said] = (await stream.finalMessage()).content;
    assert.deepEqual([thought.type, said.type], ["thinking", "text"]);
    assert.match(thought.signature, /^[0-9a-f]{24}$/);
  },
  async "an image"() {
    const source = { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" };
    const message = await connect("").messages.create(asked([{ type: "image", source }]));
    assert.equal(message.type, "message");
  },
  async "errors by their class"() {
    const classes = {
      "rate-limit": [Anthropic.RateLimitError, 429],
      overload: [Anthropic.InternalServerError, 529],
      "error-request": [Anthropic.BadRequestError, 400],
      "error-auth-wrong": [Anthropic.AuthenticationError, 401],
      "error-permission": [Anthropic.PermissionDeniedError, 403],
    };
    for (const [scenario, [kind, status]] of Object.entries(classes)) {
      const error = await connect(scenario).messages.create(asked("hi")).catch((one) => one);
      assert.ok(error instanceof kind, `${scenario}: ${error}`);
      assert.equal(error.status, status);
    }
  },
  async "retries on 529 and 1302"() {
    for (const scenario of ["overload", "rate-limit"]) {
      const client = connect(scenario, { maxRetries: 3 });
      assert.ok(text(await client.messages.create(asked("again"))), scenario);
    }
  },
  async "tokens and models"() {
    const { messages } = asked("hi");
    const counted = await connect("").messages.countTokens({ model: "glm-4.6", messages });
    assert.ok(counted.input_tokens > 0);
    const ids = [];
    for await (const model of connect("").models.list()) ids.push(model.id);
    assert.ok(ids.includes("glm-4.6"));
  },
};

const path = { type: "object", properties: { path: { type: "string" } }, required: ["path"] };
const content = { ...path.properties, content: { type: "string" } };
const tools = {
  read_file: { schema: path, run: (input) => readFileSync(input.path, "utf-8") },
  write_file: {
    schema: { type: "object", properties: content, required: ["path", "content"] },
    run: (input) => (writeFileSync(input.path, input.content), "written"),
  },
  bash: {
    schema: { type: "object", properties: { command: { type: "string" } }, required: ["command"] },
    run: (input) => execSync(input.command, { encoding: "utf-8" }),
  },
};

async function agent() {
  const client = connect("", { maxRetries: 4 });
  const offered = Object.entries(tools).map(([name, { schema }]) => ({
    name,
    description: name.replace("_", " "),
    input_schema: schema,
  }));
  const messages = [{ role: "user", content: prompt }];
  for (let turn = 0; turn < 12; turn += 1) {
    const body = { model: "glm-4.6", max_tokens: 2000, tools: offered, messages };
    const message = await client.messages.stream(body).finalMessage();
    const calls = message.content.filter((block) => block.type === "tool_use");
    if (!calls.length) return text(message);
    messages.push({ role: "assistant", content: message.content });
    const results = calls.map(({ id, name, input }) => {
      try {
        return { type: "tool_result", tool_use_id: id, content: String(tools[name].run(input)) };
      } catch (error) {
        const said = String(error);
        return { type: "tool_result", tool_use_id: id, content: said, is_error: true };
      }
    });
    messages.push({ role: "user", content: results });
  }
  return "[no end after 12 turns]";
}

const answer = await agent();
for (const [name, use] of Object.entries(uses)) {
  try {
    await use();
  } catch (error) {
    console.log(`the SDK failed at ${name}: ${error.stack}`);
    process.exitCode = 1;
  }
}
console.log(process.exitCode ? "" : answer);
