/**
 * What an event costs the database.
 *
 * @module
 */

import { DELETION_REQUEST } from "../../nostr/deletion_request.ts";
import type { NostrEvent } from "../../nostr/event.ts";

/** What each target of a request to delete may touch: its tombstone, the event, and that one's tags. */
const ROWS_PER_TARGET = 3;

/**
 * How many rows of the database an event may touch when it is stored: its own, one for each tag by which
 * it is found, and those that a request to delete writes and removes. Equal tags are counted each time.
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
