/**
 * Arrays as the text that Postgres reads: one parameter carries any number of values, so that a
 * statement has one form however many there are. As text because no driver at hand binds `bytea[]`.
 *
 * @module
 */

/**
 * An array of `bytea` from lower-case hex.
 */
export function byteaArray(hexes: readonly string[]): string {
  return hexes.length === 0 ? "{}" : `{"\\\\x${hexes.join('","\\\\x')}"}`;
}

/**
 * An array of numbers, or of words that need no quotes.
 */
export function plainArray(values: readonly (number | string)[]): string {
  return `{${values.join(",")}}`;
}

/**
 * An array of `text` from documents of compact JSON. JSON has no raw control characters, so the two
 * escapes that an array needs are the two that `JSON.stringify` makes.
 */
export function jsonArray(documents: readonly string[]): string {
  return `{${documents.map((json) => JSON.stringify(json)).join(",")}}`;
}
