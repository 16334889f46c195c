/**
 * Live delivery: an event is matched once for the whole process, whoever is connected.
 *
 * Asking each subscription about each event costs events × subscriptions. So filters are turned inside
 * out: a filter is registered under the values of one of its fields, the most selective it has (ids,
 * else authors, else a tag, else kinds, else none), and an event looks up its own id, author, tag
 * values and kind. What it finds are candidates, and only they are matched in full: the cost of an
 * event follows those who may be interested, not those who are connected.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { SharedBytes } from "../base/bytes.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { matches } from "../nostr/match.ts";

/** An accepted event on its way to listeners, with its JSON encoded once for all of them. */
export interface LiveEvent {
  readonly event: NostrEvent;
  readonly body: SharedBytes;
  /** From when on it is not sent any more, seconds since 1970. Default: never. */
  readonly expiresAtS?: number;
}

/** Someone who asked for live events. */
export interface Listener {
  readonly filters: readonly ReqFilter[];
  /** Called once for each event that any of the filters matches. Must not wait and must not throw. */
  deliver(live: LiveEvent): void;
}

/** One filter of one listener, with the place it is registered at. */
interface Entry extends Placement {
  readonly filter: ReqFilter;
  readonly state: ListenerState;
}

/** Where a filter is registered: under each of `keys` of one field. */
interface Placement {
  readonly field: string;
  readonly keys: Iterable<string | number>;
}

interface ListenerState {
  readonly listener: Listener;
  readonly entries: Entry[];
  /** Number of the last event it was given: one that meets two of its filters comes once. */
  given: number;
}

/** The field and key of filters that name no value at all, such as `{}` or `{"since": 1}`. */
const ANY = "any";

/**
 * Who listens to what.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { SharedBytes, utf8 } from "../base/bytes.ts";
 * import { Broadcast } from "./broadcast.ts";
 *
 * const broadcast = new Broadcast();
 * let delivered = 0;
 * const listener = {
 *   filters: [{ kinds: new Set([1]), tags: new Map() }],
 *   deliver: () => void delivered++,
 * };
 * broadcast.add(listener);
 * const event = { id: "", pubkey: "", created_at: 0, kind: 1, tags: [], content: "", sig: "" };
 * broadcast.publish({ event, body: new SharedBytes(utf8("{}")) });
 * broadcast.delete(listener);
 * equal(delivered, 1);
 * ```
 */
export class Broadcast {
  /** field → key → entries. A tag's field is its letter. */
  readonly #index = new Map<string, Map<string | number, Set<Entry>>>();
  readonly #listeners = new Map<Listener, ListenerState>();
  /** How many events were published so far: numbers them. */
  #published = 0;

  /** How many listeners there are. */
  get size(): number {
    return this.#listeners.size;
  }

  /** How many places filters are registered at; 0 when nobody listens. */
  get places(): number {
    let places = 0;
    for (const keys of this.#index.values()) places += keys.size;
    return places;
  }

  /** Starts delivering to `listener`. */
  add(listener: Listener): void {
    assert(!this.#listeners.has(listener), "a listener is added once");
    const state: ListenerState = { listener, entries: [], given: 0 };
    for (const filter of listener.filters) {
      const entry: Entry = { filter, state, ...placement(filter) };
      state.entries.push(entry);
      this.#register(entry);
    }
    this.#listeners.set(listener, state);
  }

  /** Stops delivering to `listener`, from now on and for good. Unknown ones are ignored. */
  delete(listener: Listener): void {
    const state = this.#listeners.get(listener);
    if (state === undefined) return;
    this.#listeners.delete(listener);
    for (const entry of state.entries) this.#unregister(entry);
  }

  /** Delivers to all whom it concerns and says how many they were. */
  publish(live: LiveEvent): number {
    const { event } = live;
    this.#published++;
    let delivered = this.#deliver("ids", event.id, live) +
      this.#deliver("authors", event.pubkey, live) +
      this.#deliver("kinds", event.kind, live) +
      this.#deliver(ANY, ANY, live);
    for (const [name, value] of event.tags) {
      if (value !== undefined) delivered += this.#deliver(name!, value, live);
    }
    return delivered;
  }

  #deliver(field: string, key: string | number, live: LiveEvent): number {
    const entries = this.#index.get(field)?.get(key);
    if (entries === undefined) return 0;
    let delivered = 0;
    for (const { filter, state } of entries) {
      if (state.given === this.#published || !matches(filter, live.event)) continue;
      state.given = this.#published;
      state.listener.deliver(live);
      delivered++;
    }
    return delivered;
  }

  #register(entry: Entry): void {
    const keys = getOrMake(this.#index, entry.field, () => new Map<string | number, Set<Entry>>());
    for (const key of entry.keys) getOrMake(keys, key, () => new Set<Entry>()).add(entry);
  }

  #unregister(entry: Entry): void {
    const keys = this.#index.get(entry.field);
    if (keys === undefined) return;
    for (const key of entry.keys) {
      const entries = keys.get(key);
      if (entries?.delete(entry) && entries.size === 0) keys.delete(key);
    }
    if (keys.size === 0) this.#index.delete(entry.field);
  }
}

/** An empty list is a place too: the filter matches nothing, and nothing will look it up. */
function placement(filter: ReqFilter): Placement {
  if (filter.ids !== undefined) return { field: "ids", keys: filter.ids };
  if (filter.authors !== undefined) return { field: "authors", keys: filter.authors };
  const tag = fewestValues(filter.tags);
  if (tag !== undefined) return { field: tag[0], keys: tag[1] };
  if (filter.kinds !== undefined) return { field: "kinds", keys: filter.kinds };
  return { field: ANY, keys: [ANY] };
}

function fewestValues(
  tags: ReqFilter["tags"],
): readonly [letter: string, values: ReadonlySet<string>] | undefined {
  let fewest: readonly [string, ReadonlySet<string>] | undefined;
  for (const tag of tags) {
    if (fewest === undefined || tag[1].size < fewest[1].size) fewest = tag;
  }
  return fewest;
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
