/**
 * REQ: subscribes to stored and live events, until CLOSE or CLOSED.
 *
 * @see NIP-01
 * @module
 */

import { SharedBytes, utf8Decode } from "../../base/bytes.ts";
import { Inbox } from "../../base/inbox.ts";
import { unreachable } from "../../base/assert.ts";
import { parseClose, parseRequest } from "../../nostr/client_message.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import {
  closedMessage,
  eoseMessage,
  eventMessageTail,
  noticeMessage,
} from "../../nostr/relay_message.ts";
import type { StoredEvent } from "../../store/event_store.ts";
import { countRefusal } from "../counters.ts";
import { filterValueCount } from "../filter_values.ts";
import type { LiveEvent } from "../live/broadcast.ts";
import { QueryQueue, type QueryResult } from "../live/query_queue.ts";
import { leastLimit, storedFilters } from "../live/stored_filters.ts";
import { type Delivery, Subscription } from "../live/subscription.ts";
import { isTimeOut, queryFailure } from "../live/query_failure.ts";
import {
  asksForAuth,
  chargeIfLimited,
  type Conversation,
  measured,
  type Verb,
} from "./conversation.ts";

/** Opens a subscription. */
export const request: Verb = ({ context, peer, subscriptions }, message) => {
  const parsed = parseRequest(message, context.limits);
  if ("notice" in parsed) return peer.send(noticeMessage(parsed.notice));
  if ("reason" in parsed) return subscriptions.refuse(parsed.id, parsed.reason);
  subscriptions.request(parsed.id, parsed.filters);
};

/** Closes a subscription without an answer, as NIP-01 says. */
export const close: Verb = ({ peer, subscriptions }, message) => {
  const parsed = parseClose(message);
  if ("notice" in parsed) peer.send(noticeMessage(parsed.notice));
  else subscriptions.end(parsed.id);
};

/** The subscriptions of one connection. */
export class Subscriptions {
  /** Live events to be sent. When it overflows the connection is closed as too slow. */
  readonly live: Inbox<"live", Delivery>;
  /** The stored queries; held while the peer reads too slowly. */
  readonly queries: QueryQueue<Subscription>;
  readonly #conversation: Conversation;
  readonly #open = new Map<string, Subscription>();
  /** Requests that wait for a policy's decision, by subscription id. */
  readonly #undecided = new Map<string, readonly ReqFilter[]>();

  /** @param aheadBytes bytes that may be queued for the peer before its queries pause */
  constructor(conversation: Conversation, aheadBytes: () => number) {
    const { context: { limits, store }, source } = conversation;
    this.#conversation = conversation;
    // Bounded by #onLive, because the limit may change.
    this.live = new Inbox("live", Number.MAX_SAFE_INTEGER);
    this.queries = new QueryQueue(store, limits, {
      source,
      pieceBytes: aheadBytes,
      hasRoom: () => conversation.peer.queuedBytes <= aheadBytes(),
      // Evaluated for each query, because the client may have authenticated since.
      readerOf: () => conversation.context.access.readerOf(conversation.client),
      measure: (filters) => measured(conversation, "REQ", filters),
    });
  }

