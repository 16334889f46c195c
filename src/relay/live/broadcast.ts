/**
 * Delivers new events to the subscriptions that match them.
 *
 * Comparing each event with each subscription would cost events × subscriptions. So filters are in
 * an inverted index: each is registered under the values of one of its fields, and an event looks
 * up its own id, author, tag values and kind. Each filter found is compared with the event once,
 * however many tags led to it, at a cost that depends on the filter alone. An event with very many
 * candidates is delivered in slices, between which control returns to the event loop. Events that
 * arrive meanwhile are queued, so every listener receives events in order.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import type { SharedBytes } from "../../base/bytes.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { matches, TaggedEvent } from "../../nostr/match.ts";
import { liveFilter } from "./live_filter.ts";
import { type FilterEntry, FilterIndex } from "./filter_index.ts";

/** An accepted event to be delivered, its JSON encoded once for all listeners. */
export interface LiveEvent {
  readonly event: NostrEvent;
  readonly body: SharedBytes;
  /** When the event expires, seconds since 1970. Default: never. */
  readonly expiresAtS?: number;
  /** When a client sent it to this instance, on the monotonic clock, milliseconds. */
  readonly arrivedMs?: number | undefined;
}

/** A receiver of live events. */
export interface Listener {
  /** Called once for each event that any of its filters matches. Must not wait. */
  deliver(live: LiveEvent): void;
}

interface BroadcastOptions {
  /** Calls `work` after other tasks have run. Default: events are not delivered in slices. */
  readonly defer?: (work: () => void) => void;
  /** 32 random bits, see {@link FilterIndex}. Default: 0. */
  readonly seed?: number;
  /** Called when an event was delivered to all listeners that match, if any does. */
  readonly onDelivered?: (live: LiveEvent) => void;
  /** Called when an event has been compared with all filters: {@link Broadcast.waiting} is one less. */
  readonly onFinished?: () => void;
  /** Called when a listener throws. The other listeners receive the event all the same. */
  readonly onFault?: (error: unknown, listener: Listener) => void;
}

/** One filter of one listener. */
interface Entry extends FilterEntry {
  readonly state: ListenerState;
  /** Number of the event last compared with this filter. */
  judged: number;
}

interface ListenerState {
  readonly listener: Listener;
  readonly entries: Entry[];
  /** Number of the newest event when the listener was added. It receives later ones only. */
  readonly since: number;
  /** Number of the event last delivered, so that one that matches two filters is delivered once. */
  given: number;
  isRemoved: boolean;
}

/** An event that is being delivered. */
interface Publication {
  readonly live: LiveEvent;
  readonly tagged: TaggedEvent;
  readonly number: number;
  readonly candidates: Iterator<FilterEntry>;
  isDelivered: boolean;
}

/**
 * Work of one slice, in filter values examined: about 2 ms. A comparison counts as one at least.
 */
const SLICE_STEPS = 20_000;

/** What a delivery counts for: the message has to be queued, and its connection to be woken. */
const DELIVERY_STEPS = 20;

/**
 * Events that may be queued behind one in slices. Beyond that the oldest is finished at once. Clients wait
 * long before, see `delivery_gate.ts`; what other instances store does not.
 */
const MAX_WAITING = 20_000;

/** Holds the listeners and delivers events to them. */
export class Broadcast {
  readonly #options: BroadcastOptions;
  readonly #index: FilterIndex<Entry>;
  readonly #listeners = new Map<Listener, ListenerState>();
  /** Events being delivered, oldest first. */
  readonly #publications: Publication[] = [];
  readonly #publishing = new Set<string>();
  /** Number of events published so far; numbers them. */
  #published = 0;
  /** Comparisons of events with filters, as a measure of cost. */
  #comparisons = 0;

