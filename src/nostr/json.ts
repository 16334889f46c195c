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
 * A number that is not written in digits alone (`1.0`, `1e3`, `-1`) is read as null. Nothing in Nostr is
 * such a number, and `JSON.parse` would make `1.0` and `1e3` look as if they were not.
 *
 * @see RFC 8259 §6
 *
 * @example
 * ```ts
 * import { parseJson } from "./json.ts";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * deepEqual(parseJson('["REQ",{"limit":1000}]'), ["REQ", { limit: 1000 }]);
 * deepEqual(parseJson('["REQ",{"limit":1e3}]'), ["REQ", { limit: null }]);
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
 * Where a number inside an array or object may begin that has a sign, a fraction or an exponent. Such a
 * number always stands behind one of three characters, so that what this does not find is not there.
 */
const MAYBE_ODD_NUMBER = /[:,[]\s*(?:-|\d+[.eE])/;

/**
 * Puts null for each odd number of a valid JSON text. Strings are stepped over whole. The text must be
 * valid: each string then has an end, and the time taken grows with the length of the text alone. (The
 * reviver of `JSON.parse` sees literals too, but takes a quarter of a second for half a megabyte.)
 */
function withoutOddNumbers(text: string): string {
  return text.replace(STRING_OR_NUMBER, (token) => {
    const odd = token.charCodeAt(0) !== QUOTE && !DIGITS.test(token);
    return odd ? "null" : token;
  });
}

const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const DIGITS = /^\d+$/;
const QUOTE = 0x22;