  /** Opens a subscription, if the policies accept it, and closes any with the same id. */
  request(id: string, filters: readonly ReqFilter[]): void {
    const { context: { access, clock }, client, peer } = this.#conversation;
    const arrivedMs = peer.lastHeardMs;
    // "with the same subscription ID, the relay MUST overwrite": the old one gets no CLOSED.
    this.end(id);
    const refusal = this.#tooMany();
    if (refusal !== undefined) return this.refuse(id, refusal);
    const decided = access.request({ verb: "REQ", filters, client, nowMs: clock.nowMs() });
    if (!(decided instanceof Promise)) return this.#follow(id, decided, arrivedMs);
    this.#undecided.set(id, filters);
    void decided.then((decision) => {
      // A CLOSE or another REQ may have arrived meanwhile.
      if (this.#undecided.get(id) !== filters) return;
      this.#undecided.delete(id);
      this.#follow(id, decision, arrivedMs);
    });
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Those that have not got EOSE yet. */
  *unanswered(): Generator<Subscription> {
    if (this.queries.size === 0) return;
    for (const subscription of this.#open.values()) {
      if (!subscription.isLive) yield subscription;
    }
  }

  end(id: string): void {
    this.#undecided.delete(id);
    const subscription = this.#open.get(id);
    if (subscription === undefined) return;
    const { context: { broadcast }, filterValues } = this.#conversation;
    this.#open.delete(id);
    broadcast.delete(subscription.listener);
    filterValues.give(subscription.valueCount);
    subscription.end();
  }

  endAll(): void {
    this.#undecided.clear();
    for (const id of [...this.#open.keys()]) this.end(id);
    this.queries.drop();
  }

  /** Answers all open subscriptions, and requests that are not decided on, with CLOSED. */
  refuseAll(why: Reason): void {
    for (const id of [...this.#open.keys(), ...this.#undecided.keys()]) this.refuse(id, why);
  }

  /** Answers with CLOSED. */
  refuse(id: string, why: Reason): void {
    const { context, peer, authentication } = this.#conversation;
    this.end(id);
    countRefusal(context.counters, why.prefix);
    this.#conversation.noteRefusal(why);
    if (asksForAuth(why)) authentication.ask((challenge) => peer.send(challenge));
    peer.send(closedMessage(id, why));
  }

  sendLive(deliveries: readonly Delivery[]): void {
    for (const { subscription, live } of deliveries) this.#sendOneLive(subscription, live);
  }

  take(result: QueryResult<Subscription>): void {
    const { query: subscription } = result;
    const { context: { reading, counters }, isClosing } = this.#conversation;
    if (!subscription.isOpen || isClosing) return;
    switch (result.type) {
      case "rows":
        this.#sendStored(subscription, result.rows);
        if (!result.isLast) return;
        reading.worked();
        return this.#endOfStored(subscription);
      case "end":
        reading.worked();
        return this.#endOfStored(subscription);
      case "failed":
        if (isTimeOut(result.error)) counters.timedOut++;
        else reading.failed(result.error);
        return this.refuse(subscription.id, queryFailure(result.error));
      default:
        unreachable(result);
    }
  }

  #tooMany(): Reason | undefined {
    const { maxSubscriptions } = this.#conversation.context.limits;
    return this.#open.size + this.#undecided.size < maxSubscriptions
      ? undefined
      : reason("rate-limited", `at most ${maxSubscriptions} subscriptions may be open`);
  }

  #follow(id: string, decision: Reason | readonly ReqFilter[], startMs: number): void {
    const { context: { limits, broadcast, counters }, filterValues } = this.#conversation;
    if ("prefix" in decision) {
      chargeIfLimited(this.#conversation, decision);
      return this.refuse(id, decision);
    }
    const valueCount = filterValueCount(decision);
    if (!filterValues.take(valueCount)) {
      return this.refuse(id, reason("rate-limited", "your filters list too many values"));
    }
    const subscription = new Subscription({
      id,
      valueCount,
      filters: storedFilters(decision, limits),
      held: this.#conversation.heldEvents,
      onLive: this.#onLive,
      leastLimit: leastLimit(decision, limits),
      startMs,
    });
    this.#open.set(id, subscription);
    broadcast.add(subscription.listener, decision);
    counters.subscriptions++;
    if (subscription.filters.length === 0) return this.#endOfStored(subscription);
    // Nothing was announced since it was registered, so no live event has to be held first.
    const result = this.queries.add(subscription);
    if (result !== undefined) this.take(result);
  }

  /** Checked when the event is sent, so that a client that has authenticated since receives it. */
  readonly #onLive = (subscription: Subscription, live: LiveEvent): void => {
    const { context: { access, limits }, client } = this.#conversation;
    if (!access.mayReceive(live.event, client)) return;
    if (this.live.length >= limits.maxLiveQueue) return this.#conversation.shed();
    this.live.push({ subscription, live });
  };

  #sendOneLive(subscription: Subscription, live: LiveEvent): void {
    if (!subscription.isOpen || this.#conversation.isClosing) return;
    const admitted = subscription.admitLive(live);
    if (admitted === true) return this.#sendLiveNow(subscription, live);
    const { maxHeldEvents } = this.#conversation.context.limits;
    if (admitted === "full" || subscription.heldCount > maxHeldEvents) {
      this.refuse(subscription.id, reason("error", "too many events arrived before EOSE"));
    }
  }

  #sendLiveNow(subscription: Subscription, live: LiveEvent): void {
    const { context: { counters, clock, limits }, peer } = this.#conversation;
    // It may have expired while held until EOSE or between instances.
    if (live.expiresAtS !== undefined && live.expiresAtS <= clock.nowMs() / 1000) return;
    counters.delivered++;
    this.#conversation.tally.events++;
    peer.sendShared(subscription.head, live.body, eventMessageTail);
    if (peer.queuedBytes > limits.maxQueuedBytes) this.#conversation.shed();
  }

  #sendStored(subscription: Subscription, rows: readonly StoredEvent[]): void {
    const { context: { store: { feed }, broadcast, counters }, peer } = this.#conversation;
    for (const row of rows) {
      const isTold = feed.wasDelivered(row.seq) && !broadcast.isPublishing(row);
      subscription.noteStored(row, isTold);
      if (!this.#mayReceiveStored(row)) continue;
      peer.sendShared(subscription.head, new SharedBytes(row.json), eventMessageTail);
      counters.answered++;
      this.#conversation.tally.events++;
    }
  }

  /**
   * The store has filtered out private events; only a policy's `deliver` hook has to see the event.
   */
  #mayReceiveStored({ json }: StoredEvent): boolean {
    const { context: { access }, client } = this.#conversation;
    if (!access.checksDeliveries) return true;
    const event: NostrEvent = JSON.parse(utf8Decode(json)!);
    return access.mayReceive(event, client);
  }

  #endOfStored(subscription: Subscription): void {
    const { context: { clock, timings }, peer } = this.#conversation;
    const seconds = (clock.monotonicMs() - subscription.startMs) / 1_000;
    timings.reqToEose.observe(seconds);
    timings.reqBySource[subscription.source].observe(seconds);
    peer.send(eoseMessage(subscription.id, subscription.isComplete));
    for (const live of subscription.goLive()) this.#sendLiveNow(subscription, live);
  }
}
