/**
 * Parses the head of an HTTP response, as far as a client's handshake needs it. Strict: anything but
 * well-formed HTTP/1.1 is refused.
 *
 * @see RFC 9112 §4, §5
 * @module
 */

import { latin1Decode } from "../base/bytes.ts";
import { type HandshakeFault, handshakeFaults } from "./handshake_fault.ts";
import { isToken } from "./header_list.ts";

/** A status line and its headers. */
export interface ResponseHead {
  readonly type: "head";
  readonly status: number;
  /** Values by lower-case name, repeated ones joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** Its length with the empty line. What follows is the body, or the first frames. */
  readonly headBytes: number;
}

const versionStart = "HTTP/1.1 ";

/** RFC 9112 §4: a version, three digits, and a phrase that says nothing more and may be missing. */
const statusLine = /^HTTP\/1\.1 (\d{3})(?: |$)/;

/** Tabs are the only control characters in a line. */
const lineOfText = /^[\t\x20-\x7e\u0080-\uffff]*$/;

/** One character for each byte, whatever it is. */

/**
 * Reads the head that `bytes` start with: undefined while bytes are missing, a fault as soon as what is
 * there cannot become a head of at most `maxHeadBytes`.
 */
export function decodeResponseHead(
  bytes: Uint8Array,
  maxHeadBytes: number,
): ResponseHead | HandshakeFault | undefined {
  const start = latin1Decode(bytes.subarray(0, versionStart.length));
  if (!versionStart.startsWith(start)) return handshakeFaults.malformedResponse;
  const text = latin1Decode(bytes.subarray(0, maxHeadBytes));
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return bytes.length < maxHeadBytes ? undefined : handshakeFaults.longResponse;

  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const status = lineOfText.test(first) ? statusLine.exec(first)?.[1] : undefined;
  const headers = lines.every((line) => lineOfText.test(line)) ? headersOf(lines) : undefined;
  if (status === undefined || headers === undefined) return handshakeFaults.malformedResponse;
  return { type: "head", status: Number(status), headers, headBytes: end + 4 };
}

function headersOf(lines: readonly string[]): ReadonlyMap<string, string> | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    // RFC 9112 §5.1: "No whitespace is allowed between the field name and colon." A line that starts
    // with a space, which once continued the one before it, has no name either.
    const colon = line.indexOf(":");
    if (!isToken(line.slice(0, Math.max(0, colon)))) return undefined;
    const key = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}
