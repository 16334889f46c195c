/**
 * A subscription: stored events, EOSE, then live events, each event once.
 *
 * A subscription is registered for live events before its query starts, so no event is missed in
 * between. Live events come from the store's feed, which knows by an event's sequence number
 * whether it has announced it, whichever instance stored it. An event that the query finds and the
 * feed announces is one of three cases:
 *
 * - Announced before its row arrives: it was held, and the row removes it from the held events. The
 *   session's inbox of live events is emptied before rows are examined, so an announced event is a
 *   held event. Rows that are there at once come before anything is announced.
 * - Announced after its row arrived, before or after EOSE: the feed reported the row as not yet
 *   announced, and the later announcement is skipped.
 * - Not found, because the query ran before it was stored: held until EOSE, then sent.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import { eventMessageHead } from "../../nostr/relay_message.ts";
import type { AnswerSource, StoredEvent } from "../../store/event_store.ts";
import type { FilterValueAccount } from "../filter_values.ts";
import type { Listener, LiveEvent } from "./broadcast.ts";
import type { Query } from "./query_queue.ts";

/** A live event for a subscription that it matches. */
export interface Delivery {
  readonly subscription: Subscription;
  readonly live: LiveEvent;
}

interface SubscriptionOptions {
  readonly id: string;
  /** How many filter values it holds. Default: 0. */
  readonly valueCount?: number;
  /** The filters of the stored query. */
  readonly filters: readonly ReqFilter[];
  /** See `leastLimit`. Default: 0. */
  readonly leastLimit?: number;
  /** When the REQ arrived, monotonic, milliseconds. Default: 0. */
  readonly startMs?: number;
  /** Where the events that are held until EOSE are reserved, by their {@link heldKib}. Default: they are not. */
  readonly held?: Pick<FilterValueAccount, "take" | "give">;
  /** Called with each live event; must not wait. */
  readonly onLive: (subscription: Subscription, live: LiveEvent) => void;
}

/** What a tag of an event takes in memory besides its JSON, bytes. */
const TAG_BYTES = 64;

/** What an event takes in memory, KiB: its JSON, and the event that it is matched by. */
export function heldKib({ event, body }: LiveEvent): number {
  return Math.ceil((2 * body.bytes.length + TAG_BYTES * event.tags.length) / 1024);
}

/** Shared: a new exception with its stack trace would cost more than the rest of a CLOSE. */
const ENDED = new DOMException("the subscription has ended", "AbortError");

/** A REQ of one connection, from its acceptance to CLOSE or CLOSED. */
export class Subscription implements Query {
  readonly id: string;
  readonly valueCount: number;
  readonly startMs: number;
  /** The filters of the stored query; emptied after EOSE. */
  filters: readonly ReqFilter[];
  readonly listener: Listener;
  /** The bytes that start each of its EVENT messages. */
  readonly head: Uint8Array;
  readonly #ended = new AbortController();
  readonly #leastLimit: number;
  #foundCount = 0;
  #source: AnswerSource;
  /** Live events held until EOSE, by id; undefined after EOSE. */
  #held: Map<string, LiveEvent> | undefined = new Map();
  readonly #account: SubscriptionOptions["held"];
  /** Ids that were sent as stored and that the feed has not announced yet. */
  readonly #expected = new Set<string>();

  constructor(options: SubscriptionOptions) {
    this.id = options.id;
    this.valueCount = options.valueCount ?? 0;
    this.startMs = options.startMs ?? 0;
    this.#leastLimit = options.leastLimit ?? 0;
    this.filters = options.filters;
    this.#account = options.held;
    // What asks for nothing stored needs no database.
    this.#source = options.filters.length === 0 ? "memory" : "database";
    this.head = eventMessageHead(options.id);
    // Destructured: a reference to `options` would keep its filters as long as the listener.
    const { onLive } = options;
    this.listener = {
      deliver: (live) => onLive(this, live),
    };
  }

  /** Aborted when the subscription ends; cancels its query. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Whether events may still be sent for it. */
  get isOpen(): boolean {
    return !this.#ended.signal.aborted;
  }

  /** Whether its stored events were sent, and EOSE after them. */
  get isLive(): boolean {
    return this.#held === undefined;
  }

  get heldCount(): number {
    return this.#held?.size ?? 0;
  }

  /** Whether all matching stored events are known to have been found. */
  get isComplete(): boolean {
    return this.#foundCount < this.#leastLimit;
  }

  /** What answers the stored query. Whatever a store without a window is, it is the database. */
  get source(): AnswerSource {
    return this.#source;
  }

  noteSource(source: AnswerSource): void {
    this.#source = source;
  }

  /** Counts a stored event that was deleted before it could be sent. */
  noteLeftOut(): void {
    this.#foundCount++;
  }

  /**
   * Whether to send a live event now. Before EOSE it is held instead; `full` where there is no memory for it.
   */
  admitLive(live: LiveEvent): boolean | "full" {
    const { id } = live.event;
    if (this.#expected.delete(id)) return false;
    if (this.#held === undefined) return true;
    if (this.#held.has(id)) return false;
    if (this.#account?.take(heldKib(live)) === false) return "full";
    this.#held.set(id, live);
    return false;
  }

  /** Notes that a stored event is being sent. `isTold`: the feed has announced it already. */
  noteStored(row: StoredEvent, isTold: boolean): void {
    this.#foundCount++;
    // Mostly nothing is held, and the id of a row is made when it is asked for.
    const live = this.heldCount > 0 ? this.#held?.get(row.id) : undefined;
    if (live !== undefined) {
      this.#held?.delete(row.id);
      this.#account?.give(heldKib(live));
    } else if (!isTold) this.#expected.add(row.id);
  }

  /** Ends the stored phase and returns the held events in order of arrival. */
  goLive(): readonly LiveEvent[] {
    const held = [...this.#held?.values() ?? []];
    this.#held = undefined;
    this.filters = [];
    for (const live of held) this.#account?.give(heldKib(live));
    return held;
  }

  /** Ends the subscription: nothing more is sent for it. */
  end(): void {
    this.goLive();
    this.#ended.abort(ENDED);
  }
}
