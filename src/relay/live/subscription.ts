/**
 * One subscription: stored events first, then EOSE, then live ones, each event once.
 *
 * The seam between stored and live is where relays lose events or send them twice. A subscription is
 * registered for live events before its query starts, so nothing can fall between. Live events come
 * from the store's feed, which knows by an event's sequence number whether it has told it, whichever
 * instance stored it. Three cases remain for an event that is both found and told:
 *
 * - told before its row comes: it was held, and the row takes it out of the held ones. What the feed
 *   has told is taken from the session's inbox before any row is looked at, so told means held;
 * - told after its row came, while rows are still coming, or after EOSE: the feed said of the row that
 *   it was still to be told, and when it is, that is skipped;
 * - not found, because the query was too early: held until EOSE, then sent.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import { eventMessageHead } from "../../nostr/relay_message.ts";
import type { StoredEvent } from "../../store/event_store.ts";
import type { Listener, LiveEvent } from "./broadcast.ts";
import type { Query } from "./query_queue.ts";

/** A live event that a subscription matched. */
export interface Delivery {
  readonly subscription: Subscription;
  readonly live: LiveEvent;
}

/** What a subscription needs from its session. */
export interface SubscriptionOptions {
  readonly id: string;
  /** How many values its filters list. Default: 0. */
  readonly valueCount?: number;
  /** What the store is asked. */
  readonly filters: readonly ReqFilter[];
  /** An answer of fewer events is known to be complete, see `leastLimit`. Default: 0. */
  readonly leastLimit?: number;
  /** When it was asked for, monotonic, milliseconds. Default: 0. */
  readonly startMs?: number;
  /** Takes a live event off the broadcast's hands; must not wait. */
  readonly onLive: (subscription: Subscription, live: LiveEvent) => void;
}

/** One for all: an exception of its own, with a trace, would cost more than the rest of a CLOSE. */
const ENDED = new DOMException("the subscription has ended", "AbortError");

/**
 * A standing question of one connection.
 */
export class Subscription implements Query {
  readonly id: string;
  readonly valueCount: number;
  readonly startMs: number;
  /** What the store is asked; nothing any more once it has answered. */
  filters: readonly ReqFilter[];
  /** Its place in the broadcast. */
  readonly listener: Listener;
  /** The bytes that begin each of its EVENT messages. */
  readonly head: Uint8Array;
  readonly #ended = new AbortController();
  readonly #leastLimit: number;
  #foundCount = 0;
  /** Live events that wait for EOSE; undefined from EOSE on. */
  #held: Map<string, LiveEvent> | undefined = new Map();
  /** Ids that were sent as stored and are still to be told by the feed. */
  readonly #expected = new Set<string>();

  constructor(options: SubscriptionOptions) {
    this.id = options.id;
    this.valueCount = options.valueCount ?? 0;
    this.startMs = options.startMs ?? 0;
    this.#leastLimit = options.leastLimit ?? 0;
    this.filters = options.filters;
    this.head = eventMessageHead(options.id);
    // Not from `options` when it is called: that would keep the filters for as long as the listener.
    const { onLive } = options;
    this.listener = {
      deliver: (live) => onLive(this, live),
    };
  }

  /** Aborts when the subscription ends, and its query with it. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Whether anything may still be sent for it. */
  get isOpen(): boolean {
    return !this.#ended.signal.aborted;
  }

  /** How many live events wait for EOSE. */
  get heldCount(): number {
    return this.#held?.size ?? 0;
  }

  /** Whether every stored event that matches has been found, as far as that is known. */
  get isComplete(): boolean {
    return this.#foundCount < this.#leastLimit;
  }

  /** Notes that a stored event was found that was deleted before it could be sent. */
  noteLeftOut(): void {
    this.#foundCount++;
  }

  /** Whether a live event is to be sent now; before EOSE it is held instead. */
  admitLive(live: LiveEvent): boolean {
    if (this.#expected.delete(live.event.id)) return false;
    if (this.#held === undefined) return true;
    this.#held.set(live.event.id, live);
    return false;
  }

  /** Notes that a stored event is being sent. `isTold` says that the feed will not bring it any more. */
  noteStored(row: StoredEvent, isTold: boolean): void {
    this.#foundCount++;
    if (this.#held?.delete(row.id)) return;
    if (!isTold) this.#expected.add(row.id);
  }

  /** The stored phase is over: gives what was held, in the order of arrival. */
  goLive(): Iterable<LiveEvent> {
    const held = this.#held;
    this.#held = undefined;
    this.filters = [];
    return held === undefined ? [] : held.values();
  }

  /** Nothing is sent for it from now on. */
  end(): void {
    this.#ended.abort(ENDED);
  }
}
