/**
 * Sorts and deduplicates a batch before it is written.
 *
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import { addressOf, isNewer } from "../../nostr/kind.ts";
import type { EventRecord } from "../event_store.ts";
import { type Fingerprint, slotFingerprint } from "../fingerprint.ts";

/** An event to write and its place in the original batch. */
export interface Entry {
  readonly place: number;
  readonly record: EventRecord;
  /** The fingerprint of the `d` tag, see {@link slotFingerprint}; undefined for a regular event. */
  readonly slot: Fingerprint | undefined;
}

/** What remains to be written of a batch, and the outcomes that are known without the database. */
export interface OrderedBatch {
  /** Regular events by author and id, without duplicates. */
  readonly regular: readonly Entry[];
  /** Replaceable and addressable events by address, the newest version of each. */
  readonly versioned: readonly Entry[];
  /** Places of events of which the batch has a newer version. */
  readonly superseded: readonly number[];
  /** Places of duplicates within the batch, each with the place of the first copy. */
  readonly copies: ReadonlyMap<number, number>;
}

/** The places of a batch in the order `created_at` descending, then `id` ascending. */
export function newestFirst(batch: readonly EventRecord[]): readonly number[] {
  return [...batch.keys()].sort((a, b) => {
    const [one, other] = [batch[a]!.event, batch[b]!.event];
    if (one.id === other.id) return 0;
    return isNewer(one, other) ? -1 : 1;
  });
}

/**
 * Sorts a batch, drops duplicates and keeps only the newest version of each address, because one
 * `INSERT … ON CONFLICT` cannot update a row twice. All writers use the same order, so that they
 * cannot deadlock.
 *
 * @param hashText computes fingerprints.
 * @param without places of events that must not be written.
 */
export function orderedBatch(
  batch: readonly EventRecord[],
  hashText: HashText,
  without: ReadonlySet<number> = new Set(),
): OrderedBatch {
  const firstPlaces = new Map<string, number>();
  const copies = new Map<number, number>();
  const superseded: number[] = [];
  const regular: Entry[] = [];
  const versioned = new Map<string, Entry>();
  batch.forEach((record, place) => {
    if (without.has(place)) return;
    const { id } = record.event;
    const first = firstPlaces.get(id);
    if (first !== undefined) return copies.set(place, first);
    firstPlaces.set(id, place);
    const address = addressOf(record.event);
    if (address === undefined) return regular.push({ place, record, slot: undefined });
    const entry = { place, record, slot: slotFingerprint(address.d, hashText) };
    const key = `${address.pubkey}:${address.kind}:${entry.slot}`;
    const [newer, older] = newerFirst(entry, versioned.get(key));
    versioned.set(key, newer);
    if (older !== undefined) superseded.push(older.place);
  });
  return {
    regular: regular.sort(byAuthor),
    versioned: [...versioned].sort(([a], [b]) => byText(a, b)).map(([, entry]) => entry),
    superseded,
    copies,
  };
}

function newerFirst(entry: Entry, other: Entry | undefined): readonly [Entry, Entry | undefined] {
  return other === undefined || isNewer(entry.record.event, other.record.event)
    ? [entry, other]
    : [other, entry];
}

/** Keeps the events of one author together, as they are in two indexes. */
function byAuthor({ record: { event: a } }: Entry, { record: { event: b } }: Entry): number {
  return a.pubkey === b.pubkey ? byText(a.id, b.id) : byText(a.pubkey, b.pubkey);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
