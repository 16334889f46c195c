/**
 * What was thrown, as text.
 *
 * @module
 */

/** What an error says, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What an error says and where it came from, for the log.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { describeError } from "./error_text.ts";
 *
 * equal(describeError("away"), "away");
 * ```
 */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
