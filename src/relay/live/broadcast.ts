/**
 * Live delivery: an event is matched once for the whole process, whoever is connected.
 *
 * Asking each subscription about each event costs events × subscriptions. So filters are turned inside
 * out: each is registered under the values of one field that it names, and an event looks up its own
 * id, author, tag values and kind. What it finds are candidates. Each of them is compared once with an
 * event, however many of its tags led there, at a cost that follows the filter alone. An event with
 * very many candidates is delivered in slices, so that others have their turn in between; events that
 * come meanwhile wait, and every listener hears of all of them in order.
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

/** An accepted event on its way to listeners, with its JSON encoded once for all of them. */
export interface LiveEvent {
  readonly event: NostrEvent;
  readonly body: SharedBytes;
  /** From when on it is not sent any more, seconds since 1970. Default: never. */
  readonly expiresAtS?: number;
}

/** Someone who asked for live events. */
export interface Listener {
  /** Called once for each event that any of its filters matches. Must not wait. */
  deliver(live: LiveEvent): void;
}

/** What a broadcast is made of. */
export interface BroadcastOptions {
  /** Calls back after others had their turn. Default: an event is delivered in one go, however long. */
  readonly defer?: (work: () => void) => void;
  /** 32 random bits, see {@link FilterIndex}. Default: 0. */
  readonly seed?: number;
  /** Told of a listener that threw; the others hear of the event all the same. */
  readonly onFault?: (error: unknown, listener: Listener) => void;
}

/** One filter of one listener. */
interface Entry extends FilterEntry {
  readonly state: ListenerState;
  /** The number of the event that was last compared with it. */
  judged: number;
}

interface ListenerState {
  readonly listener: Listener;
  readonly entries: Entry[];
  /** The number of the newest event when it began to listen: it is not told of that one. */
  readonly since: number;
  /** The number of the last event it was given: one that meets two of its filters comes once. */
  given: number;
  isGone: boolean;
}

/** An event that is being delivered. */
interface Publication {
  readonly live: LiveEvent;
  readonly tagged: TaggedEvent;
  readonly number: number;
  readonly candidates: Iterator<FilterEntry>;
}

/**
 * The work of one slice, in filter values looked at: about two milliseconds. One comparison counts for
 * one at least.
 */
const SLICE_STEPS = 20_000;

/** Events that may wait behind one that is delivered in slices; one more, and the oldest is not sliced. */
const MAX_WAITING = 1_000;

/**
 * Who listens to what.
 */
export class Broadcast {
  readonly #options: BroadcastOptions;
  readonly #index: FilterIndex<Entry>;
  readonly #listeners = new Map<Listener, ListenerState>();
  /** What is being delivered, the oldest first. */
  readonly #publications: Publication[] = [];
  /** Ids of {@link #publications}. */
  readonly #publishing = new Set<string>();
  /** How many events were published so far: numbers them. */
  #published = 0;
  /** Comparisons of events with filters, for those who watch the cost. */
  #comparisons = 0;

  constructor(options: BroadcastOptions = {}) {
    this.#options = options;
    this.#index = new FilterIndex(options.seed);
  }

  /** How many listeners there are. */
  get size(): number {
    return this.#listeners.size;
  }

  /** How many values filters are registered under; 0 when nobody listens. */
  get values(): number {
    return this.#index.values;
  }

  /** How many times an event was compared with a filter. */
  get comparisons(): number {
    return this.#comparisons;
  }

  /** Whether an event is being delivered: some listeners have not heard of it yet. */
  isPublishing(id: string): boolean {
    return this.#publishing.has(id);
  }

  /** Starts delivering to `listener`, from the next event on: for all of its filters or, should that fail, for none. */
  add(listener: Listener, filters: readonly ReqFilter[]): void {
    assert(!this.#listeners.has(listener), "a listener is added once");
    const state: ListenerState = {
      listener,
      entries: [],
      since: this.#published,
      given: 0,
      isGone: false,
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

  /** Stops delivering to `listener`, from now on and for good. Unknown ones are ignored. */
  delete(listener: Listener): void {
    const state = this.#listeners.get(listener);
    if (state === undefined) return;
    this.#listeners.delete(listener);
    this.#forget(state);
  }

  #forget(state: ListenerState): void {
    state.isGone = true;
    for (const entry of state.entries) this.#index.delete(entry);
  }

  /** Delivers to all whom it concerns: at once, or in slices where there are many to ask. */
  publish(live: LiveEvent): void {
    const tagged = new TaggedEvent(live.event);
    this.#publications.push({
      live,
      tagged,
      number: ++this.#published,
      candidates: this.#index.candidates(tagged),
    });
    this.#publishing.add(live.event.id);
    if (this.#publications.length === 1) this.#work();
    else if (this.#publications.length > MAX_WAITING) this.#finishOldest();
  }

  /** One slice. */
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
    const { live } = this.#publications.shift()!;
    if (!this.#publications.some((other) => other.live.event.id === live.event.id)) {
      this.#publishing.delete(live.event.id);
    }
  }

  /** Returns how many steps are left: none where there is more to do. */
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
      if (state.given === number || state.since >= number || state.isGone) {
        steps -= 1;
        continue;
      }
      this.#comparisons++;
      steps -= entry.place.comparisonSteps;
      if (!matches(entry.filter, tagged)) continue;
      state.given = number;
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
