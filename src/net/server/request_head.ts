/**
 * The head of an HTTP/1.1 request: bytes in, a request line and header fields out.
 *
 * It is strict where a lenient reader lets a proxy and a server see different requests in the same
 * bytes: a line ends with CRLF and nothing else, a field has no space before its colon and does not
 * go on in the next line, there is one Host, and one way to tell the length of a body.
 *
 * @see RFC 9112
 * @module
 */

import { latin1Decode } from "../../base/bytes.ts";
import { trimmed } from "../../base/trim.ts";
import { hasMember, isToken } from "../../websocket/header_list.ts";

/** How the body is delimited. */
export type BodyFraming =
  | { readonly type: "length"; readonly bytes: number }
  | { readonly type: "chunked" };

/** A request without its body. */
export interface RequestHead {
  readonly method: string;
  /** A path with its query, a whole URL, or `*`. */
  readonly target: string;
  readonly httpVersion: "1.0" | "1.1";
  /** Repeated fields are joined by commas. */
  readonly headers: Headers;
  /** Undefined for a request without a body. */
  readonly framing: BodyFraming | undefined;
  /** Whether the client lets the connection be used for another request. */
  readonly keepAlive: boolean;
}

/** Why a request is refused: the status and the reason of the answer. */
export interface RequestFault {
  readonly type: "fault";
  readonly status: number;
  readonly reason: string;
}

/** What is made of the bytes so far. */
export type ParsedHead =
  /** There is no whole head yet. */
  | { readonly type: "more" }
  /** A head, and how many bytes it took. */
  | { readonly type: "head"; readonly head: RequestHead; readonly length: number }
  | RequestFault;

interface HeadLimits {
  readonly maxHeaderBytes: number;
}

/**
 * Fields of one request. Browsers behind two proxies send some thirty. Adding a field to `Headers` costs
 * as much as there are fields already, so that thousands of short ones would take the thread for long.
 */
const maxFields = 128;

/** Parses what has come of a request, from its first byte. */
export function parseRequestHead(bytes: Uint8Array, { maxHeaderBytes }: HeadLimits): ParsedHead {
  const start = emptyLinesLength(bytes);
  const end = headEnd(bytes, start);
  if (typeof end === "object") return end;
  if ((end ?? bytes.length) - start > maxHeaderBytes) return fault(431, "the head is too long");
  if (end === undefined) return looksLikeHttp(bytes, start) ? { type: "more" } : malformed;
  // Bytes beyond ASCII are allowed in values, where they stand for themselves.
  const text = latin1Decode(bytes.subarray(start, end - 4));
  const [requestLine = "", ...fieldLines] = text.split("\r\n");
  const line = parseRequestLine(requestLine);
  if (line.type === "fault") return line;
  const headers = parseFields(fieldLines);
  if (!(headers instanceof Headers)) return headers;
  const hostFault = findHostFault(fieldLines, headers, line.httpVersion);
  if (hostFault !== undefined) return hostFault;
  const framing = parseFraming(headers, line.httpVersion);
  if (framing?.type === "fault") return framing;
  const { method, target, httpVersion } = line;
  const keepAlive = keepsAlive(headers, httpVersion);
  const head = { method, target, httpVersion, headers, framing, keepAlive };
  return { type: "head", head, length: end };
}

/**
 * Whether a request asks for a WebSocket. An upgrade to anything else is ignored, as RFC 9110 §7.8 wants.
 */
export function isUpgrade({ headers }: Pick<RequestHead, "headers">): boolean {
  return hasMember(headers.get("connection") ?? "", "upgrade") &&
    hasMember(headers.get("upgrade") ?? "", "websocket");
}

const carriageReturn = 13;
const lineFeed = 10;

/** Control characters but the tab: none may be in a head, a lone CR or LF least of all. */
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const control = /[\x00-\x08\x0a-\x1f\x7f]/;

const malformed: RequestFault = fault(400, "malformed request");

function fault(status: number, reason: string): RequestFault {
  return { type: "fault", status, reason };
}

/** RFC 9112 §2.2: a server "SHOULD ignore at least one empty line (CRLF) received prior to the request-line". */
function emptyLinesLength(bytes: Uint8Array): number {
  let at = 0;
  while (at < 4 && bytes[at] === carriageReturn && bytes[at + 1] === lineFeed) at += 2;
  return at;
}

/**
 * Where the head ends, behind its empty line; undefined where that has not come. Whoever sends a byte at a time
 * has all that came looked through for each: lines are few, and none ends without CR.
 */
