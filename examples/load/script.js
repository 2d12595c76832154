// Load by k6: k6 run --env BASE=http://127.0.0.1:4000/v1 examples/load/script.js
import http from "k6/http";
import { check } from "k6";
import { Counter } from "k6/metrics";

const base = __ENV.BASE || "http://127.0.0.1:8600/api/paas/v4";
const key = __ENV.GLM_API_KEY || "any-key";
const codes = new Counter("glm_codes");

export const options = {
  scenarios: {
    chats: {
      executor: "ramping-vus",
      startVUs: 1,
      stages: [
        { duration: "30s", target: 50 },
        { duration: "1m", target: 50 },
        { duration: "10s", target: 0 },
      ],
    },
  },
  thresholds: { checks: ["rate>0.9"] },
};

export default function () {
  const body = {
    model: "glm-4.6",
    stream: true,
    messages: [{ role: "user", content: "what is the weather like?" }],
  };
  const answer = http.post(`${base}/chat/completions`, JSON.stringify(body), {
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
  });
  const whole = check(answer, {
    "status is 200": (one) => one.status === 200,
    "the stream is whole": (one) => one.body && one.body.trim().endsWith("data: [DONE]"),
  });
  if (!whole && answer.status !== 200) {
    codes.add(1, { code: String((answer.json("error") || {}).code) });
  }
}
