/**
 * One connection: one loop that waits for whatever comes first.
 *
 * Nothing the loop awaits takes long. Signatures, commits and queries run outside it and come back as
 * signals of their own, so a CLOSE is read while a query runs and a ping is answered while a batch is
 * written. What comes back is bounded, each in its own way: see the fields.
 *
 * @module
 */

import type { Source } from "../base/fair_queue.ts";
import { Inbox } from "../base/inbox.ts";
import { Latch } from "../base/latch.ts";
import { select } from "../base/select.ts";
import { SharedBytes } from "../base/bytes.ts";
import { Ticker } from "../base/ticker.ts";
import { unreachable } from "../base/assert.ts";
import { parseClientMessage } from "../nostr/client_message.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { type Reason, reason } from "../nostr/reason.ts";
import {
  closedMessage,
  eoseMessage,
  eventMessageTail,
  noticeMessage,
  okMessage,
} from "../nostr/relay_message.ts";
import type { StoredEvent } from "../store/event_store.ts";
import type { LiveEvent } from "./live/broadcast.ts";
import { GOING_AWAY, INTERNAL_ERROR, POLICY_VIOLATION, TRY_AGAIN_LATER } from "./close_codes.ts";
import type { RelayContext } from "./context.ts";
import { CountQueue } from "./commands/count_queue.ts";
import { type FilterValueAccount, filterValueCount } from "./filter_values.ts";
import type { Peer, PeerEvents, PeerMessage } from "./peer.ts";
import type { Verdict } from "./acceptance/publisher.ts";
import { QueryQueue, type QueryResult } from "./commands/query_queue.ts";
import { storedFilters } from "./live/stored_filters.ts";
import { type Delivery, Subscription } from "./live/subscription.ts";
import { isTimeOut, unreadable } from "./commands/unreadable.ts";

/** A ticker that is later than this, milliseconds, says nothing about the peer's silence. */
const MAX_LATE_MS = 1_000;

/** Numbers the connections of clients that are not counted together. */
let connectionCount = 0;

/** What one value of a filter takes, with its places in the filter and in the index of live filters. */
const FILTER_VALUE_BYTES = 100;

/** A decision about one of the peer's events, on its way back to the loop. */
interface Decided {
  readonly id: string;
  readonly verdict: Verdict;
  readonly messageBytes: number;
}

/**
 * The relay's side of one connection, from upgrade to close.
 */
export class Session implements PeerEvents {
  readonly #peer: Peer;
  readonly #context: RelayContext;
  /** Trips when the relay goes away. */
  readonly #shutdown = new Latch("shutdown");
  /** Trips when the connection is over; the loop's only way out. */
  readonly #ended = new Latch("ended");
  readonly #ping: Ticker<"ping">;
  /** Decisions to be told; as many as events are pending. */
  readonly #decided: Inbox<"decided", Decided>;
  /** Live events to be sent. Overflowing ends the connection: its reader is too slow. */
  readonly #live: Inbox<"live", Delivery>;
  /** What queries found; held while the peer is slow to read. */
  readonly #queries: QueryQueue<Subscription>;
  /** Answers to COUNT; as many as may be pending. */
  readonly #counts: CountQueue;
  /** What the peer said; held, and its socket paused, while it has too much pending. */
  readonly #frames: Inbox<"frames", readonly PeerMessage[]>;

  /** What its subscriptions hold of the values that all connections share. */
  readonly #filterValues: FilterValueAccount;
  /** Whom its work is done for, where turns are taken. */
  readonly #source: Source;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Events between arrival and OK, and the length of their messages. */
  #pendingEvents = 0;
  #pendingBytes = 0;
  #isReading = true;
  /** Since when the peer has been heard or listened to, whichever is later; monotonic. */
  #listeningSinceMs: number;
  /** When the ticker ticked last, on the monotonic clock. */
  #lastBeatMs: number;
  /** Since when the peer has had more on its way than it should; undefined while it has not. */
  #congestedSinceMs: number | undefined = undefined;
  /** From the moment this side closes, only `ended` is waited for. */
  #isClosing = false;

