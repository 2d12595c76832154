// The client under test. It streams a response, and retries when the service is busy.
import { setTimeout as sleep } from "node:timers/promises";

const WAITING_HELPS = new Set(["1302", "1305"]);

export class GLMError extends Error {
  constructor({ code, message }) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

export async function ask(text, { base, key, attempts = 3, wait = 200 }) {
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(`${base}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({
        model: "glm-4.6",
        stream: true,
        messages: [{ role: "user", content: text }],
      }),
    });
    if (response.ok) return read(response.body);
    const { error } = await response.json();
    if (!WAITING_HELPS.has(error.code) || attempt === attempts) throw new GLMError(error);
    await sleep(wait * 2 ** attempt);
  }
}

async function read(body) {
  let content = "";
  let finish = null;
  for await (const data of events(body)) {
    if (data === "[DONE]") break;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new GLMError(chunk.error);
    content += chunk.choices[0].delta.content ?? "";
    finish = chunk.choices[0].finish_reason ?? finish;
  }
  // Without a finish_reason the stream was cut off, and its text is incomplete.
  if (finish !== "stop") throw new GLMError({ code: finish ?? "cut", message: content });
  return content;
}

async function* events(body) {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      if (block.startsWith("data: ")) yield block.slice("data: ".length);
    }
  }
}
