/**
 * The server's side of the opening handshake: makes a response to a request.
 *
 * @see RFC 6455 §4.2
 * @module
 */

import { assert } from "../base/assert.ts";
import { utf8 } from "../base/bytes.ts";
import type { AgreedExtension, Extension } from "./extension.ts";
import { type ExtensionOffer, hasMember, listMembers, parseExtensions } from "./header_list.ts";

/** The head of a request, as far as the handshake looks at it. */
interface UpgradeRequest {
  readonly method: string;
  /** Such as `1.1`. */
  readonly httpVersion: string;
  /** Headers by lower-case name, repeated ones joined by commas. A web `Headers` will do. */
  readonly headers: { get(name: string): string | null };
}

/** What a server accepts. */
export interface HandshakeOptions {
  /** Picks one of the subprotocols that the client offers, favourite first, or none of them. */
  readonly chooseSubprotocol?: ((offered: readonly string[]) => string | undefined) | undefined;
  /** Picks an extension among what the client offers, favourite first, or none. */
  readonly chooseExtension?:
    | ((offers: readonly ExtensionOffer[]) => AgreedExtension | undefined)
    | undefined;
  /**
   * Whether web pages of this origin may connect; others are answered 403. Undefined stands for a client
   * that names none, as programs other than browsers do. Any origin if not given.
   *
   * @see RFC 6455 §10.2
   */
  readonly allowsOrigin?: ((origin: string | undefined) => boolean) | undefined;
}

/** An HTTP response that accepts or refuses the handshake. */
export interface HandshakeResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/**
 * The SHA-1 digest of `bytes`, 20 bytes.
 *
 * @see RFC 3174
 */
export type Sha1 = (bytes: Uint8Array) => Uint8Array;

/** The outcome of an upgrade request. */
export type Handshake =
  | {
    readonly type: "accepted";
    readonly response: HandshakeResponse;
    readonly subprotocol: string | undefined;
    readonly extension: Extension | undefined;
  }
  | { readonly type: "refused"; readonly response: HandshakeResponse };

/**
 * Accepts or refuses an upgrade request.
 *
 * @see RFC 6455 §4.2.1, §4.2.2
 */
export function answerUpgrade(
  request: UpgradeRequest,
  options: HandshakeOptions,
  sha1: Sha1,
): Handshake {
  const refusal = findRefusal(request);
  if (refusal !== undefined) return { type: "refused", response: refusal };
  const header = (name: string) => request.headers.get(name) ?? "";
  // §4.2.2 item 4: a server that does not accept the origin answers 403.
  if (options.allowsOrigin?.(request.headers.get("origin") ?? undefined) === false) {
    return { type: "refused", response: refuse(403, "this origin may not connect") };
  }

  const offers = parseExtensions(header("sec-websocket-extensions"));
  if (offers === undefined) {
    return { type: "refused", response: refuse(400, "malformed Sec-WebSocket-Extensions") };
  }
  const agreed = offers.length > 0 ? options.chooseExtension?.(offers) : undefined;
  const offered = listMembers(header("sec-websocket-protocol"));
  const subprotocol = offered.length > 0 ? options.chooseSubprotocol?.(offered) : undefined;
  // §4.1: the client fails the connection if it gets a subprotocol it has not asked for.
  assert(
    subprotocol === undefined || offered.includes(subprotocol),
    "a subprotocol is an offered one",
  );

  const headers: [string, string][] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", acceptFor(header("sec-websocket-key"), sha1)],
  ];
  if (subprotocol !== undefined) headers.push(["Sec-WebSocket-Protocol", subprotocol]);
  if (agreed !== undefined) headers.push(["Sec-WebSocket-Extensions", agreed.header]);
  const response = { status: 101, headers, body: "" };
  return { type: "accepted", response, subprotocol, extension: agreed?.extension };
}

/**
 * The proof that the server has read the client's key.
 *
 * @see RFC 6455 §4.2.2 item 5.4
 */
export function acceptFor(key: string, sha1: Sha1): string {
  return sha1(utf8(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)).toBase64();
}

/** A response that refuses a request, with the reason as plain text. */
export function refuse(
  status: number,
  reason: string,
  headers: readonly (readonly [string, string])[] = [],
): HandshakeResponse {
  const plain = ["Content-Type", "text/plain; charset=utf-8"] as const;
  return { status, headers: [plain, ...headers], body: `${reason}\n` };
}

/** The bytes of a response. A refusal ends the connection; an acceptance begins the frames. */
export function encodeResponse({ status, headers, body }: HandshakeResponse): Uint8Array {
  const lines = [`HTTP/1.1 ${status} ${reasonPhrases[status] ?? ""}`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (status !== 101) {
    // A 426 lists `Upgrade` in its own Connection header.
    if (!headers.some(([name]) => name === "Connection")) lines.push("Connection: close");
    lines.push(`Content-Length: ${utf8(body).length}`);
  }
  return utf8(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

const reasonPhrases: Readonly<Record<number, string>> = {
  101: "Switching Protocols",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  417: "Expectation Failed",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

/** The requirements of §4.2.1 in its order. */
function findRefusal(
  { method, httpVersion, headers }: UpgradeRequest,
): HandshakeResponse | undefined {
  if (method !== "GET") return refuse(405, "the method must be GET", [["Allow", "GET"]]);
  if (httpVersion !== "1.1") return refuse(400, "the HTTP version must be 1.1");
  const header = (name: string) => headers.get(name) ?? "";
  if (header("host") === "") return refuse(400, "missing Host");
  if (!hasMember(header("upgrade"), "websocket")) return refuse(400, "Upgrade must be websocket");
  if (!hasMember(header("connection"), "upgrade")) return refuse(400, "Connection must be Upgrade");
  if (header("sec-websocket-version").trim() !== "13") return refuseVersion();
  if (!isKey(header("sec-websocket-key"))) {
    return refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64");
  }
  return undefined;
}

/** §4.4: "a |Sec-WebSocket-Version| header field indicating the version(s)" that would do. */
function refuseVersion(): HandshakeResponse {
  return refuse(426, "this server speaks version 13", [
    ["Sec-WebSocket-Version", "13"],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade, close"],
  ]);
}

/** Sixteen bytes are 22 digits and two signs of padding. */
function isKey(value: string): boolean {
  return /^[A-Za-z0-9+/]{22}==$/.test(value);
}
