/**
 * The newest events in memory, by everything that filters ask for.
 *
 * What makes it an answer is its horizon: every event that is not older is here. Of what is older some
 * may be here, and nothing follows from what is not.
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { expirationOf } from "../../nostr/expiration.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { addressOf, isNewer } from "../../nostr/kind.ts";
import { matches } from "../../nostr/match.ts";
import type { LateVersion, ToldRecord } from "../event_store.ts";
import { inOrder, type Ordered, Timeline } from "./timeline.ts";

/** An event that is held. */
export interface HeldEvent extends Ordered, ToldRecord {
  readonly seq: number;
  /** Seconds since 1970; infinite for one that does not expire. */
  readonly expiresAtS: number;
  /** What it counts for, bytes. */
  readonly bytes: number;
}

/** What an answer holds. */
export interface Found {
  /** In the order of answers. */
  readonly events: readonly HeldEvent[];
  /** Whether this is all there is, or all that was wanted. */
  readonly isWhole: boolean;
}

/** An event of so many tags is not indexed by them: each question by tags looks at it. */
const MAX_INDEXED_TAGS = 64;

/** What an event takes besides its JSON, and each of its tags, bytes; measured. */
const EVENT_BYTES = 900;
const TAG_BYTES = 160;

/** How many lanes of authors and kinds a question may have. */
const MAX_LANES = 4_096;

type Lanes = Map<string, Timeline<HeldEvent>>;

/**
 * Holds the newest events, up to so many bytes.
 */
export class RecentEvents {
  readonly #maxBytes: number;
  readonly #byId = new Map<string, HeldEvent>();
  readonly #byAddress = new Map<string, HeldEvent>();
  readonly #all = new Timeline<HeldEvent>();
  readonly #lanes: Lanes = new Map();
  /** Those whose tags are not indexed. */
  readonly #manyTagged = new Timeline<HeldEvent>();
  #bytes = 0;
  #horizon = Infinity;
  /** Something of this second, or older, was let go: the horizon is never below. */
  #evictedTo = -Infinity;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#byId.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Every event that is not older than this is here, seconds since 1970; infinite while none is known to be. */
  get horizon(): number {
    return this.#horizon;
  }

  /** Everything down to this time is here now. */
  lowerHorizon(createdAt: number): void {
    this.#horizon = Math.max(Math.min(this.#horizon, createdAt), this.#evictedTo);
  }

