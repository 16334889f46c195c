/**
 * Writes a batch: what happens between BEGIN and COMMIT.
 *
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import { carryOutRequests, deleteCovered } from "./delete_covered.ts";
import type { Session } from "../database/database.ts";
import { prepareBatch, type PreparedBatch } from "./prepared_batch.ts";
import type { EventRecord, PutOutcome } from "../event_store.ts";
import type { NumberedRecord } from "../feed/feed_statements.ts";
import type { Entry, OrderedBatch } from "./ordered_batch.ts";
import {
  deleteTags,
  insertTags,
  selectIds,
  type StoredRow,
  type TagRow,
} from "./put_statements.ts";
import type { StoreFeed } from "../feed/store_feed.ts";
import { takesOthers } from "./tombstones.ts";
import { insertWords, type KeyedEvent } from "../search/word_statements.ts";

interface WriteOptions {
  /** Of the whole batch. */
  readonly prepared: PreparedBatch;
  /** Receives the events that become visible with the commit. */
  readonly stored: NumberedRecord[];
  /** Whether the transaction excludes all other writers, see `lockAlone`. */
  readonly alone: boolean;
  /** Computes fingerprints. */
  readonly hashText: HashText;
  readonly searchableKinds: ReadonlySet<number>;
  /** Announces to other instances what was stored, and what was deleted by the events that came late. */
  readonly feed: Pick<StoreFeed, "announce">;
}

/**
 * Writes a batch and returns the outcome of each event, by its place. Statements that do not depend
 * on each other are pipelined.
 *
 * @throws MustBeAlone when the batch turns out to delete something, see `delete_covered.ts`.
 */
export async function writeBatch(
  batch: readonly EventRecord[],
  session: Session,
  options: WriteOptions,
): Promise<readonly PutOutcome[]> {
  const { stored, alone, hashText, feed } = options;
  const deletion = { session, hashText, alone };
  const covered = deleteCovered(batch, await carryOutRequests(batch, deletion), deletion);
  const deleted = covered instanceof Promise ? await covered : covered;
  const prepared = deleted.size === 0 ? options.prepared : prepareBatch(batch, hashText, deleted);
  const { regular, versioned } = prepared.ordered;
  const regularRows = prepared.regular && session.query(prepared.regular);
  const versionedRows = prepared.versioned && session.query(prepared.versioned);
  // The rejection of the second is handled even if the first rejects before.
  if (regularRows && versionedRows) await Promise.all([regularRows, versionedRows]);
  const newRegular = regularRows ? await regularRows : NO_ROWS;
  const newVersioned = versionedRows ? await versionedRows : NO_ROWS;
  const rows = [...newRegular, ...newVersioned];
  const keys = new Map(rows.map(({ id, key }) => [id, key]));
  stored.push(...numbered([...regular, ...versioned], rows));
  const unwritten = versioned.filter(({ record }) => !keys.has(record.event.id));
  const late = [...deleted].map((place) => batch[place]!.event).filter(takesOthers);
  const announced = feed.announce(session, stored, late);
  const unwrittenIds = unwritten.map(({ record }) => record.event.id);
  const present = unwritten.length > 0 ? session.query(selectIds(unwrittenIds)) : undefined;
  const work = [
    announced,
    present,
    newVersioned.length > 0
      ? session.query(deleteTags(newVersioned.map(({ key }) => key)))
      : undefined,
    ...insertTagsAndWords(keys, session, { ...options, prepared }),
  ].filter((one) => one !== undefined);
  if (work.length > 0) await Promise.all(work);
  const outcomes = outcomesOf(prepared.ordered, keys, new Set(present && await present));
  for (const place of deleted) outcomes[place] = "deleted";
  return outcomes;
}

const NO_ROWS: readonly StoredRow[] = [];

/** Inserts the tags and search words of the new events. */
function insertTagsAndWords(
  keys: ReadonlyMap<string, number>,
  session: Session,
  { prepared, hashText, searchableKinds }: WriteOptions,
): readonly (Promise<unknown> | undefined)[] {
  const { ordered: { regular, versioned }, tagLists } = prepared;
  const tags: TagRow[] = [];
  const searchable: KeyedEvent[] = [];
  for (const { record: { event } } of [...regular, ...versioned]) {
    const key = keys.get(event.id);
    if (key === undefined) continue;
    const list = tagLists.get(event.id);
    if (list !== undefined) tags.push({ key, list });
    if (searchableKinds.has(event.kind)) searchable.push({ key, event });
  }
  return [
    tags.length > 0 ? session.query(insertTags(tags)) : undefined,
    searchable.length > 0 ? session.query(insertWords(searchable, hashText)) : undefined,
  ];
}

/** The stored events with their sequence numbers, in the order of the batch. */
function numbered(entries: readonly Entry[], rows: readonly StoredRow[]): NumberedRecord[] {
  const seqs = new Map(rows.map(({ id, seq }) => [id, seq]));
  return entries.toSorted((a, b) => a.place - b.place).flatMap(({ record }) => {
    const seq = seqs.get(record.event.id);
    return seq === undefined ? [] : [{ ...record, seq }];
  });
}

/** By place in the batch. `present` holds the versioned events that were stored before. */
function outcomesOf(
  { regular, versioned, superseded, copies }: OrderedBatch,
  stored: ReadonlyMap<string, number>,
  present: ReadonlySet<string>,
): PutOutcome[] {
  const outcomes: PutOutcome[] = [];
  for (const { place, record } of regular) {
    outcomes[place] = stored.has(record.event.id) ? "stored" : "duplicate";
  }
  for (const { place, record: { event: { id } } } of versioned) {
    outcomes[place] = stored.has(id) ? "stored" : present.has(id) ? "duplicate" : "superseded";
  }
  for (const place of superseded) outcomes[place] = "superseded";
  for (const [place, first] of copies) {
    outcomes[place] = outcomes[first] === "stored" ? "duplicate" : outcomes[first]!;
  }
  return outcomes;
}

/** A batch that was written twice, because the first attempt may have committed. */
interface WrittenTwice {
  readonly batch: readonly EventRecord[];
  /** Of the second attempt. */
  readonly outcomes: readonly PutOutcome[];
  /** What the first attempt stored if it committed. */
  readonly doubtful: readonly NumberedRecord[];
  readonly feed: Pick<StoreFeed, "committed">;
}

/** Duplicates of the second attempt were stored by the first if it committed: reports these as stored. */
export function settledOutcomes(
  { batch, outcomes, doubtful, feed }: WrittenTwice,
): readonly PutOutcome[] {
  const ids = new Set(doubtful.map(({ event: { id } }) => id));
  const isThere = new Set<string>();
  const settled = outcomes.map((outcome, place) => {
    const { id } = batch[place]!.event;
    if (outcome !== "duplicate" || !ids.has(id) || isThere.has(id)) return outcome;
    isThere.add(id);
    return "stored";
  });
  feed.committed(doubtful.filter(({ event: { id } }) => isThere.has(id)));
  return settled;
}
