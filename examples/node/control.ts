// A typed client of the control API. The types are generated from a running server:
//   npx openapi-typescript http://127.0.0.1:8600/__mockglm__/openapi.json -o control-types.d.ts
// Compile with `npx tsc --strict --target es2022 --module nodenext control.ts`.
import createClient from "openapi-fetch";
import type { paths } from "./control-types.js";

/** Queue a reply for the next request of a session, then wait for its exchange. */
export async function answerOnce(origin: string, session: string, content: string) {
  const client = createClient<paths>({ baseUrl: origin });
  const query = { session };
  const queued = await client.POST("/__mockglm__/replies", {
    params: { query },
    body: { content },
  });
  if (queued.error) throw new Error(queued.error.error);
  return async () => {
    const { data } = await client.GET("/__mockglm__/journal", {
      params: { query: { session, outcome: "done", wait: 10 } },
    });
    return data?.at(-1)?.finish;
  };
}
