/**
 * The newest events in memory, indexed by everything that filters ask for.
 *
 * Every event that is not older than the horizon is here, so a filter that asks for nothing older is
 * answered in full. Some older events may be here too; that others are missing says nothing.
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { GIFT_WRAP } from "../../nostr/gift_wrap.ts";
import { expirationOf } from "../../nostr/expiration.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { type Address, addressOf, addressText, isNewer } from "../../nostr/kind.ts";
import { matches } from "../../nostr/match.ts";
import type { LateEvent, StoredEvent, ToldRecord } from "../event_store.ts";
import { inOrder, type Ordered, Timeline } from "./timeline.ts";

/** An event that is held. */
export interface HeldEvent extends Ordered {
  /** Without its content and signature, which `json` has. */
  readonly event: NostrEvent;
  readonly json: Uint8Array;
  readonly seq: number;
  /** Seconds since 1970; infinite for one that does not expire. */
  readonly expiresAtS: number;
  /** What it counts for, bytes. */
  readonly bytes: number;
}

/** The answer to a filter. */
export interface Found {
  /** In the order of answers. */
  readonly events: readonly HeldEvent[];
  /** Whether these are all events that match, or as many as the limit. */
  readonly isWhole: boolean;
}

/** An event with more tags is not indexed by them: a filter by tags looks at each such event. */
const MAX_INDEXED_TAGS = 64;

/**
 * Memory in bytes, as `bench/window_bytes.ts` measures it: of an event besides its JSON and the texts of
 * its tags, of each tag, of each entry in a lane, and of each lane.
 */
const EVENT_BYTES = 250;
const TAG_BYTES = 70;
const ENTRY_BYTES = 30;
const LANE_BYTES = 350;

/** What all filters of a query may cost together: lanes, events that are looked at, and their tags. */
export const MAX_COST = 10_000;

/** So many tags cost as much as an event. */
const TAGS_PER_COST = 16;

/** What a query may still cost. */
export interface Budget {
  left: number;
}

