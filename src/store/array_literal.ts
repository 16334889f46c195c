/**
 * Arrays as the text that Postgres reads: one parameter carries any number of values, so that a
 * statement has one form however many there are. As text because no driver at hand binds `bytea[]`.
 *
 * @module
 */

/**
 * An array of `bytea` from lower-case hex.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { byteaArray } from "./array_literal.ts";
 *
 * equal(byteaArray(["00ff", ""]), String.raw`{"\\x00ff","\\x"}`);
 * ```
 */
export function byteaArray(hexes: readonly string[]): string {
  return hexes.length === 0 ? "{}" : `{"\\\\x${hexes.join('","\\\\x')}"}`;
}

/**
 * An array of numbers, or of words that need no quotes.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { plainArray } from "./array_literal.ts";
 *
 * equal(plainArray([1, 30023]), "{1,30023}");
 * ```
 */
export function plainArray(values: readonly (number | string)[]): string {
  return `{${values.join(",")}}`;
}

/**
 * An array of `text` from documents of compact JSON. JSON has no raw control characters, so the two
 * escapes that an array needs are the two that `JSON.stringify` makes.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { jsonArray } from "./array_literal.ts";
 *
 * equal(jsonArray(['{"a":"\\n"}']), String.raw`{"{\"a\":\"\\n\"}"}`);
 * ```
 */
export function jsonArray(documents: readonly string[]): string {
  return `{${documents.map((json) => JSON.stringify(json)).join(",")}}`;
}
