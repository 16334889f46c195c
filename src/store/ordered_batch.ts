/**
 * A batch as it is written.
 *
 * @module
 */

import type { Sha256 } from "../nostr/event_id.ts";
import { addressOf, isNewer } from "../nostr/kind.ts";
import type { EventRecord } from "./event_store.ts";
import { tagValueHex } from "./tag_value.ts";

/** An event to write and its place in the batch that was given. */
export interface Entry {
  readonly place: number;
  readonly record: EventRecord;
  /** What an author and kind has one event of, as hex; undefined for a regular event. */
  readonly slot: string | undefined;
}

/** What is left to write of a batch, and what is known without asking the database. */
export interface OrderedBatch {
  /** Regular events by id, each once. */
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
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { newestFirst } from "./ordered_batch.ts";
 *
 * const note = (id: string, created_at: number) => ({
 *   event: { id, pubkey: "b2", created_at, kind: 1, tags: [], content: "", sig: "" },
 *   json: new Uint8Array(),
 * });
 * deepEqual(newestFirst([note("b", 1), note("c", 2), note("a", 1)]), [1, 2, 0]);
 * ```
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
 * @param sha256 writes long `d` values, see {@link tagValueHex}.
 * @param without places of events that are not to be written.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { orderedBatch } from "./ordered_batch.ts";
 *
 * const profile = (id: string, created_at: number) => ({
 *   event: { id, pubkey: "b2", created_at, kind: 0, tags: [], content: "", sig: "" },
 *   json: new Uint8Array(),
 * });
 * const { versioned, superseded } = orderedBatch([profile("a1", 1), profile("a2", 2)], sha256);
 * deepEqual(versioned.map(({ place }) => place), [1]);
 * deepEqual(superseded, [0]);
 * ```
 */
export function orderedBatch(
  batch: readonly EventRecord[],
  sha256: Sha256,
  without: ReadonlySet<number> = new Set(),
): OrderedBatch {
  const firstPlaces = new Map<string, number>();
  const copies = new Map<number, number>();
  const superseded: number[] = [];
  const regular: [string, Entry][] = [];
  const versioned = new Map<string, Entry>();
  batch.forEach((record, place) => {
    if (without.has(place)) return;
    const { id } = record.event;
    const first = firstPlaces.get(id);
    if (first !== undefined) return copies.set(place, first);
    firstPlaces.set(id, place);
    const address = addressOf(record.event);
    if (address === undefined) return regular.push([id, { place, record, slot: undefined }]);
    const entry = { place, record, slot: tagValueHex(address.d, sha256) ?? "" };
    const key = `${address.pubkey}:${address.kind}:${entry.slot}`;
    const [newer, older] = newerFirst(entry, versioned.get(key));
    versioned.set(key, newer);
    if (older !== undefined) superseded.push(older.place);
  });
  return { regular: sorted(regular), versioned: sorted([...versioned]), superseded, copies };
}

function newerFirst(entry: Entry, other: Entry | undefined): readonly [Entry, Entry | undefined] {
  return other === undefined || isNewer(entry.record.event, other.record.event)
    ? [entry, other]
    : [other, entry];
}

function sorted(entries: readonly [string, Entry][]): readonly Entry[] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