  constructor(peer: Peer, context: RelayContext) {
    const { limits } = context;
    this.#peer = peer;
    this.#context = context;
    this.#listeningSinceMs = context.clock.monotonicMs();
    this.#lastBeatMs = this.#listeningSinceMs;
    this.#ping = new Ticker("ping", context.clock, limits.pingIntervalMs);
    this.#decided = new Inbox("decided", Number.MAX_SAFE_INTEGER);
    this.#live = new Inbox("live", limits.maxLiveQueue);
    const client = context.clientOf(peer.address);
    // Who is counted one by one has turns of its own for each connection.
    this.#source = { client: client ?? `${peer.address} ${connectionCount++}`, connection: this };
    this.#filterValues = context.filterValues.open(client);
    this.#queries = new QueryQueue(context.store, limits, {
      source: this.#source,
      pieceBytes: () => this.#aheadBytes,
    });
    this.#counts = new CountQueue(context, this.#filterValues, this.#source);
    this.#frames = new Inbox("frames", Number.MAX_SAFE_INTEGER);
  }

  /** Runs until the connection is over. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#loop();
    } catch (error) {
      // Only a broken invariant of ours comes here: this session ends, the others go on.
      this.#context.log.error("session failed", { peer: this.#peer.address, error: String(error) });
      this.#peer.close(INTERNAL_ERROR, "internal error");
    } finally {
      this.#release();
    }
  }

  /** Asks the session to end: what was received is answered first, then the peer is told 1001. */
  shutdown(): void {
    this.#shutdown.trip();
  }

  /** What the process keeps for it, bytes, about. */
  get heldBytes(): number {
    const values = this.#filterValues.taken * FILTER_VALUE_BYTES;
    return this.#peer.queuedBytes + this.#pendingBytes + values;
  }

  /** Ends it, because there is too little memory for it. */
  drop(): void {
    this.#close(TRY_AGAIN_LATER, "the relay is short of memory", "shed");
  }

  messages(batch: readonly PeerMessage[]): void {
    this.#frames.push(batch);
  }

  drained(): void {
    this.#congestedSinceMs = undefined;
    this.#queries.release();
    this.#balance();
  }

  closed(): void {
    this.#ended.trip();
  }

  async #loop(): Promise<void> {
    for (;;) {
      const signal = await select(
        this.#ended,
        this.#shutdown,
        this.#ping,
        this.#decided,
        this.#live,
        this.#queries.results,
        this.#counts.answers,
        this.#frames,
      );
      switch (signal.from) {
        case "ended":
          return;
        case "shutdown":
          this.#goAway();
          break;
        case "ping":
          this.#beat();
          break;
        case "decided":
          for (const decided of signal.value) this.#answer(decided);
          break;
        case "live":
          this.#sendLive(signal.value);
          break;
        case "stored":
          // What was told by now must be known to have been told, see subscription.ts.
          this.#sendLive(this.#live.take());
          for (const { result, taken } of signal.value) {
            this.#onResult(result);
            taken();
          }
          break;
        case "counted":
          for (const answer of signal.value) this.#peer.send(answer);
          break;
        case "frames":
          for (const batch of signal.value) {
            for (const message of batch) this.#receive(message);
          }
          break;
        default:
          unreachable(signal);
      }
      this.#balance();
    }
  }

  #goAway(): void {
    this.#frames.hold();
    if (this.#pendingEvents === 0) this.#close(GOING_AWAY, "the relay is shutting down");
  }

  #beat(): void {
    const nowMs = this.#context.clock.monotonicMs();
    const { idleTimeoutMs, pingIntervalMs } = this.#context.limits;
    const lateMs = nowMs - this.#lastBeatMs - pingIntervalMs;
    this.#lastBeatMs = nowMs;
    // The process stood still: what the peer has sent meanwhile is still to be read.
    if (lateMs > MAX_LATE_MS) return this.#peer.ping();
    if (nowMs - (this.#congestedSinceMs ?? nowMs) >= idleTimeoutMs) return this.#shed();
    // Silence counts only while this side listens.
    const heardMs = Math.max(this.#peer.lastHeardMs, this.#listeningSinceMs);
    if (!this.#isReading || nowMs - heardMs < idleTimeoutMs) return this.#peer.ping();
    this.#context.counters.closedIdle++;
    this.#context.log.debug("peer is silent", { peer: this.#peer.address });
    this.#close(POLICY_VIOLATION, "nothing heard for too long");
  }

  #receive(message: PeerMessage): void {
    if (this.#isClosing) return;
    if (message.type === "binary") {
      return this.#peer.send(noticeMessage("binary messages are not understood, send text"));
    }
    const parsed = parseClientMessage(message.text, this.#context.limits);
    switch (parsed.type) {
      case "EVENT":
        return this.#publish(parsed.event, message.text.length);
      case "REQ":
        return this.#subscribe(parsed.subscription, parsed.filters);
      case "COUNT":
        return this.#counts.add(parsed);
      case "CLOSE":
        return this.#unsubscribe(parsed.subscription);
      case "refused-event":
        this.#context.counters.refused++;
        return this.#peer.send(okMessage(parsed.id, false, parsed.reason));
      case "refused-subscription":
        return this.#refuse(parsed.subscription, parsed.reason);
      case "refused-count":
        return this.#peer.send(closedMessage(parsed.query, parsed.reason));
      case "refused":
        return this.#peer.send(noticeMessage(parsed.notice));
      default:
        unreachable(parsed);
    }
  }

  #publish(event: NostrEvent, messageBytes: number): void {
    this.#pendingEvents++;
    this.#pendingBytes += messageBytes;
    void this.#context.publisher.publish(event, this.#source).then((verdict) => {
      this.#decided.push({ id: event.id, verdict, messageBytes });
    });
  }

  #answer({ id, verdict, messageBytes }: Decided): void {
    this.#pendingEvents--;
    this.#pendingBytes -= messageBytes;
    this.#peer.send(okMessage(id, verdict.accepted, verdict.reason));
    if (verdict.isForged) this.#peer.charge(this.#context.limits.forgedEventCost);
    if (this.#shutdown.tripped) this.#goAway();
  }

  #subscribe(id: string, filters: readonly ReqFilter[]): void {
    const { limits, broadcast, counters } = this.#context;
    // "with the same subscription ID, the relay MUST overwrite": no CLOSED for the old one.
    this.#unsubscribe(id);
    if (this.#subscriptions.size >= limits.maxSubscriptions) {
      const tooMany = `at most ${limits.maxSubscriptions} subscriptions may be open`;
      return this.#refuse(id, reason("rate-limited", tooMany));
    }
    const valueCount = filterValueCount(filters);
    if (!this.#filterValues.take(valueCount)) {
      return this.#refuse(id, reason("rate-limited", "your filters list too many values"));
    }
    const subscription = new Subscription({
      id,
      valueCount,
      filters: storedFilters(filters, limits),
      onLive: this.#onLive,
    });
    this.#subscriptions.set(id, subscription);
    broadcast.add(subscription.listener, filters);
    counters.subscriptions++;
    if (subscription.filters.length === 0) this.#endOfStored(subscription);
    else this.#queries.add(subscription);
  }

  #unsubscribe(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    this.#subscriptions.delete(id);
    this.#context.broadcast.delete(subscription.listener);
    this.#filterValues.give(subscription.valueCount);
    subscription.end();
  }

  #refuse(id: string, why: Reason): void {
    this.#unsubscribe(id);
    this.#peer.send(closedMessage(id, why));
  }

  readonly #onLive = (subscription: Subscription, live: LiveEvent): void => {
    if (!this.#live.push({ subscription, live })) this.#shed();
  };

  #sendLive(deliveries: readonly Delivery[]): void {
    for (const { subscription, live } of deliveries) this.#sendOneLive(subscription, live);
  }

  #sendOneLive(subscription: Subscription, live: LiveEvent): void {
    if (!subscription.isOpen || this.#isClosing) return;
    if (subscription.admitLive(live)) return this.#sendLiveNow(subscription, live);
    if (subscription.heldCount > this.#context.limits.maxHeldEvents) {
      this.#refuse(subscription.id, reason("error", "too many events arrived before EOSE"));
    }
  }

  #sendLiveNow(subscription: Subscription, live: LiveEvent): void {
    const { counters, clock } = this.#context;
    // It may have waited here for EOSE, or elsewhere for a connection between instances.
    if (live.expiresAtS !== undefined && live.expiresAtS <= clock.nowMs() / 1000) return;
    counters.delivered++;
    this.#peer.sendShared(subscription.head, live.body, eventMessageTail);
    if (this.#peer.queuedBytes > this.#context.limits.maxQueuedBytes) this.#shed();
  }

  #onResult(result: QueryResult<Subscription>): void {
    const { query: subscription } = result;
    const { reading } = this.#context;
    if (!subscription.isOpen || this.#isClosing) return;
    switch (result.type) {
      case "rows":
        return this.#sendStored(subscription, result.rows);
      case "end":
        reading.worked();
        return this.#endOfStored(subscription);
      case "failed":
        if (isTimeOut(result.error)) this.#context.counters.timedOut++;
        else reading.failed(result.error);
        return this.#refuse(subscription.id, unreadable(result.error));
      default:
        unreachable(result);
    }
  }

  #sendStored(subscription: Subscription, rows: readonly StoredEvent[]): void {
    const { store: { feed }, broadcast, counters } = this.#context;
    for (const row of rows) {
      const isTold = feed.hasTold(row.seq) && !broadcast.isPublishing(row.id);
      subscription.noteStored(row, isTold);
      this.#peer.sendShared(subscription.head, new SharedBytes(row.json), eventMessageTail);
    }
    counters.answered += rows.length;
  }

  #endOfStored(subscription: Subscription): void {
    this.#peer.send(eoseMessage(subscription.id));
    for (const live of subscription.goLive()) this.#sendLiveNow(subscription, live);
  }

  /**
   * How much may wait for the peer before its queries read no further: enough that there is something to
   * send when it shows that it has read, and little for one that has not shown it yet.
   */
  get #aheadBytes(): number {
    return Math.min(this.#context.limits.highWaterBytes, 2 * this.#peer.windowBytes);
  }

  /** Holds back what can wait while there is too much on its way, in either direction. */
  #balance(): void {
    if (this.#isClosing) return;
    const { limits, clock } = this.#context;
    const isCongested = this.#peer.queuedBytes > this.#aheadBytes;
    if (isCongested) {
      this.#congestedSinceMs ??= clock.monotonicMs();
      this.#queries.hold();
      // Below the mark by half, or it would be told at once and find itself above again.
      this.#peer.requestDrained(this.#aheadBytes / 2);
    }
    const mayRead = !isCongested && !this.#shutdown.tripped &&
      this.#pendingEvents < limits.maxPendingEvents &&
      this.#pendingBytes < limits.maxPendingBytes;
    if (mayRead !== this.#isReading) this.#setReading(mayRead);
  }

  #setReading(mayRead: boolean): void {
    this.#isReading = mayRead;
    if (mayRead) {
      this.#listeningSinceMs = this.#context.clock.monotonicMs();
      this.#frames.release();
      this.#peer.resume();
    } else {
      this.#frames.hold();
      this.#peer.pause();
    }
  }

  #shed(): void {
    if (this.#isClosing) return;
    this.#context.counters.closedSlow++;
    this.#context.log.debug("peer reads too slowly", { peer: this.#peer.address });
    this.#close(POLICY_VIOLATION, "events arrive faster than you read them", "shed");
  }

  #close(code: number, why: string, how: "close" | "shed" = "close"): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#peer[how](code, why);
    // The closing handshake needs the peer's frames read; what they say no longer matters.
    this.#peer.resume();
    this.#endSubscriptions();
  }

  #endSubscriptions(): void {
    for (const id of [...this.#subscriptions.keys()]) this.#unsubscribe(id);
    this.#queries.drop();
    this.#counts.drop();
  }

  #release(): void {
    this.#isClosing = true;
    this.#ping.stop();
    this.#endSubscriptions();
  }
}
