/**
 * JSON as NIP-01 means it: what `JSON.parse` understands, and numbers that are written as integers.
 *
 * @see RFC 8259
 * @module
 */

/** A JSON object whose fields nobody has looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The value that `text` spells, or undefined when it is not JSON, or nested too deep to be read. Of a
 * key that stands twice in one object the last value counts.
 *
 * A number that is not written in digits alone (`1.0`, `1e3`, `-0`) is read as some number that is no
 * count (see {@link isCount}): nothing in Nostr is such a number, and `JSON.parse` would make `1.0` and
 * `1e3` look as if they were not.
 *
 * @see RFC 8259 §6
 *
 * @example
 * ```ts
 * import { parseJson } from "./json.ts";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * deepEqual(parseJson('["REQ",{"limit":1000}]'), ["REQ", { limit: 1000 }]);
 * deepEqual(parseJson('["REQ",{"limit":1e3}]'), ["REQ", { limit: 0.5 }]);
 * equal(parseJson("[1,"), undefined);
 * ```
 */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // A false alarm, from inside a string, costs a second reading and nothing else.
    return MAYBE_ODD_NUMBER.test(text) ? JSON.parse(withoutOddNumbers(text)) : value;
  } catch {
    return undefined;
  }
}

/**
 * Whether a parsed value is an object, neither null nor an array.
 *
 * @example
 * ```ts
 * import { isJsonObject } from "./json.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(isJsonObject({}), true);
 * equal(isJsonObject([]), false);
 * equal(isJsonObject(null), false);
 * ```
 */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether a parsed value is an integer from 0 to `most`, which is at most 2^53 - 1: beyond that two
 * different literals would be one number.
 *
 * @example
 * ```ts
 * import { isCount } from "./json.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(isCount(65_535, 65_535), true);
 * equal(isCount(65_536, 65_535), false);
 * equal(isCount("1", 65_535), false);
 * ```
 */
export function isCount(value: unknown, most: number = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}

/**
 * Where a number inside an array or object may begin that is written with a sign, a fraction or an
 * exponent and may be a count all the same. Such a number always stands behind one of three characters,
 * so that what this does not find is not there. `-1` and `1.5` are no counts as they are.
 */
const MAYBE_ODD_NUMBER = /[:,[]\s*(?:-0|\d+(?:\.0|(?:\.\d+)?[eE]))/;

/**
 * Puts a number of the same length that is no count in the place of each odd one of a valid JSON text.
 * Strings are stepped over whole. Whatever the text holds, each character is looked at once: tokens that
 * are cut out and joined again, or the reviver of `JSON.parse`, take ten times as long for a text that
 * is all numbers.
 */
function withoutOddNumbers(text: string): string {
  const codes = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) codes[at] = text.charCodeAt(at);
  for (let at = 0; at < codes.length;) {
    const code = codes[at]!;
    if (code === QUOTE) at = endOfString(codes, at);
    else if (code === MINUS || isDigit(code)) at = replaceIfOdd(codes, at);
    else at++;
  }
  return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(codes);
}

/** The place behind the string that begins at `start`. */
function endOfString(codes: Uint16Array, start: number): number {
  let at = start + 1;
  while (codes[at] !== QUOTE) at += codes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** Returns the place behind the number that begins at `start`. */
function replaceIfOdd(codes: Uint16Array, start: number): number {
  let isOdd = false;
  let at = start;
  for (; at < codes.length && !endsNumber(codes[at]!); at++) isOdd ||= !isDigit(codes[at]!);
  if (!isOdd) return at;
  // The shortest odd numbers: `-0` has two characters, `1e0` and `1.0` have three.
  const other = at - start === 2 ? "-1" : "0.5".padEnd(at - start, "0");
  for (let i = start; i < at; i++) codes[i] = other.charCodeAt(i - start);
  return at;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** In a valid text, what is none of `+-.eE` and no digit. */
function endsNumber(code: number): boolean {
  return !isDigit(code) && code !== MINUS && code !== 0x2b && code !== 0x2e && code !== 0x45 &&
    code !== 0x65;
}

const QUOTE = 0x22;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