function headEnd(bytes: Uint8Array, start: number): number | undefined | RequestFault {
  let lines = 0;
  for (let at = bytes.indexOf(lineFeed, start); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) {
    if (bytes[at - 1] !== carriageReturn) return malformed;
    if (bytes[at - 2] === lineFeed && at - 3 >= start) return at + 1;
    if (++lines > 1 + maxFields) return fault(431, "the head has too many fields");
  }
  return undefined;
}

/**
 * Whether this may still become a head: a peer that speaks another protocol is refused before its
 * time is over.
 */
function looksLikeHttp(bytes: Uint8Array, start: number): boolean {
  const lineEnd = bytes.indexOf(lineFeed, start);
  if (lineEnd !== -1) {
    // It was looked at when it came.
    if (bytes.length - lineEnd > 256) return true;
    const line = latin1Decode(bytes.subarray(start, lineEnd + 1));
    return line.endsWith("\r\n") && parseRequestLine(line.slice(0, -2)).type === "line";
  }
  const begun = latin1Decode(bytes.subarray(start, start + 32));
  return begun === "" || begun === "\r" || /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?: [^]*)?$/.test(begun);
}

/** A request line, or what is wrong with it. */
type RequestLine =
  | (Pick<RequestHead, "method" | "target" | "httpVersion"> & { readonly type: "line" })
  | RequestFault;

/** RFC 9112 §3: one space between the parts, whatever a lenient reader would take. */
function parseRequestLine(text: string): RequestLine {
  const [method = "", target = "", protocol = "", ...rest] = text.split(" ");
  if (rest.length > 0 || !isToken(method) || !/^[\x21-\x7e]+$/.test(target)) return malformed;
  const httpVersion = /^HTTP\/(\d\.\d)$/.exec(protocol)?.[1];
  if (httpVersion === undefined) return malformed;
  if (httpVersion !== "1.0" && httpVersion !== "1.1") {
    return fault(505, "HTTP/1.1 is spoken here");
  }
  return { type: "line", method, target, httpVersion };
}

function parseFields(lines: readonly string[]): Headers | RequestFault {
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    // §5.1: "No whitespace is allowed between the field name and colon"; §5.2: no line folding.
    if (colon < 1 || !isToken(name) || control.test(line)) return malformed;
    headers.append(name, trimmed(line.slice(colon + 1), " \t"));
  }
  return headers;
}

/**
 * §3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that
 * lacks a Host header field and to any request message that contains more than one Host header field
 * line or a Host header field with an invalid field value."
 */
function findHostFault(
  lines: readonly string[],
  headers: Headers,
  httpVersion: string,
): RequestFault | undefined {
  const count = lines.filter((line) => /^host:/i.test(line)).length;
  if (count === 0) return httpVersion === "1.0" ? undefined : fault(400, "missing Host");
  if (count > 1) return fault(400, "more than one Host");
  return isHost(headers.get("host") ?? "") ? undefined : fault(400, "invalid Host");
}

/** RFC 3986 §3.2.2, and what a URL can be made of. */
function isHost(host: string): boolean {
  return /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]+)(?::\d{0,5})?$/.test(host) &&
    URL.canParse(`http://${host}/`);
}

/**
 * §6: two lengths are as good as none, and a request without a length that is understood has no
 * end.
 */
function parseFraming(
  headers: Headers,
  httpVersion: string,
): BodyFraming | RequestFault | undefined {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding");
  if (coding !== null) {
    // §6.1: with both, or in HTTP/1.0, somebody on the way may have taken the other length.
    if (length !== null) return fault(400, "both Content-Length and Transfer-Encoding");
    if (httpVersion === "1.0") return fault(400, "Transfer-Encoding in HTTP/1.0");
    if (coding.toLowerCase() !== "chunked") {
      return fault(501, "chunked is the only transfer coding");
    }
    return { type: "chunked" };
  }
  if (length === null) return undefined;
  if (!/^\d{1,15}$/.test(length)) return fault(400, "invalid Content-Length");
  return Number(length) === 0 ? undefined : { type: "length", bytes: Number(length) };
}

/** §9.3. */
function keepsAlive(headers: Headers, httpVersion: string): boolean {
  const options = headers.get("connection") ?? "";
  if (hasMember(options, "close")) return false;
  return httpVersion === "1.1" || hasMember(options, "keep-alive");
}
