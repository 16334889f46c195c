/**
 * Converts between HTTP/1.1 and the web's `Request` and `Response`, which the rest of the program
 * uses.
 *
 * @module
 */

import { concat, utf8 } from "../../base/bytes.ts";
import type { RequestHead } from "./request_head.ts";

/** What {@link toRequest} must know besides the head. */
interface RequestOptions {
  /** Whether the connection is encrypted, which makes the URL `https:`. */
  readonly secure: boolean;
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * The request as a web `Request`; or the response that refuses it: 400 for a target that is none, 501
 * for a method that is not served at all.
 */
export function toRequest(head: RequestHead, { secure, body }: RequestOptions): Request | Response {
  const { method, headers } = head;
  // CONNECT, TRACE and TRACK are no methods of a web request. A tunnel needs no URL to be refused.
  // Methods are case-sensitive (RFC 9110 §9.1), but a web request takes "get" for "GET".
  if (/^(?:CONNECT|TRACE|TRACK)$/i.test(method) || isMisspelt(method)) {
    return plain(501, `the method ${method} is not served`);
  }
  const url = requestUrl(head, secure);
  if (url === undefined) return plain(400, "malformed request target");
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(url, { method, headers, ...hasBody ? { body } : {} });
}

/** Whether a web request would take the method for another one. */
function isMisspelt(method: string): boolean {
  const upper = method.toUpperCase();
  return method !== upper && /^(?:DELETE|GET|HEAD|OPTIONS|POST|PUT)$/.test(upper);
}

/** How an answer is framed. */
export interface AnswerOptions {
  /** To HEAD goes the head that GET would have had, and no body. */
  readonly isHead: boolean;
  readonly httpVersion: RequestHead["httpVersion"];
  /** Whether another request may follow. */
  readonly keepAlive: boolean;
  /** For how long the connection waits for it, milliseconds. */
  readonly idleTimeoutMs: number;
  /** The time of the answer, milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * The bytes of a web `Response`. Its body is read whole first.
 *
 * @see RFC 9112 §4, §6, §9
 */
export async function encodeAnswer(
  response: Response,
  { isHead, httpVersion, keepAlive, idleTimeoutMs, nowMs }: AnswerOptions,
): Promise<Uint8Array> {
  const body = new Uint8Array(await response.arrayBuffer());
  const { status } = response;
  const lines = [`HTTP/1.1 ${status} ${response.statusText || (reasonPhrases[status] ?? "")}`];
  for (const [name, value] of response.headers) {
    if (!framingFields.has(name)) lines.push(`${name}: ${value}`);
  }
  if (!response.headers.has("date")) lines.push(`date: ${new Date(nowMs).toUTCString()}`);
  const bodiless = status === 204 || status === 304;
  // What a handler says of its body's length is believed where the body itself does not go out.
  const length = isHead ? response.headers.get("content-length") ?? body.length : body.length;
  if (!bodiless) lines.push(`content-length: ${length}`);
  const upgrade = response.headers.has("upgrade") ? "upgrade, " : "";
  if (!keepAlive) lines.push(`connection: ${upgrade}close`);
  else {
    if (httpVersion === "1.0" || upgrade !== "") lines.push(`connection: ${upgrade}keep-alive`);
    const seconds = Math.floor(idleTimeoutMs / 1000);
    if (seconds > 0) lines.push(`keep-alive: timeout=${seconds}`);
  }
  const head = utf8Head(lines);
  return bodiless || isHead ? head : concat([head, body]);
}

/** Fields that say how an answer is framed, which is said here. */
const framingFields = new Set(["connection", "keep-alive", "content-length", "transfer-encoding"]);

/** Values of `Headers` are bytes, each as one character. */
function utf8Head(lines: readonly string[]): Uint8Array {
  const text = `${lines.join("\r\n")}\r\n\r\n`;
  // deno-lint-ignore no-control-regex -- beyond ASCII
  if (/^[\x00-\x7f]*$/.test(text)) return utf8(text);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A `Response` does not name its status by itself. */
const reasonPhrases: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  426: "Upgrade Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/**
 * The absolute URL that was asked for, if it is one of HTTP. A request of HTTP/1.0 that names no host is
 * one to `localhost`.
 */
export function requestUrl(
  { target, headers }: Pick<RequestHead, "target" | "headers">,
  secure: boolean,
): string | undefined {
  const origin = `${secure ? "https" : "http"}://${headers.get("host") ?? "localhost"}`;
  // RFC 9112 §3.2: the target is a path, a whole URL (to a proxy), or `*` (of OPTIONS).
  const url = target.startsWith("/") ? `${origin}${target}` : target === "*" ? origin : target;
  return URL.canParse(url) && /^https?:/i.test(url) ? url : undefined;
}

function plain(status: number, reason: string): Response {
  return new Response(`${reason}\n`, { status, headers: { connection: "close" } });
}
