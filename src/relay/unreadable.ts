/**
 * Why a request ends that the store could not answer.
 *
 * @module
 */

import { type Reason, reason } from "../nostr/reason.ts";

/**
 * What the peer is told.
 *
 * @see NIP-01 `CLOSED`
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { unreadable } from "./unreadable.ts";
 *
 * equal(unreadable(new Error("connection refused")).text, "the stored events cannot be read");
 * ```
 */
export function unreadable(error: unknown): Reason {
  return isTimeOut(error)
    ? reason("error", error.message)
    : reason("error", "the stored events cannot be read");
}

/**
 * Whether the request itself took too long, which says nothing of the database.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { isTimeOut } from "./unreadable.ts";
 *
 * equal(isTimeOut(new Error("connection refused")), false);
 * ```
 */
export function isTimeOut(error: unknown): error is Error {
  return error instanceof Error && error.name === "QueryTimedOut";
}
