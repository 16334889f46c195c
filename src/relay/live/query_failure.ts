/**
 * Why a request ends that the store could not answer.
 *
 * @module
 */

import { type Reason, reason } from "../../nostr/reason.ts";

/**
 * What the peer is told.
 *
 * @see NIP-01 `CLOSED`
 */
export function queryFailure(error: unknown): Reason {
  return isTimeOut(error)
    ? reason("error", error.message)
    : reason("error", "the stored events cannot be read");
}

/**
 * Whether the request itself took too long, which says nothing of the database.
 */
export function isTimeOut(error: unknown): error is Error {
  return error instanceof Error && error.name === "QueryTimedOut";
}
