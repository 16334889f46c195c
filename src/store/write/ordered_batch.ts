/**
 * A batch as it is written.
 *
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import { addressOf, isNewer } from "../../nostr/kind.ts";
import type { EventRecord } from "../event_store.ts";
import { type Fingerprint, slotFingerprint } from "../fingerprint.ts";

/** An event to write and its place in the batch that was given. */
export interface Entry {
  readonly place: number;
  readonly record: EventRecord;
  /** What an author and kind has one event of; undefined for a regular event. */
  readonly slot: Fingerprint | undefined;
}

/** What is left to write of a batch, and what is known without asking the database. */
export interface OrderedBatch {
  /** Regular events by author and id, each once. */
  readonly regular: readonly Entry[];
  /** Replaceable and addressable events by address, of each address the newest. */
  readonly versioned: readonly Entry[];
  /** Places of older versions of what the batch itself brings. */
  readonly superseded: readonly number[];
  /** Places of events that came before in the batch, each with the place of the first. */
  readonly copies: ReadonlyMap<number, number>;
}

/**
 * The places of a batch in the order `created_at` descending, then `id` ascending.
 */
export function newestFirst(batch: readonly EventRecord[]): readonly number[] {
  return [...batch.keys()].sort((a, b) => {
    const [one, other] = [batch[a]!.event, batch[b]!.event];
    if (one.id === other.id) return 0;
    return isNewer(one, other) ? -1 : 1;
  });
}

/**
 * Sorts a batch and settles what its events decide among themselves: of equal events one is written, and
 * of several versions the newest. One statement cannot write a row twice. The order is the same for
 * every writer, so that two of them never wait for each other in a circle.
 *
 * @param hashText for fingerprints.
 * @param without places of events that are not to be written.
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

/** The events of one author are neighbours in two indexes. */
function byAuthor({ record: { event: a } }: Entry, { record: { event: b } }: Entry): number {
  return a.pubkey === b.pubkey ? byText(a.id, b.id) : byText(a.pubkey, b.pubkey);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
