/**
 * The store that explains the others.
 *
 * @module
 */

import type { NostrEvent } from "../nostr/event.ts";
import { hasExpired } from "../nostr/expiration.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { addressOf, isNewer } from "../nostr/kind.ts";
import { countAuthor, emptyRegisters, hyperLogLogOffset } from "../nostr/hyperloglog.ts";
import { matches } from "../nostr/match.ts";
import type { CountResult } from "../nostr/relay_message.ts";
import { relevance } from "../nostr/search.ts";
import {
  type CountOptions,
  type EventRecord,
  type EventStore,
  type PutOutcome,
  type QueryOptions,
  type StoredEvent,
  StoreUnavailable,
} from "./event_store.ts";
import { LocalFeed } from "./local_feed.ts";
import { nowS, type StoreClock, timeless } from "./store_clock.ts";
import { compare, type Place } from "./scan.ts";
import { candidatesFor, DEFAULT_SEARCH_CANDIDATES } from "./search_walk.ts";
import { isRequest, Tombstones } from "./tombstones.ts";
import type { SurveyedEvent, Upkeep } from "./upkeep.ts";
import { whenReady } from "./when_ready.ts";

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
export class MemoryStore implements EventStore, Upkeep {
  readonly feed = new LocalFeed();
  readonly #byId = new Map<string, NumberedRecord>();
  readonly #byAddress = new Map<string, NostrEvent>();
  readonly #tombstones = new Tombstones();
  readonly #clock: StoreClock;
  readonly #searchCandidates: number;
  #lastSeq = 0;
  #closed = false;

  /**
   * By the clock events expire; without one none does. Of what a search finds, that many of the newest
   * are compared.
   */
  constructor(clock: StoreClock = timeless, searchCandidates = DEFAULT_SEARCH_CANDIDATES) {
    this.#clock = clock;
    this.#searchCandidates = searchCandidates;
  }

  put(batch: readonly EventRecord[]): Promise<readonly PutOutcome[]> {
    if (this.#closed) return Promise.reject(closedError());
    const outcomes = new Array<PutOutcome>(batch.length);
    for (const { event } of batch) this.#tombstones.heed(event);
    if (batch.some(({ event }) => isRequest(event))) this.#removeCovered();
    // Newest first, so that of two versions in one batch the older one is superseded, as it is in the
    // stores that write a batch in one statement.
    const order = [...batch.keys()].sort((a, b) => newestFirst(batch[a]!, batch[b]!));
    for (const place of order) outcomes[place] = this.#putOne(batch[place]!);
    this.feed.tell(batch.filter((_, place) => outcomes[place] === "stored"));
    return Promise.resolve(outcomes);
  }

  async *query(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly StoredEvent[]> {
    if (this.#closed) throw closedError();
    const found = [...new Set(filters.flatMap((filter) => this.#answer(filter)))];
    // What was searched for stays in the order of its relevance.
    const isSearch = filters.some(({ search }) => search !== undefined);
    const ordered = (isSearch ? found : found.sort(newestFirst)).map(toStored);
    for (let start = 0; start < ordered.length; start += CHUNK_EVENTS) {
      await whenReady(options);
      yield ordered.slice(start, start + CHUNK_EVENTS);
    }
    options.signal?.throwIfAborted();
  }

  count(
    filters: readonly ReqFilter[],
    { maxRows, signal }: CountOptions,
  ): Promise<CountResult> {
    if (this.#closed) return Promise.reject(closedError());
    if (signal?.aborted) return Promise.reject(signal.reason);
    const all = filters.map((filter) => this.#matches(filter));
    const counted = new Set(all.flatMap((records) => records.slice(0, maxRows)));
    const isApproximate = all.some(({ length }) => length > maxRows);
    const result = { count: counted.size, isApproximate };
    const offset = filters.length === 1 ? hyperLogLogOffset(filters[0]!) : undefined;
    if (offset === undefined) return Promise.resolve(result);
    const registers = emptyRegisters();
    for (const { event } of counted) countAuthor(registers, event.pubkey, offset);
    return Promise.resolve({ ...result, registers });
  }

  /** Searching looks at the events themselves. */
  async *reindex(): AsyncIterable<number> {}

  fill<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  removeExpired(limit: number): Promise<number> {
    const now = nowS(this.#clock);
    const expired = [...this.#byId.values()].filter(({ event }) => hasExpired(event, now));
    return this.remove(expired.slice(0, limit).map(({ event }) => event.id));
  }

  survey(after: Place, limit: number): Promise<readonly SurveyedEvent[]> {
    const events = [...this.#byId.values()].sort(newestFirst).map(toSurveyed);
    return Promise.resolve(events.filter((event) => compare(event, after) > 0).slice(0, limit));
  }

  remove(ids: readonly string[]): Promise<number> {
    const found = ids.flatMap((id) => this.#byId.get(id) ?? []);
    for (const { event } of found) this.#remove(event);
    return Promise.resolve(found.length);
  }

  #putOne(record: EventRecord): PutOutcome {
    const { event } = record;
    if (this.#tombstones.cover(event)) {
      if (this.#tombstones.closeUpTo(event)) this.#removeCovered();
      return "deleted";
    }
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

  #removeCovered(): void {
    for (const { event } of this.#byId.values()) {
      if (!this.#tombstones.cover(event)) continue;
      this.#tombstones.closeUpTo(event);
      this.#remove(event);
    }
  }

  #remove(event: NostrEvent): void {
    this.#byId.delete(event.id);
    const address = addressOf(event);
    if (address !== undefined) this.#byAddress.delete(JSON.stringify(address));
  }

  /** The newest; of a search, the best of the newest. */
  #answer(filter: ReqFilter): NumberedRecord[] {
    const { search, limit } = filter;
    const newest = this.#matches(filter);
    if (search === undefined) return newest.slice(0, limit);
    return newest.slice(0, candidatesFor(limit ?? Infinity, this.#searchCandidates))
      .map((record) => ({ record, score: relevance(search, record.event) }))
      .sort((a, b) => b.score - a.score)
      .slice(0, limit)
      .map(({ record }) => record);
  }

  /** All of them, newest first. */
  #matches(filter: ReqFilter): NumberedRecord[] {
    const now = nowS(this.#clock);
    return [...this.#byId.values()]
      .filter(({ event }) => matches(filter, event) && !hasExpired(event, now))
      .sort(newestFirst);
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

function toSurveyed({ event, json }: EventRecord): SurveyedEvent {
  const { id, pubkey, kind, created_at: createdAt } = event;
  return { id, pubkey, kind, createdAt, bytes: json.length };
}

function closedError(): StoreUnavailable {
  return new StoreUnavailable("the store is closed");
}