  constructor(options: BroadcastOptions = {}) {
    this.#options = options;
    this.#index = new FilterIndex(options.seed);
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** Number of values that filters are registered under; 0 without listeners. */
  get values(): number {
    return this.#index.values;
  }

  get comparisons(): number {
    return this.#comparisons;
  }

  /** Events that have not reached all listeners yet. */
  get waiting(): number {
    return this.#publications.length;
  }

  /** Whether an event is still being delivered, so that some listeners have not received it. */
  isPublishing(event: { readonly id: string }): boolean {
    // Mostly none is, and the id of a stored event is made when it is asked for.
    return this.#publishing.size > 0 && this.#publishing.has(event.id);
  }

  /** Adds a listener for all later events. On an error none of its filters is registered. */
  add(listener: Listener, filters: readonly ReqFilter[]): void {
    assert(!this.#listeners.has(listener), "a listener is added once");
    const state: ListenerState = {
      listener,
      entries: [],
      since: this.#published,
      given: 0,
      isRemoved: false,
    };
    try {
      for (const filter of filters.map(liveFilter)) {
        const entry: Entry = { filter, place: this.#index.choosePlace(filter), state, judged: 0 };
        this.#index.add(entry);
        state.entries.push(entry);
      }
    } catch (error) {
      this.#forget(state);
      throw error;
    }
    this.#listeners.set(listener, state);
  }

  /** Removes a listener. Unknown ones are ignored. */
  delete(listener: Listener): void {
    const state = this.#listeners.get(listener);
    if (state === undefined) return;
    this.#listeners.delete(listener);
    this.#forget(state);
  }

  #forget(state: ListenerState): void {
    state.isRemoved = true;
    for (const entry of state.entries) this.#index.delete(entry);
  }

  /** Delivers an event to all listeners that match, in slices if there are many candidates. */
  publish(live: LiveEvent): void {
    const tagged = new TaggedEvent(live.event);
    this.#publications.push({
      live,
      tagged,
      number: ++this.#published,
      candidates: this.#index.candidates(tagged),
      isDelivered: false,
    });
    this.#publishing.add(live.event.id);
    if (this.#publications.length === 1) this.#work();
    else if (this.#publications.length > MAX_WAITING) this.#finishOldest();
  }

  #work(): void {
    const { defer } = this.#options;
    let steps = defer === undefined ? Infinity : SLICE_STEPS;
    while (this.#publications.length > 0 && steps > 0) {
      steps = this.#deliver(this.#publications[0]!, steps);
      if (steps > 0) this.#end();
    }
    if (this.#publications.length > 0) defer?.(() => this.#work());
  }

  #finishOldest(): void {
    this.#deliver(this.#publications[0]!, Infinity);
    this.#end();
  }

  #end(): void {
    const { live, isDelivered } = this.#publications.shift()!;
    if (isDelivered) this.#options.onDelivered?.(live);
    if (!this.#publications.some((other) => other.live.event.id === live.event.id)) {
      this.#publishing.delete(live.event.id);
    }
    this.#options.onFinished?.();
  }

  /** Returns the steps left; 0 when the event is not finished. */
  #deliver(publication: Publication, steps: number): number {
    const { candidates, number, live, tagged } = publication;
    while (steps > 0) {
      const { value: entry, done } = candidates.next() as IteratorResult<Entry, undefined>;
      if (done) return steps;
      if (entry.judged === number) {
        steps -= 1;
        continue;
      }
      entry.judged = number;
      const { state } = entry;
      if (state.given === number || state.since >= number || state.isRemoved) {
        steps -= 1;
        continue;
      }
      this.#comparisons++;
      steps -= entry.place.comparisonSteps;
      if (!matches(entry.filter, tagged)) continue;
      state.given = number;
      publication.isDelivered = true;
      steps -= DELIVERY_STEPS;
      this.#tell(state.listener, live);
    }
    return 0;
  }

  #tell(listener: Listener, live: LiveEvent): void {
    try {
      listener.deliver(live);
    } catch (error) {
      const { onFault } = this.#options;
      if (onFault === undefined) throw error;
      onFault(error, listener);
    }
  }
}
