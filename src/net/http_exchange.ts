/**
 * Between the HTTP of the runtime's server and the web's `Request` and `Response`, in which the rest
 * of the program thinks.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { concat } from "../base/bytes.ts";

/** What {@link toRequest} must know. */
export interface RequestOptions {
  /** Whether the connection is encrypted, which makes the URL `https:`. */
  readonly secure: boolean;
  /** The longest body that is read, in bytes. */
  readonly maxBodyBytes: number;
}

/**
 * The request as a web `Request`, its body read whole; or the response that refuses it: 400 for a
 * target or method that is none, 413 for a body beyond the limit.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { once } from "node:events";
 * import { equal } from "node:assert/strict";
 * import { toRequest, writeResponse } from "./http_exchange.ts";
 *
 * const server = createServer(async (incoming, outgoing) => {
 *   const request = await toRequest(incoming, { secure: false, maxBodyBytes: 1024 });
 *   const response = request instanceof Response ? request : new Response(await request.text());
 *   await writeResponse(outgoing, response);
 * });
 * server.listen(0, "127.0.0.1");
 * await once(server, "listening");
 * const { port } = server.address() as { port: number };
 * const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "echo" });
 * equal(await response.text(), "echo");
 * server.close();
 * server.closeAllConnections();
 * ```
 */
export async function toRequest(
  incoming: IncomingMessage,
  options: RequestOptions,
): Promise<Request | Response> {
  const { method = "GET" } = incoming;
  const url = requestUrl(incoming, options.secure);
  if (url === undefined) return plain(400, "malformed request target");
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody ? await readBody(incoming, options.maxBodyBytes) : null;
  if (body === undefined) {
    return plain(413, `the body is longer than ${options.maxBodyBytes} bytes`);
  }
  try {
    return new Request(url, { method, headers: toHeaders(incoming), body });
  } catch {
    // CONNECT, TRACE and TRACK are no methods of a web request.
    return plain(400, `the method ${method} is not served`);
  }
}

/**
 * Sends a web `Response`. Its body is read whole first. To HEAD it sends the head that GET would have
 * had, and no body.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { once } from "node:events";
 * import { equal } from "node:assert/strict";
 * import { writeResponse } from "./http_exchange.ts";
 *
 * const server = createServer((_, outgoing) => writeResponse(outgoing, new Response("hello")));
 * server.listen(0, "127.0.0.1");
 * await once(server, "listening");
 * const { port } = server.address() as { port: number };
 * const response = await fetch(`http://127.0.0.1:${port}/`, { method: "HEAD" });
 * equal(response.headers.get("content-length"), "5");
 * await response.body?.cancel();
 * server.close();
 * server.closeAllConnections();
 * ```
 */
export async function writeResponse(outgoing: ServerResponse, response: Response): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  outgoing.statusCode = response.status;
  if (response.statusText !== "") outgoing.statusMessage = response.statusText;
  for (const [name, value] of response.headers) {
    // Cookies are the one header whose repetitions must not be joined.
    if (name === "set-cookie") outgoing.appendHeader(name, value);
    else outgoing.setHeader(name, value);
  }
  const bodiless = response.status === 204 || response.status === 304;
  if (!bodiless && !response.headers.has("content-length")) {
    outgoing.setHeader("content-length", body.length);
  }
  if (bodiless || outgoing.req.method === "HEAD") outgoing.end();
  else outgoing.end(body);
}

/**
 * The request's headers as they came, repeated ones joined by commas. A header that the web's type
 * does not take, such as one with a control character, is left out.
 *
 * @example
 * ```ts
 * import { toHeaders } from "./http_exchange.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(toHeaders({ rawHeaders: ["Accept", "a", "accept", "b"] }).get("accept"), "a, b");
 * ```
 */
export function toHeaders({ rawHeaders }: { readonly rawHeaders: readonly string[] }): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    try {
      headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
    } catch {
      continue;
    }
  }
  return headers;
}

/** The absolute URL that was asked for; a request without a usable Host is one to `localhost`. */
function requestUrl({ url = "/", headers }: IncomingMessage, secure: boolean): string | undefined {
  const origin = `${secure ? "https" : "http"}://${headers.host ?? "localhost"}`;
  // RFC 9112 §3.2: the target is a path, a whole URL (to a proxy), or `*` (of OPTIONS).
  const target = url.startsWith("/") ? `${origin}${url}` : url === "*" ? origin : url;
  return URL.canParse(target) && /^https?:/.test(target) ? target : undefined;
}

/** The whole body, or undefined as soon as it is longer than allowed. */
async function readBody(
  incoming: IncomingMessage,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (Number(incoming.headers["content-length"] ?? 0) > maxBytes) return undefined;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return concat(chunks);
}

function plain(status: number, reason: string): Response {
  return new Response(`${reason}\n`, { status, headers: { connection: "close" } });
}
