/**
 * Text without some characters at its ends.
 *
 * `text.replace(/\/+$/, "")` looks for the end of the text from each slash on, so a peer that sends 200,000
 * slashes and something else behind them occupies the thread for minutes.
 *
 * @module
 */

/**
 * `text` without those of `characters` that it ends with. It takes as long as there are of these.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { trimmedEnd } from "./trim.ts";
 *
 * equal(trimmedEnd("/a/b//", "/"), "/a/b");
 * ```
 */
export function trimmedEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/**
 * `text` without those of `characters` that it begins or ends with. `trim` knows others: U+00A0 is one of
 * its spaces, and may stand in a header field.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { trimmed } from "./trim.ts";
 *
 * equal(trimmed("\t a\u00a0 ", " \t"), "a\u00a0");
 * ```
 */
export function trimmed(text: string, characters: string): string {
  const ended = trimmedEnd(text, characters);
  let start = 0;
  while (start < ended.length && characters.includes(ended[start]!)) start++;
  return ended.slice(start);
}
