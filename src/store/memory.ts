/**
 * The reference implementation of a store.
 *
 * @module
 */

import type { NostrEvent } from "../nostr/event.ts";
import { hasExpired } from "../nostr/expiration.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import type { Source } from "../base/fair_queue.ts";
import { deletionTargets } from "../nostr/deletion_request.ts";
import { ownersOf } from "../nostr/gift_wrap.ts";
import { addressOf, addressText, isNewer } from "../nostr/kind.ts";
import { VANISH_REQUEST } from "../nostr/vanish_request.ts";
import { countAuthor, emptyRegisters, hyperLogLogOffset } from "../nostr/hyperloglog.ts";
import { matches } from "../nostr/match.ts";
import type { CountResult } from "../nostr/relay_message.ts";
import { isVisible } from "../nostr/visibility.ts";
import { relevance } from "../nostr/search.ts";
import {
  type CountOptions,
  type Erasure,
  type EventRecord,
  type EventStore,
  type PutOutcome,
  type QueryOptions,
  QueryTimedOut,
  type Rule,
  type RuleChange,
  type RuleList,
  type RuleLogEntry,
  type RuleStore,
  type StoredEvent,
  StoreUnavailable,
} from "./event_store.ts";
import { LocalFeed } from "./feed/local_feed.ts";
import { nowS, type StoreClock, timeless } from "./store_clock.ts";
import { compare, type Place } from "./read/scan.ts";
import { candidatesFor, DEFAULT_SEARCH_CANDIDATES } from "./search/search_walk.ts";
import { isRequest, OPERATOR, Tombstones } from "./write/tombstones.ts";
import type { AuditPage, StoreSize, SurveyedEvent, TableSize, Upkeep } from "./write/upkeep.ts";
import { whenReady } from "./read/when_ready.ts";

/** How many events a chunk of an answer has, at most. */
const CHUNK_EVENTS = 500;

interface NumberedRecord extends EventRecord {
  readonly seq: number;
}

/** How many events are compared with a filter before others have their turn: about a millisecond. */
const EVENTS_AT_ONCE = 2_000;

/** So many tags, each looked at for a letter of the filter, cost as much as an event. */
const TAGS_PER_EVENT = 16;

/** So many characters of a text whose words are looked for cost as much as an event. */
const CHARACTERS_PER_EVENT = 8;

/** Where searching an event ends, characters. */
const MAX_SEARCHED = 65_536;

/** How many matching events are sorted in one go. */
const SORTED_AT_ONCE = 1_000;

/** The steps of a look at all events. */
interface Look {
  /** Whether an event is not for the eyes of whoever asks. */
  isHidden(event: NostrEvent): boolean;
  /** To be asked before each event, with what it costs to compare it: whether it is time for a pause. */
  isDue(cost: number): boolean;
  /** Lets others have their turn; throws when the time is over. */
  pause(): Promise<void>;
}

/**
 * Keeps events in a map and answers every query by looking at all of them. It is the shortest
 * implementation of {@link EventStore} and the oracle in the tests of the others; it also serves a relay
 * that does not keep its events.
 *
 * @see NIP-01
 */
export class MemoryStore implements EventStore, Upkeep, RuleStore {
  readonly feed = new LocalFeed();
  readonly #byId = new Map<string, NumberedRecord>();
  readonly #byAddress = new Map<string, NostrEvent>();
  readonly #tombstones = new Tombstones();
  readonly #clock: StoreClock;
  readonly #searchCandidates: number;
  readonly #pause: ((source?: Source) => Promise<void>) | undefined;
  /** By list and value, as JSON. */
  readonly #rules = new Map<string, Rule>();
  readonly #ruleLog: RuleLogEntry[] = [];
  #lastSeq = 0;
  #closed = false;

  /**
   * Events expire by the clock; without one they never do. A search ranks that many of the newest matches.
   * `pause` is called now and then during a long scan, with the source of the query; default: never.
   */
  constructor(
    clock: StoreClock = timeless,
    searchCandidates: number = DEFAULT_SEARCH_CANDIDATES,
    pause?: (source?: Source) => Promise<void>,
  ) {
    this.#clock = clock;
    this.#searchCandidates = searchCandidates;
    this.#pause = pause;
  }

