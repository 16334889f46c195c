/**
 * Estimates how many rows an event touches.
 *
 * @module
 */

import { DELETION_REQUEST } from "../../nostr/deletion_request.ts";
import type { NostrEvent } from "../../nostr/event.ts";

/** A target of a deletion request may touch its tombstone, the event and the event's tags. */
const ROWS_PER_TARGET = 3;

/**
 * How many rows an event may touch when it is stored: its own, one for each indexed tag, and those
 * that a deletion request writes and removes. Equal tags are counted each time.
 */
export function rowsOf({ kind, tags }: Pick<NostrEvent, "kind" | "tags">): number {
  let rows = 1;
  for (const [name, value] of tags) {
    if (value === undefined || name!.length !== 1) continue;
    rows++;
    if (kind === DELETION_REQUEST && (name === "e" || name === "a")) rows += ROWS_PER_TARGET;
  }
  return rows;
}
