// The control API, the only thing that the page uses.

const BASE = new URL("./", location.href);

/** An error of the API, with its message. */
export class APIError extends Error {}

/** Call the API. Returns its JSON, or the text of another type. */
export async function call(method, path, { params = {}, body } = {}) {
  const url = address(path, params);
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const response = await fetch(url, {
    method, headers, body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.status === 403) {
    location.reload();
    throw new APIError("403");
  }
  const isJSON = (response.headers.get("content-type") ?? "").startsWith("application/json");
  const value = isJSON ? await response.json() : await response.text();
  if (!response.ok) throw new APIError(value.error ?? `${response.status}`);
  return value;
}

export const get = (path, params) => call("GET", path, { params });

/** The address of a path of the API. */
export function address(path, params = {}) {
  const url = new URL(path.replace(/^\//, ""), BASE);
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

/** A call as a curl command, so that it can be repeated in a script. */
export function curl(method, path, { params = {}, body } = {}) {
  const words = ["curl"];
  if (method !== "GET" && !(method === "POST" && body !== undefined)) words.push("-X", method);
  words.push(quote(address(path, params).href));
  if (body !== undefined) words.push("-d", quote(JSON.stringify(body)));
  return words.join(" ");
}

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