  put(batch: readonly EventRecord[]): Promise<readonly PutOutcome[]> {
    if (this.#closed) return Promise.reject(closedError());
    const outcomes = new Array<PutOutcome>(batch.length);
    for (const { event } of batch) this.#tombstones.noteDeletion(event);
    this.#removeCovered(this.#meantBy(batch));
    // Newest first, so that of two versions in one batch the older one is superseded, as it is in the
    // stores that write a batch in one statement.
    const order = [...batch.keys()].sort((a, b) => newestFirst(batch[a]!, batch[b]!));
    for (const place of order) outcomes[place] = this.#putOne(batch[place]!);
    const stored = batch.filter((_, place) => outcomes[place] === "stored");
    this.feed.tell(stored.map((record) => this.#byId.get(record.event.id) ?? record));
    return Promise.resolve(outcomes);
  }

  async *query(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly StoredEvent[]> {
    if (this.#closed) throw closedError();
    const look = this.#look(options);
    const all = new Set<NumberedRecord>();
    for (const filter of filters) {
      for (const record of await this.#answer(filter, look)) all.add(record);
    }
    const found = [...all];
    // The results of a search stay in the order of their relevance.
    const isSearch = filters.some(({ search }) => search !== undefined);
    const ordered = (isSearch ? found : found.sort(newestFirst)).map(toStored);
    for (let start = 0; start < ordered.length; start += CHUNK_EVENTS) {
      const waiting = whenReady(options);
      if (waiting !== undefined) await waiting;
      if (start + CHUNK_EVENTS >= ordered.length) options.onLast?.();
      yield ordered.slice(start, start + CHUNK_EVENTS);
    }
    options.signal?.throwIfAborted();
  }

  async *identify(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly Pick<StoredEvent, "id" | "createdAt">[]> {
    yield* this.query(filters, options);
  }

  async count(filters: readonly ReqFilter[], options: CountOptions): Promise<CountResult> {
    if (this.#closed) throw closedError();
    const { maxRows } = options;
    const look = this.#look(options);
    const counted = new Set<NumberedRecord>();
    let isApproximate = false;
    for (const filter of filters) {
      const found = await this.#matches(filter, Infinity, look);
      isApproximate ||= found.length > maxRows;
      for (const record of found.slice(0, maxRows)) counted.add(record);
    }
    const result = { count: counted.size, isApproximate };
    const offset = filters.length === 1 ? hyperLogLogOffset(filters[0]!) : undefined;
    if (offset === undefined) return result;
    const registers = emptyRegisters();
    for (const { event } of counted) countAuthor(registers, event.pubkey, offset);
    return { ...result, registers };
  }

  /** Searching looks at the events themselves. */
  async *reindex(): AsyncIterable<number> {}

  rules(): Promise<readonly Rule[]> {
    return Promise.resolve([...this.#rules.values()]);
  }

  changeRules(
    changes: readonly RuleChange[],
    by: { readonly who: string; readonly atS: number },
  ): Promise<void> {
    for (const { list, value, reason } of changes) {
      const key = ruleKey(list, value);
      const before = this.#rules.get(key)?.reason;
      this.#ruleLog.unshift({ ...by, list, value, reason, before });
      if (reason === undefined) this.#rules.delete(key);
      else this.#rules.set(key, { list, value, reason });
    }
    return Promise.resolve();
  }

  ruleLog(limit: number): Promise<readonly RuleLogEntry[]> {
    return Promise.resolve(this.#ruleLog.slice(0, limit));
  }

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

  restore(ids: readonly string[]): Promise<number> {
    const { size } = this.#tombstones.restore(ids);
    if (size > 0) this.feed.restored(ids);
    return Promise.resolve(size);
  }

  audit(from: number, limit: number): Promise<AuditPage> {
    const records = [...this.#byId.values()].filter(({ seq }) => seq > from).slice(0, limit);
    const next = records.length < limit ? undefined : records.at(-1)!.seq;
    const events = records.map(({ event: { id }, json }) => ({ id, json, faults: [] }));
    return Promise.resolve({ events, strayTags: 0, next });
  }

  removeStrayTags(): Promise<number> {
    return Promise.resolve(0);
  }

  tableSizes(): Promise<readonly TableSize[]> {
    return Promise.resolve([]);
  }

  async erase(erasure: Erasure): Promise<number> {
    const { ids, isRemembered } = erasure;
    for (const id of isRemembered ? ids : []) {
      this.#tombstones.delete(id, OPERATOR);
      const event = this.#byId.get(id)?.event;
      if (event !== undefined) this.#tombstones.closeUpTo(event);
    }
    const count = await this.remove(ids);
    this.feed.erased(erasure);
    return count;
  }

  async rewrite(id: string, record: EventRecord): Promise<PutOutcome | undefined> {
    const count = await this.erase({ ids: [id], isRemembered: false });
    return count === 0 ? undefined : (await this.put([record]))[0];
  }

  probe(): Promise<void> {
    return this.#closed ? Promise.reject(closedError()) : Promise.resolve();
  }

  size(): Promise<StoreSize> {
    let bytes = 0;
    for (const { json } of this.#byId.values()) bytes += json.length;
    return Promise.resolve({ events: this.#byId.size, bytes });
  }

  #putOne(record: EventRecord): PutOutcome {
    const { event } = record;
    if (this.#tombstones.covers(event)) {
      const closed = this.#tombstones.closeUpTo(event);
      const current = closed && this.#byAddress.get(addressText(closed.address));
      if (current !== undefined) this.#removeCovered([current]);
      return "deleted";
    }
    if (this.#byId.has(event.id)) return "duplicate";
    const address = addressOf(event);
    if (address !== undefined) {
      const key = addressText(address);
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

  /** The events that requests of a batch may be about. */
  *#meantBy(batch: readonly EventRecord[]): Generator<NostrEvent, void> {
    const vanished = new Set<string>();
    for (const { event } of batch) {
      if (!isRequest(event)) continue;
      if (event.kind === VANISH_REQUEST) vanished.add(event.pubkey);
      const { ids, addresses } = deletionTargets(event);
      for (const id of ids) yield* known(this.#byId.get(id)?.event);
      for (const address of addresses) yield* known(this.#byAddress.get(addressText(address)));
    }
    if (vanished.size === 0) return;
    for (const { event } of this.#byId.values()) {
      if (ownersOf(event).some((owner) => vanished.has(owner))) yield event;
    }
  }

  #removeCovered(events: Iterable<NostrEvent>): void {
    for (const event of events) {
      if (!this.#tombstones.covers(event)) continue;
      this.#tombstones.closeUpTo(event);
      this.#remove(event);
    }
  }

  #remove(event: NostrEvent): void {
    this.#byId.delete(event.id);
    const address = addressOf(event);
    if (address !== undefined) this.#byAddress.delete(addressText(address));
  }

  /** The newest; of a search, the best of the newest. */
  async #answer(filter: ReqFilter, look: Look): Promise<NumberedRecord[]> {
    const { search, limit = Infinity } = filter;
    if (search === undefined) return await this.#matches(filter, limit, look);
    const candidates = candidatesFor(limit, this.#searchCandidates);
    return (await this.#matches(filter, candidates, look))
      .map((record) => ({ record, score: relevance(search, record.event) }))
      .sort((a, b) => b.score - a.score)
      .slice(0, limit)
      .map(({ record }) => record);
  }

  /** The newest of them, newest first; without a limit all of them, in no order. */
  async #matches(filter: ReqFilter, limit: number, look: Look): Promise<NumberedRecord[]> {
    const now = nowS(this.#clock);
    let found: NumberedRecord[] = [];
    for (const record of this.#byId.values()) {
      const { event } = record;
      if (look.isDue(costOf(filter, event))) await look.pause();
      if (!matches(filter, event) || hasExpired(event, now) || look.isHidden(event)) continue;
      found.push(record);
      // What cannot be among the newest any more is dropped before there is much to sort.
      if (found.length > 2 * limit + SORTED_AT_ONCE) found = newestOf(found, limit);
    }
    return limit === Infinity ? found : newestOf(found, limit);
  }

  #isBanned({ id, pubkey }: NostrEvent): boolean {
    if (this.#rules.size === 0) return false;
    return this.#rules.has(ruleKey("banned-key", pubkey)) ||
      this.#rules.has(ruleKey("banned-event", id));
  }

  /** One look at all events, however many filters it is for. */
  #look({ signal, timeoutMs, reader, source, includesBanned = false }: QueryOptions): Look {
    const startMs = this.#clock.monotonicMs();
    let count = 0;
    signal?.throwIfAborted();
    return {
      isHidden: (event) =>
        reader !== undefined && !isVisible(event, reader) ||
        !includesBanned && this.#isBanned(event),
      isDue: (cost) => (count += cost) >= EVENTS_AT_ONCE,
      pause: async () => {
        count = 0;
        await this.#pause?.(source);
        signal?.throwIfAborted();
        if (timeoutMs !== undefined && this.#clock.monotonicMs() - startMs > timeoutMs) {
          throw new QueryTimedOut(timeoutMs);
        }
      },
    };
  }
}

function known(event: NostrEvent | undefined): readonly NostrEvent[] {
  return event === undefined ? [] : [event];
}

/** What it costs to compare an event with a filter, in events of a few tags. */
function costOf({ tags, allTags, search }: ReqFilter, event: NostrEvent): number {
  const letters = tags.size + (allTags?.size ?? 0);
  const searched = search === undefined ? 0 : Math.min(event.content.length, MAX_SEARCHED);
  return 1 + letters * event.tags.length / TAGS_PER_EVENT + searched / CHARACTERS_PER_EVENT;
}

function ruleKey(list: RuleList, value: string): string {
  return JSON.stringify([list, value]);
}

function newestOf(records: NumberedRecord[], limit: number): NumberedRecord[] {
  const sorted = records.sort(newestFirst);
  return limit < sorted.length ? sorted.slice(0, limit) : sorted;
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
