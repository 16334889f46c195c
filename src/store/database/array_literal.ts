/**
 * Array literals in the text format of Postgres. With an array, one parameter carries any number of
 * values, so that a statement has the same text however many there are. As text, because none of
 * the drivers binds `bytea[]`.
 *
 * @module
 */

/** A `bytea[]` literal from lower-case hex. */
export function byteaArray(hexes: readonly string[]): string {
  return hexes.length === 0 ? "{}" : `{"\\\\x${hexes.join('","\\\\x')}"}`;
}

/** An array literal of numbers, or of strings that need no quotes. */
export function plainArray(values: readonly (number | string)[]): string {
  return `{${values.join(",")}}`;
}

/**
 * A `text[]` literal of compact JSON documents. JSON has no raw control characters, so the escapes
 * of `JSON.stringify` are all that an array literal needs.
 */
export function jsonArray(documents: readonly string[]): string {
  return `{${documents.map((json) => JSON.stringify(json)).join(",")}}`;
}