/** The most events that {@link RecentEvents.concerning} lists. */
const MAX_DELETED = 1_000;

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
  #bytes = 0;
  #horizon = Infinity;
  /** An event of the second before was evicted: the horizon is never lower than this. */
  #evictedTo = -Infinity;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#byId.size;
  }

  get bytes(): number {
    return this.#bytes + LANE_BYTES * this.#lanes.size;
  }

  /** Every event that is not older than this is here, seconds since 1970; infinite while that is unknown. */
  get horizon(): number {
    return this.#horizon;
  }

  /** Notes that every event down to this time is here. */
  lowerHorizon(createdAt: number): void {
    this.#horizon = Math.max(Math.min(this.#horizon, createdAt), this.#evictedTo);
  }

  /** Removes all events and forgets the horizon. */
  clear(): void {
    this.#byId.clear();
    this.#byAddress.clear();
    this.#all.clear();
    this.#lanes.clear();
    this.#bytes = 0;
    this.#horizon = Infinity;
    this.#evictedTo = -Infinity;
  }

  get(id: string): HeldEvent | undefined {
    return this.#byId.get(id);
  }

  /** Adds an event, unless a newer version of it is here, and removes the version that it replaces. */
  add({ event, json, seq = 0 }: ToldRecord): void {
    if (this.#byId.has(event.id) || event.created_at < this.#evictedTo) return;
    const address = addressKey(event);
    const current = address === undefined ? undefined : this.#byAddress.get(address);
    if (current !== undefined) {
      if (!isNewer(event, current.event)) return;
      this.#remove(current);
    }
    const keys = laneKeys(event);
    const held: HeldEvent = {
      id: event.id,
      createdAt: event.created_at,
      event: { ...event, content: "", sig: "" },
      json,
      seq,
      expiresAtS: expirationOf(event) ?? Infinity,
      // The texts of the tags are there twice: in the JSON, too, which is longer than them and the content.
      bytes: 2 * json.length - event.content.length + EVENT_BYTES +
        TAG_BYTES * event.tags.length + ENTRY_BYTES * keys.size,
    };
    this.#byId.set(held.id, held);
    if (address !== undefined) this.#byAddress.set(address, held);
    this.#all.add(held);
    for (const key of keys) {
      let lane = this.#lanes.get(key);
      if (lane === undefined) this.#lanes.set(key, lane = new Timeline());
      lane.add(held);
    }
    this.#bytes += held.bytes;
    this.#evict();
  }

  /** Removes an event that is no longer stored. */
  delete(id: string): void {
    const held = this.#byId.get(id);
    if (held !== undefined) this.#remove(held);
  }

  /** Removes the version at an event's address if it is older than the event. */
  deleteOlder(event: LateEvent): void {
    const address = addressKey(event);
    const current = address === undefined ? undefined : this.#byAddress.get(address);
    if (current !== undefined && isNewer(event, current.event)) this.#remove(current);
  }

  /** The current version at an address, if it is here. */
  atAddress(address: Address): HeldEvent | undefined {
    return this.#byAddress.get(addressText(address));
  }

  /** The replaceable and addressable events of an author that are here. */
  versionsOf(pubkey: string): readonly HeldEvent[] {
    const [lane] = this.#lanesOf([`a${pubkey}`]);
    return lane === undefined
      ? []
      : [...merged([lane], Infinity)].filter(({ event }) => addressOf(event) !== undefined);
  }

  /**
   * The events here that an author wrote or that name the author in a `p` tag.
   *
   * @return undefined when there are too many to be looked at one by one
   */
  concerning(pubkey: string): readonly HeldEvent[] | undefined {
    const lanes = this.#lanesOf([`a${pubkey}`, `#p${pubkey}`]);
    const size = lanes.reduce((sum, lane) => sum + lane.size, 0);
    return size > MAX_DELETED ? undefined : [...merged(lanes, Infinity)];
  }

  /**
   * What a filter without a search matches here, in order, up to its limit.
   *
   * @param isVisible whether an event may be in the answer
   * @param budget what the query may still cost; what is looked at is taken from it
   * @return undefined when too much would have to be looked at
   */
  find(
    filter: ReqFilter,
    isVisible: (held: HeldEvent) => boolean,
    budget: Budget,
  ): Found | undefined {
    const { limit = Infinity, since = 0, until = Infinity } = filter;
    const isWanted = (held: HeldEvent) => matches(filter, held.event) && isVisible(held);
    if (filter.ids !== undefined) return this.#findIds(filter.ids, limit, isWanted);
    const events: HeldEvent[] = [];
    const oldest = Math.max(since, this.#horizon);
    let last: HeldEvent | undefined;
    for (const held of merged(this.#lanesFor(filter, budget), until)) {
      if (held.createdAt < oldest || events.length >= limit) break;
      // One that stands in several lanes comes several times in a row.
      if (held === last) continue;
      last = held;
      budget.left -= 1 + Math.floor(held.event.tags.length / TAGS_PER_COST);
      if (budget.left < 0) return undefined;
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
  #lanesFor(filter: ReqFilter, budget: Budget): readonly Timeline<HeldEvent>[] {
    let [shortest, least] = [[this.#all], this.#all.size];
    for (const keys of laneChoices(filter, budget)) {
      budget.left -= keys.length;
      const lanes = this.#lanesOf(keys);
      const size = lanes.reduce((sum, lane) => sum + lane.size, 0);
      if (size < least) [shortest, least] = [lanes, size];
    }
    return shortest;
  }

  #lanesOf(keys: readonly string[]): Timeline<HeldEvent>[] {
    return keys.map((key) => this.#lanes.get(key)).filter((lane) => lane !== undefined);
  }

  #remove(held: HeldEvent): void {
    this.#byId.delete(held.id);
    const address = addressKey(held.event);
    if (address !== undefined && this.#byAddress.get(address) === held) {
      this.#byAddress.delete(address);
    }
    this.#all.delete(held);
    for (const key of laneKeys(held.event)) {
      const lane = this.#lanes.get(key);
      lane?.delete(held);
      if (lane?.size === 0) this.#lanes.delete(key);
    }
    this.#bytes -= held.bytes;
  }

  /** Removes the oldest events until the rest fits. */
  #evict(): void {
    while (this.bytes > this.#maxBytes && this.#all.size > 0) {
      const oldest = this.#all.at(this.#all.size - 1)!;
      this.#remove(oldest);
      // Some events of its second may still be here.
      this.#evictedTo = Math.max(this.#evictedTo, oldest.createdAt + 1);
      this.#horizon = Math.max(this.#horizon, this.#evictedTo);
    }
  }
}

/** The lanes under which an event stands: author, kind, both, and each value of its tags. */
function laneKeys({ pubkey, kind, tags }: NostrEvent): ReadonlySet<string> {
  const keys = new Set([`a${pubkey}`, `k${kind}`, `b${kind} ${pubkey}`]);
  const isManyTagged = tags.length > MAX_INDEXED_TAGS;
  if (isManyTagged) keys.add(MANY_TAGGED).add(manyTaggedOf(kind));
  for (const [name, value] of tags) {
    if (name!.length > 1 || value === undefined) continue;
    // A request to vanish deletes the gift wraps for its author, which are found however many tags they have.
    const isIndexed = !isManyTagged || (kind === GIFT_WRAP && name === "p");
    if (isIndexed) keys.add(`#${name}${value}`);
  }
  return keys;
}

/** The sets of lanes each of which holds everything that a filter can match. */
function* laneChoices(filter: ReqFilter, { left }: Budget): Generator<readonly string[], void> {
  const { authors, kinds, tags, allTags } = filter;
  // Few authors and kinds make many pairs.
  if (authors !== undefined && kinds !== undefined && authors.size * kinds.size <= left) {
    yield [...authors].flatMap((author) => [...kinds].map((kind) => `b${kind} ${author}`));
  } else if (authors !== undefined) yield [...authors].map((author) => `a${author}`);
  else if (kinds !== undefined) yield [...kinds].map((kind) => `k${kind}`);
  const unindexed = kinds === undefined ? [MANY_TAGGED] : [...kinds].map(manyTaggedOf);
  for (const [letter, values] of tags) {
    yield [...[...values].map((value) => `#${letter}${value}`), ...unindexed];
  }
  for (const [letter, [value]] of allTags ?? []) yield [`#${letter}${value}`, ...unindexed];
}

/** The lane of all events whose tags are not indexed. */
const MANY_TAGGED = "m";

/** The lane of the events of a kind whose tags are not indexed. */
function manyTaggedOf(kind: number): string {
  return `m${kind}`;
}

/** One text for the address of a replaceable or addressable event. */
function addressKey(
  event: Pick<NostrEvent, "kind" | "pubkey" | "tags">,
): string | undefined {
  const address = addressOf(event);
  return address && addressText(address);
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

/** How many events of an answer are given at a time. */
const PIECE_EVENTS = 500;

/** As many events of an answer as the reader takes at a time, at least one. */
export function pieceFrom(
  events: readonly HeldEvent[],
  from: number,
  maxBytes: number,
): StoredEvent[] {
  const piece: StoredEvent[] = [];
  let bytes = 0;
  for (let at = from; at < events.length && piece.length < PIECE_EVENTS; at++) {
    const { id, createdAt, json, seq } = events[at]!;
    bytes += json.length;
    if (bytes > maxBytes && piece.length > 0) break;
    piece.push({ seq, id, createdAt, json });
  }
  return piece;
}