  /** Nothing is known any more. */
  clear(): void {
    for (const held of [...this.#byId.values()]) this.#remove(held);
    this.#horizon = Infinity;
    this.#evictedTo = -Infinity;
  }

  get(id: string): HeldEvent | undefined {
    return this.#byId.get(id);
  }

  /** Takes an event in, unless a newer version of it is here, and lets the version go that it replaces. */
  add({ event, json, seq = 0 }: ToldRecord): void {
    if (this.#byId.has(event.id)) return;
    const address = addressKey(event);
    const current = address === undefined ? undefined : this.#byAddress.get(address);
    if (current !== undefined) {
      if (!isNewer(event, current.event)) return;
      this.#remove(current);
    }
    const held: HeldEvent = {
      id: event.id,
      createdAt: event.created_at,
      event,
      json,
      seq,
      expiresAtS: expirationOf(event) ?? Infinity,
      bytes: json.length + EVENT_BYTES + TAG_BYTES * Math.min(event.tags.length, MAX_INDEXED_TAGS),
    };
    this.#byId.set(held.id, held);
    if (address !== undefined) this.#byAddress.set(address, held);
    this.#all.add(held);
    if (isManyTagged(held)) this.#manyTagged.add(held);
    for (const key of laneKeys(held)) {
      let lane = this.#lanes.get(key);
      if (lane === undefined) this.#lanes.set(key, lane = new Timeline());
      lane.add(held);
    }
    this.#bytes += held.bytes;
    this.#evict();
  }

  /** Forgets an event that is no longer stored. */
  delete(id: string): void {
    const held = this.#byId.get(id);
    if (held !== undefined) this.#remove(held);
  }

  /** Forgets what is older than a version that is gone itself. */
  deleteOlder({ kind, pubkey, d, id, createdAt }: LateVersion): void {
    const current = this.#byAddress.get(`${kind}:${pubkey}:${d}`);
    if (current !== undefined && isNewer({ id, created_at: createdAt }, current.event)) {
      this.#remove(current);
    }
  }

  /** The current version at an address, if it is here. */
  atAddress(key: string): HeldEvent | undefined {
    return this.#byAddress.get(key);
  }

  /** What an author wrote, and what was sent to them, as far as it is here. */
  *concerning(pubkey: string): Generator<HeldEvent, undefined> {
    for (const key of [`a${pubkey}`, `#p${pubkey}`]) {
      const lane = this.#lanes.get(key);
      for (let at = 0; at < (lane?.size ?? 0); at++) yield lane!.at(at)!;
    }
    for (let at = 0; at < this.#manyTagged.size; at++) yield this.#manyTagged.at(at)!;
  }

  /**
   * What a filter without a search matches here, in order, up to its limit.
   *
   * @param isVisible whether an event may be in the answer
   */
  find(filter: ReqFilter, isVisible: (held: HeldEvent) => boolean): Found {
    const { limit = Infinity, since = 0, until = Infinity } = filter;
    const isWanted = (held: HeldEvent) => matches(filter, held.event) && isVisible(held);
    if (filter.ids !== undefined) return this.#findIds(filter.ids, limit, isWanted);
    const events: HeldEvent[] = [];
    const oldest = Math.max(since, this.#horizon);
    let last: HeldEvent | undefined;
    for (const held of merged(this.#lanesFor(filter), until)) {
      if (held.createdAt < oldest || events.length >= limit) break;
      // One that stands in several lanes comes several times in a row.
      if (held === last) continue;
      last = held;
      if (isWanted(held)) events.push(held);
    }
    return { events, isWhole: events.length >= limit || since >= this.#horizon };
  }

  #findIds(
    ids: ReadonlySet<string>,
    limit: number,
    isWanted: (held: HeldEvent) => boolean,
  ): Found {
    const held = [...ids].map((id) => this.#byId.get(id));
    const here = held.filter((each) => each !== undefined);
    return {
      events: here.filter(isWanted).sort(inOrder).slice(0, limit),
      isWhole: here.length === held.length,
    };
  }

  /** The shortest lists that together hold everything that the filter can match. */
  #lanesFor(filter: ReqFilter): readonly Timeline<HeldEvent>[] {
    const { authors, kinds, tags, allTags } = filter;
    const byTag = [...tags].map(([letter, values]) => ({ letter, values: [...values] }));
    for (const [letter, values] of allTags ?? []) {
      byTag.push({ letter, values: [...values].slice(0, 1) });
    }
    const [driver] = byTag.sort((a, b) => a.values.length - b.values.length);
    if (driver !== undefined) {
      const lanes = this.#named(driver.values.map((value) => `#${driver.letter}${value}`));
      return [...lanes, this.#manyTagged];
    }
    if (authors !== undefined && kinds !== undefined && authors.size * kinds.size <= MAX_LANES) {
      return this.#named(
        [...authors].flatMap((author) => [...kinds].map((kind) => `b${kind} ${author}`)),
      );
    }
    if (authors !== undefined) return this.#named([...authors].map((author) => `a${author}`));
    if (kinds !== undefined) return this.#named([...kinds].map((kind) => `k${kind}`));
    return [this.#all];
  }

  #named(keys: readonly string[]): readonly Timeline<HeldEvent>[] {
    return keys.map((key) => this.#lanes.get(key)).filter((lane) => lane !== undefined);
  }

  #remove(held: HeldEvent): void {
    this.#byId.delete(held.id);
    const address = addressKey(held.event);
    if (address !== undefined && this.#byAddress.get(address) === held) {
      this.#byAddress.delete(address);
    }
    this.#all.delete(held);
    if (isManyTagged(held)) this.#manyTagged.delete(held);
    for (const key of laneKeys(held)) {
      const lane = this.#lanes.get(key);
      lane?.delete(held);
      if (lane?.size === 0) this.#lanes.delete(key);
    }
    this.#bytes -= held.bytes;
  }

  /** Lets the oldest events go until there is room. */
  #evict(): void {
    while (this.#bytes > this.#maxBytes && this.#all.size > 0) {
      const oldest = this.#all.at(this.#all.size - 1)!;
      this.#remove(oldest);
      // Of its second some may be left.
      this.#evictedTo = Math.max(this.#evictedTo, oldest.createdAt + 1);
      this.#horizon = Math.max(this.#horizon, this.#evictedTo);
    }
  }
}

/** Under which an event stands: by author, kind, both, and each value of its tags. */
function laneKeys(held: HeldEvent): Iterable<string> {
  const { pubkey, kind, tags } = held.event;
  const keys = new Set([`a${pubkey}`, `k${kind}`, `b${kind} ${pubkey}`]);
  if (isManyTagged(held)) return keys;
  for (const [name, value] of tags) {
    if (name!.length === 1 && value !== undefined) keys.add(`#${name}${value}`);
  }
  return keys;
}

function isManyTagged({ event }: HeldEvent): boolean {
  return event.tags.length > MAX_INDEXED_TAGS;
}

/** One text for the address of a replaceable or addressable event. */
export function addressKey(
  event: Pick<NostrEvent, "kind" | "pubkey" | "tags">,
): string | undefined {
  const address = addressOf(event);
  return address && `${address.kind}:${address.pubkey}:${address.d}`;
}

/** The events of all lanes in one order, from `until` on. */
function* merged(
  lanes: readonly Timeline<HeldEvent>[],
  until: number,
): Generator<HeldEvent, undefined> {
  const heap: { readonly lane: Timeline<HeldEvent>; place: number; item: HeldEvent }[] = [];
  for (const lane of lanes) {
    const place = lane.placeUntil(until);
    const item = lane.at(place);
    if (item !== undefined) heap.push({ lane, place, item });
  }
  for (let at = (heap.length >>> 1) - 1; at >= 0; at--) sink(heap, at);
  while (heap.length > 0) {
    const first = heap[0]!;
    yield first.item;
    const next = first.lane.at(++first.place);
    if (next !== undefined) first.item = next;
    else {
      const last = heap.pop()!;
      if (heap.length > 0) heap[0] = last;
    }
    sink(heap, 0);
  }
}

/** Lets an item of a binary heap sink to where it belongs. */
function sink(heap: { item: HeldEvent }[], from: number): void {
  for (let at = from;;) {
    let first = at;
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heap.length && inOrder(heap[child]!.item, heap[first]!.item) < 0) first = child;
    }
    if (first === at) return;
    [heap[at], heap[first]] = [heap[first]!, heap[at]!];
    at = first;
  }
}
