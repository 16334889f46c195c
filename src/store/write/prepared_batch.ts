/**
 * The part of writing a batch that needs no answer of the database.
 *
 * During a transaction the embedded database is idle between statements, and a server holds locks.
 * So this part is done before the transaction begins, while another batch is being written.
 *
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import type { Statement } from "../database/database.ts";
import type { EventRecord } from "../event_store.ts";
import { type OrderedBatch, orderedBatch } from "./ordered_batch.ts";
import { insertRegular, type StoredRow, tagList, upsertVersioned } from "./put_statements.ts";

/** A batch with its statements. */
export interface PreparedBatch {
  readonly ordered: OrderedBatch;
  /** Undefined when there is no event of that sort. */
  readonly regular: Statement<StoredRow> | undefined;
  readonly versioned: Statement<StoredRow> | undefined;
  /** By event id, see {@link tagList}. Events without indexed tags are absent. */
  readonly tagLists: ReadonlyMap<string, string>;
}

/**
 * Builds the statements of a batch.
 *
 * @param hashText computes fingerprints.
 * @param deleted places of events that must not be written.
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
