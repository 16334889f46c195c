/**
 * Bytes: UTF-8, joining, and bytes that many readers share.
 *
 * @module
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The UTF-8 bytes of `text`.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { utf8 } from "./bytes.ts";
 *
 * equal(utf8("é").length, 2);
 * ```
 */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/**
 * How many bytes {@link utf8} makes of `text`, counted without making them.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { utf8Length } from "./bytes.ts";
 *
 * equal(utf8Length("aé🦖"), 1 + 2 + 4);
 * ```
 */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    length += unit < 0x800 ? 1 : 2;
    // The two halves of a pair make four bytes; a half alone makes three, those of U+FFFD.
    if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(at + 1))) at++;
  }
  return length;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/**
 * The text that `bytes` spell, or undefined when they are not UTF-8. A byte order mark is kept: it is
 * a character like any other inside a message.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { utf8Decode } from "./bytes.ts";
 *
 * equal(utf8Decode(new Uint8Array([0xc3, 0xa9])), "é");
 * equal(utf8Decode(new Uint8Array([0xff])), undefined);
 * ```
 */
export function utf8Decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * One array with the bytes of all `parts` in order.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { concat } from "./bytes.ts";
 *
 * equal(concat([new Uint8Array([1]), new Uint8Array([2, 3])]).length, 3);
 * ```
 */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * Bytes that go out to many connections: an event's JSON is encoded once, however many are waiting
 * for it. A transport that compresses keeps its form of the same bytes beside them, so that this too
 * is made once and lives exactly as long.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { SharedBytes, utf8 } from "./bytes.ts";
 *
 * const body = new SharedBytes(utf8('{"kind":1}'));
 * equal(body.deflated, undefined);
 * ```
 */
export class SharedBytes {
  /** The bytes themselves. Never written to. */
  readonly bytes: Uint8Array;
  /** The same bytes as DEFLATE blocks, once the first compressing transport has made them. */
  deflated: Uint8Array | undefined = undefined;

  /** Takes bytes that nobody changes any more. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** How many bytes become characters in one call: each is an argument of it. */
const LATIN1_CHUNK = 4_096;

/**
 * Bytes as characters of the same number, as HTTP has them. (`TextDecoder("latin1")` is windows-1252, which
 * makes characters beyond U+00FF of some.)
 *
 * @see RFC 9110 §5.5
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { latin1Decode } from "./bytes.ts";
 *
 * equal(latin1Decode(new Uint8Array([0x41, 0x80, 0xff])), "A\x80\xff");
 * ```
 */
export function latin1Decode(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += LATIN1_CHUNK) {
    text += String.fromCharCode(...bytes.subarray(start, start + LATIN1_CHUNK));
  }
  return text;
}
