/**
 * Maps a failed query to the reason that CLOSED or NEG-ERR gives.
 *
 * @module
 */

import { type Reason, reason } from "../../nostr/reason.ts";

/**
 * The reason that the client is told.
 *
 * @see NIP-01 `CLOSED`
 */
export function queryFailure(error: unknown): Reason {
  return isTimeOut(error)
    ? reason("error", error.message)
    : reason("error", "the stored events cannot be read");
}

/** Whether the query exceeded its time limit, which does not mean that the database fails. */
export function isTimeOut(error: unknown): error is Error {
  return error instanceof Error && error.name === "QueryTimedOut";
}
