/**
 * What of a batch can be made ready before the database is asked.
 *
 * The embedded database does nothing while it waits for the next statement of a transaction, and one on a
 * server holds its locks. So whatever does not depend on an answer is done while another batch is written.
 *
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import type { Statement } from "../database/database.ts";
import type { EventRecord } from "../event_store.ts";
import { type OrderedBatch, orderedBatch } from "./ordered_batch.ts";
import { insertRegular, type StoredRow, tagList, upsertVersioned } from "./put_statements.ts";

/** A batch as it is written. */
export interface PreparedBatch {
  readonly ordered: OrderedBatch;
  /** Undefined when there is nothing to write. */
  readonly regular: Statement<StoredRow> | undefined;
  readonly versioned: Statement<StoredRow> | undefined;
  /** By the event's id, see {@link tagList}. Those without tags are not here. */
  readonly tagLists: ReadonlyMap<string, string>;
}

/**
 * Makes a batch ready.
 *
 * @param hashText for fingerprints.
 * @param deleted places in the batch of what is not to be written.
 */
export function prepareBatch(
  batch: readonly EventRecord[],
  hashText: HashText,
  deleted: ReadonlySet<number> = new Set(),
): PreparedBatch {
  const ordered = orderedBatch(batch, hashText, deleted);
  const { regular, versioned } = ordered;
  const tagLists = new Map<string, string>();
  for (const { record: { event } } of [...regular, ...versioned]) {
    const list = tagList(event, hashText);
    if (list !== undefined) tagLists.set(event.id, list);
  }
  return {
    ordered,
    regular: regular.length > 0 ? insertRegular(regular) : undefined,
    versioned: versioned.length > 0 ? upsertVersioned(versioned) : undefined,
    tagLists,
  };
}
