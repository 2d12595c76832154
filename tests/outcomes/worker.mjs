// One Node client: takes jobs as lines of JSON, says what came of each as lines of JSON.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [name, folder] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const load = (module) => import(pathToFileURL(require.resolve(module)).href);
const question = "北京今天天气怎么样？";
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
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

async function openai() {
  const { default: OpenAI } = await load("openai");
  const description = "查询天气";
  const tools = [
    { type: "function", function: { name: "get_weather", description, parameters: schema } },
  ];
  const messages = [{ role: "user", content: question }];
  return async ({ base, key, stream }) => {
    const client = new OpenAI({ baseURL: base, apiKey: key });
    const asked = { model: "glm-4.6", messages, tools, stream };
    const answer = await client.chat.completions.create(asked);
    const calls = {};
    let text = "";
    let finish = "";
    const hear = (choice, said) => {
      finish = choice.finish_reason || finish;
      text += said.content || "";
      for (const call of said.tool_calls || [])
        calls[call.index] = (calls[call.index] || "") + (call.function.arguments || "");
    };
    if (!stream) hear(answer.choices[0], answer.choices[0].message);
    else for await (const { choices } of answer) for (const one of choices) hear(one, one.delta);
    return { outcome: what(text, Object.values(calls)), finish };
  };
}

async function vercel() {
  const { generateText, streamText, tool, jsonSchema } = await load("ai");
  const { createZhipu } = await load("zhipu-ai-provider");
  const weather = tool({ description: "查询天气", inputSchema: jsonSchema(schema) });
  return async ({ base, key, stream }) => {
    const model = createZhipu({ baseURL: base, apiKey: key })("glm-4.6");
    const asked = { model, prompt: question, tools: { get_weather: weather } };
    if (!stream) {
      const { text, toolCalls, finishReason } = await generateText(asked);
      return { outcome: what(text, toolCalls.map(written)), finish: finishReason };
    }
    let text = "";
    let finish = "";
    const calls = [];
    for await (const part of streamText({ ...asked, onError: () => {} }).fullStream) {
      if (part.type === "error") throw part.error;
      if (part.type === "text-delta") text += part.text;
      if (part.type === "tool-call") calls.push(written(part));
      if (part.type === "finish") finish = part.finishReason;
    }
    return { outcome: what(text, calls), finish };
  };
}

const ask = await { openai, vercel }[name]();

async function work(job) {
  let told;
  try {
    told = await ask(job);
  } catch (error) {
    told = { outcome: error?.constructor?.name ?? String(error), finish: "" };
  }
  process.stdout.write(JSON.stringify({ id: job.id, ...told }) + "\n");
}

for await (const line of createInterface({ input: process.stdin })) work(JSON.parse(line));
