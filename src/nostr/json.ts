/**
 * Parses JSON with the restriction of NIP-01 that numbers are integers.
 *
 * @see RFC 8259
 * @module
 */

/** A JSON object whose fields are not checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses JSON; undefined when it is invalid or nested too deep. The last of duplicate keys counts.
 *
 * A number not written as digits only (`1.0`, `1e3`, `-0`) is replaced by one that is not a count
 * (see {@link isCount}). Nostr has no such numbers, and `JSON.parse` alone would turn `1.0` and
 * `1e3` into integers.
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
    // A false match, inside a string, only costs parsing twice.
    return MAYBE_NON_INTEGER.test(text) ? JSON.parse(withoutNonIntegers(text)) : value;
  } catch {
    return undefined;
  }
}

/** Whether a parsed value is an object, neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether a parsed value is an integer from 0 to `most`, which is at most 2^53 - 1: above that,
 * different literals give the same number.
 */
export function isCount(value: unknown, most: number = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}

/**
 * Where an array or object may contain a number that is written with a sign, a fraction or an
 * exponent and could still be a count. Such a number always follows one of three characters, so
 * there are no misses. `-1` and `1.5` need not match: they are not counts anyway.
 */
const MAYBE_NON_INTEGER = /[:,[]\s*(?:-0|\d+(?:\.0|(?:\.\d+)?[eE]))/;

/**
 * Replaces each such number of a valid JSON text by one of the same length that is not a count.
 * Strings are skipped. Each character is examined once: splitting and joining tokens, or the
 * reviver of `JSON.parse`, take ten times as long on a text full of numbers.
 */
function withoutNonIntegers(text: string): string {
  const codes = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) codes[at] = text.charCodeAt(at);
  for (let at = 0; at < codes.length;) {
    const code = codes[at]!;
    if (code === QUOTE) at = endOfString(codes, at);
    else if (code === MINUS || isDigit(code)) at = replaceIfNonInteger(codes, at);
    else at++;
  }
  return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(codes);
}

/** The index after the string that starts at `start`. */
function endOfString(codes: Uint16Array, start: number): number {
  let at = start + 1;
  while (codes[at] !== QUOTE) at += codes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** Returns the index after the number that starts at `start`. */
function replaceIfNonInteger(codes: Uint16Array, start: number): number {
  let isNonInteger = false;
  let at = start;
  for (; at < codes.length && !endsNumber(codes[at]!); at++) isNonInteger ||= !isDigit(codes[at]!);
  if (!isNonInteger) return at;
  // The shortest are `-0`, of two characters, and `1e0` and `1.0`, of three.
  const other = at - start === 2 ? "-1" : "0.5".padEnd(at - start, "0");
  for (let i = start; i < at; i++) codes[i] = other.charCodeAt(i - start);
  return at;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Any character but digits and `+-.eE`. */
function endsNumber(code: number): boolean {
  return !isDigit(code) && code !== MINUS && code !== 0x2b && code !== 0x2e && code !== 0x45 &&
    code !== 0x65;
}

const QUOTE = 0x22;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
