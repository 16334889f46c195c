/**
 * The store that explains the others.
 *
 * @module
 */

import type { NostrEvent } from "../nostr/event.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { addressOf, isNewer } from "../nostr/kind.ts";
import { matches } from "../nostr/match.ts";
import {
  type EventRecord,
  type EventStore,
  type PutOutcome,
  type QueryOptions,
  type StoredEvent,
  StoreUnavailable,
} from "./event_store.ts";
import { LocalFeed } from "./local_feed.ts";

/** How many events a chunk of an answer has, at most. */
const CHUNK_EVENTS = 500;

interface NumberedRecord extends EventRecord {
  readonly seq: number;
}

/**
 * Events in a map, and every question answered by looking at all of them. It is the meaning of
 * {@link EventStore} in the fewest words, and the oracle by which the other stores are judged; it also
 * serves a relay that may forget.
 *
 * @see NIP-01
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 * import { utf8 } from "../base/bytes.ts";
 * import { MemoryStore } from "./memory.ts";
 *
 * const store = new MemoryStore();
 * const event = { id: "a1", pubkey: "b2", created_at: 3, kind: 1, tags: [], content: "", sig: "" };
 * const record = { event, json: utf8(JSON.stringify(event)) };
 * deepEqual(await store.put([record]), ["stored"]);
 * deepEqual(await store.put([record]), ["duplicate"]);
 * for await (const chunk of store.query([{ tags: new Map() }])) equal(chunk[0]?.id, "a1");
 * ```
 */
export class MemoryStore implements EventStore {
  readonly feed = new LocalFeed();
  readonly #byId = new Map<string, NumberedRecord>();
  readonly #byAddress = new Map<string, NostrEvent>();
  #lastSeq = 0;
  #closed = false;

  put(batch: readonly EventRecord[]): Promise<readonly PutOutcome[]> {
    if (this.#closed) return Promise.reject(closedError());
    const outcomes = new Array<PutOutcome>(batch.length);
    // Newest first, so that of two versions in one batch the older one is superseded, as it is in the
    // stores that write a batch in one statement.
    const order = [...batch.keys()].sort((a, b) => newestFirst(batch[a]!, batch[b]!));
    for (const place of order) outcomes[place] = this.#putOne(batch[place]!);
    this.feed.tell(batch.filter((_, place) => outcomes[place] === "stored"));
    return Promise.resolve(outcomes);
  }

  async *query(
    filters: readonly ReqFilter[],
    { signal }: QueryOptions = {},
  ): AsyncIterable<readonly StoredEvent[]> {
    if (this.#closed) throw closedError();
    const found = new Set(filters.flatMap((filter) => this.#newestMatches(filter)));
    const ordered = [...found].sort(newestFirst).map(toStored);
    for (let start = 0; start < ordered.length; start += CHUNK_EVENTS) {
      signal?.throwIfAborted();
      yield await Promise.resolve(ordered.slice(start, start + CHUNK_EVENTS));
    }
    signal?.throwIfAborted();
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #putOne(record: EventRecord): PutOutcome {
    const { event } = record;
    if (this.#byId.has(event.id)) return "duplicate";
    const address = addressOf(event);
    if (address !== undefined) {
      const key = JSON.stringify(address);
      const current = this.#byAddress.get(key);
      if (current !== undefined) {
        if (!isNewer(event, current)) return "superseded";
        this.#byId.delete(current.id);
      }
      this.#byAddress.set(key, event);
    }
    this.#byId.set(event.id, { ...record, seq: ++this.#lastSeq });
    return "stored";
  }

  #newestMatches(filter: ReqFilter): NumberedRecord[] {
    return [...this.#byId.values()]
      .filter(({ event }) => matches(filter, event))
      .sort(newestFirst)
      .slice(0, filter.limit);
  }
}

/** `created_at` descending, then `id` ascending. */
function newestFirst(a: EventRecord, b: EventRecord): number {
  if (a.event.id === b.event.id) return 0;
  return isNewer(a.event, b.event) ? -1 : 1;
}

function toStored({ seq, event, json }: NumberedRecord): StoredEvent {
  return { seq, id: event.id, createdAt: event.created_at, json };
}

function closedError(): StoreUnavailable {
  return new StoreUnavailable("the store is closed");
}
