// One Node client: takes jobs as lines of JSON, says what came of each as lines of JSON.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [name, folder] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const load = (module) => import(pathToFileURL(require.resolve(module)).href);
const is = (text) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
// The AI SDK leaves arguments that are no JSON as text, and parses all others.
const written = ({ input }) => (typeof input === "string" ? input : JSON.stringify(input));
const what = (text, calls) =>
  calls.length ? (calls.every(is) ? "call" : "broken call") : text.trim() ? "answer" : "nothing";

const known = [
  ...["stop", "length", "tool_calls", "content_filter", "function_call"],
  ...["end_turn", "max_tokens", "tool_use", "stop_sequence", "refusal", "pause_turn"],
];

async function openai() {
  const { default: OpenAI } = await load("openai");
  const ask = async ({ base, key, stream, tools }, messages) => {
    const client = new OpenAI({ baseURL: base, apiKey: key });
    const asked = { model: "glm-4.6", messages, tools, stream };
    const answer = await client.chat.completions.create(asked);
    const calls = {};
    const message = { role: "assistant", content: "" };
    let finish = "";
    const hear = (choice, said) => {
      finish = choice.finish_reason || finish;
      message.content += said.content || "";
      if (said.reasoning_content)
        message.reasoning_content = (message.reasoning_content || "") + said.reasoning_content;
      for (const { index, id, function: called } of said.tool_calls || []) {
        calls[index] ||= { id: "", type: "function", function: { name: "", arguments: "" } };
        calls[index].id ||= id || "";
        calls[index].function.name ||= called.name || "";
        calls[index].function.arguments += called.arguments || "";
      }
    };
    if (!stream) hear(answer.choices[0], answer.choices[0].message);
    else for await (const { choices } of answer) for (const one of choices) hear(one, one.delta);
    const made = Object.values(calls);
    const outcome = what(message.content, made.map((call) => call.function.arguments));
    const next = stream ? { ...message, tool_calls: made } : answer.choices[0].message;
    return { outcome, finish, made, next };
  };
  return async (job, messages) => {
    const turns = [];
    const history = [...messages];
    while (turns.length < job.turns) {
      const { made, next, ...turn } = await ask(job, history).catch(failed);
      turns.push(turn);
      if (turn.outcome !== "call") break;
      history.push(next);
      for (const { id, function: { name } } of made)
        history.push({ role: "tool", tool_call_id: id, content: job.results[name] || "ok" });
    }
    return turns;
  };
}

async function vercel() {
  const { generateText, streamText, tool, jsonSchema, stepCountIs } = await load("ai");
  const { createZhipu } = await load("zhipu-ai-provider");
  const told = ({ text, toolCalls, finishReason }) => ({
    outcome: what(text, toolCalls.map(written)),
    finish: finishReason,
  });
  return async (job, messages) => {
    const offered = job.tools.map(({ function: { name, description, parameters } }) => {
      const execute = job.turns > 1 ? async () => job.results[name] || "ok" : undefined;
      return [name, tool({ description, inputSchema: jsonSchema(parameters), execute })];
    });
    const model = createZhipu({ baseURL: job.base, apiKey: job.key })("glm-4.6");
    const tools = Object.fromEntries(offered);
    const turns = [];
    const onStepFinish = (step) => turns.push(told(step));
    const stopWhen = stepCountIs(job.turns);
    const asked = { model, messages, tools, stopWhen, onStepFinish, allowSystemInMessages: true };
    try {
      if (!job.stream) await generateText(asked);
      else
        for await (const part of streamText({ ...asked, onError: () => {} }).fullStream)
          if (part.type === "error") throw part.error;
    } catch (error) {
      turns.push(failed(error));
    }
    return turns;
  };
}

async function anthropic() {
  const { default: Anthropic } = await load("@anthropic-ai/sdk");
  const ask = async ({ base, key, stream, tools }, messages) => {
    const client = new Anthropic({ baseURL: base, apiKey: key });
    const system = messages.filter(({ role }) => role === "system").map(({ content }) => content);
    const asked = {
      model: "glm-4.6",
      max_tokens: 2000,
      thinking: { type: "enabled", budget_tokens: 1024 },
      messages: messages.filter(({ role }) => role !== "system"),
      tools: tools.map(({ function: { name, description, parameters } }) => ({
        name,
        description,
        input_schema: parameters,
      })),
      ...(system.length && { system: system.join("") }),
    };
    const { content, stop_reason: finish } = await (stream
      ? client.messages.stream(asked).finalMessage()
      : client.messages.create(asked));
    const made = content.filter(({ type }) => type === "tool_use");
    const text = content.map((block) => (block.type === "text" ? block.text : "")).join("");
    return { outcome: what(text, made.map(written)), finish: finish ?? "", made, content };
  };
  return async (job, messages) => {
    const turns = [];
    const history = [...messages];
    while (turns.length < job.turns) {
      const { made, content, ...turn } = await ask(job, history).catch(failed);
      turns.push(turn);
      if (turn.outcome !== "call") break;
      const results = made.map(({ id, name }) => ({
        type: "tool_result",
        tool_use_id: id,
        content: job.results[name] || "ok",
      }));
      history.push({ role: "assistant", content }, { role: "user", content: results });
    }
    return turns;
  };
}

function failed(error) {
  return { outcome: error?.constructor?.name ?? String(error), finish: "" };
}

const talk = await { openai, vercel, anthropic }[name]();

async function work(job) {
  const held = [];
  if (job.parallel) held.push(...(await Promise.all(job.conversations.map((m) => talk(job, m)))));
  else
    for (const messages of job.conversations)
      for (let count = 0; count < job.again; count++) {
        held.push(await talk(job, messages));
        const { outcome, finish } = held.at(-1).at(-1);
        const isOver = known.includes(finish?.replace("-", "_"));
        if (isOver || /Error$/.test(outcome)) break;
      }
  process.stdout.write(JSON.stringify({ id: job.id, conversations: held }) + "\n");
}

process.stdout.write('{"id":"ready","conversations":[]}\n');
for await (const line of createInterface({ input: process.stdin })) work(JSON.parse(line));
