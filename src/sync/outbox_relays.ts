/**
 * Brings events to relays that strangers have named, with few connections at a time.
 *
 * Any of them may be gone, slow or hostile, and there may be any number of them. So each host has one
 * connection at a time and its own back-off, those that never took an event get no more than half of
 * the connections, and whoever keeps others waiting goes to the end of the line.
 *
 * @see NIP-65
 * @module
 */

import { backOffMs } from "../base/back_off.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { messageOf } from "../base/error_text.ts";
import { Inbox } from "../base/inbox.ts";
import { Latch } from "../base/latch.ts";
import type { Log } from "../base/log.ts";
import { LruMap } from "../base/lru_map.ts";
import type { Random } from "../base/random.ts";
import { select } from "../base/select.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { relayHostOf } from "../nostr/relay_list.ts";
import { countIn, type MirrorCounters, zeroMirrorCounters } from "./mirror.ts";
import { hasPrefix, oneLine, prefixOf, RemoteRefusal } from "./remote_refusal.ts";
import type { RemoteRelay } from "./remote_relay.ts";
import { batchesOf } from "./transfer.ts";

/** The limits of {@link OutboxRelays}. */
export interface OutboxRelayLimits {
  /** Connections open, or being opened, at a time. */
  readonly maxConnections: number;
  /** Connections opened per second over time. */
  readonly connectsPerS: number;
  /** Relays for which events wait. */
  readonly maxWaitingRelays: number;
  /** Events that wait for one relay. */
  readonly maxWaitingEvents: number;
  /** How long a connection without work stays open, milliseconds. */
  readonly idleCloseMs: number;
  /** The longest pause before a host that failed is tried again, milliseconds. */
  readonly maxRetryMs: number;
}

/** An open connection. */
export interface OutboxConnection {
  readonly remote: Pick<RemoteRelay, "publish">;
  /** Resolves when the connection is closed, from either side. */
  readonly closed: Promise<void>;
  /** Ends the connection; resolves when it is closed. */
  close(): Promise<void>;
}

/** What {@link OutboxRelays} needs. */
export interface OutboxRelaysHost {
  /** Connects to a relay. Rejects when that fails, or the signal is aborted. */
  connect(url: string, signal: AbortSignal): Promise<OutboxConnection>;
  /** The stored events with these ids, as far as they may be sent. */
  read(ids: readonly string[], signal: AbortSignal): AsyncIterable<readonly NostrEvent[]>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Totals since the start, counted for each relay. */
export interface OutboxCounters extends MirrorCounters {
  /** Events that were given up for a relay: it was away for too long, or there was no room. */
  dropped: number;
  /** Connections that could not be opened, or failed. */
  failed: number;
}

/** A host, and what waits for its relays. */
interface Place {
  readonly host: string;
  /** Ids that wait, by URL. */
  readonly waiting: Map<string, Inbox<"ids", string>>;
  visit: Visit | undefined;
  /** Set while the host is left alone after a failure. */
  retry: Timer | undefined;
}

/** A connection to one relay of a host. */
interface Visit {
  readonly url: string;
  readonly startMs: number;
  readonly leave: Latch<"leave">;
  isUnproven: boolean;
  isIdle: boolean;
}

/** What is remembered of a host. */
interface Known {
  /** Failures in a row. */
  readonly failures: number;
  /** When it may be tried again, on the monotonic clock. */
  readonly untilMs: number;
  /** Whether it has ever taken an event, and not failed too often since. */
  readonly isProven: boolean;
}

/** The pause after the first failure, milliseconds. Each further one is twice as long. */
const FIRST_RETRY_MS = 5_000;

/** After so many failures in a row nothing waits for a host any longer. */
const MAX_FAILURES = 10;

/** Hosts of which is remembered how they did. */
const MAX_KNOWN = 5_000;

/** The share of the waiting relays that may be of one host. */
const MAX_SHARE = 0.125;

/** Events sent at a time without an answer. */
const SENT_AT_ONCE = 20;

/** How long a connection may be used while others wait for one, milliseconds. */
const VISIT_MS = 5_000;

const STRANGER: Known = { failures: 0, untilMs: 0, isProven: false };

/** The relays for which events wait. */
export class OutboxRelays {
  readonly counters: OutboxCounters = { ...zeroMirrorCounters(), dropped: 0, failed: 0 };
  readonly #limits: OutboxRelayLimits;
  readonly #host: OutboxRelaysHost;
  readonly #places = new Map<string, Place>();
  readonly #known = new LruMap<string, Known>(MAX_KNOWN);
  /** Hosts whose turn it may be, in order. */
  readonly #due = { proven: new Set<Place>(), unproven: new Set<Place>() };
  readonly #visits = new Map<Visit, Promise<void>>();
  readonly #connects: TokenBucket;
  readonly #stopped = new AbortController();
  #relayCount = 0;
  #turn: Timer | undefined;

  constructor(limits: OutboxRelayLimits, host: OutboxRelaysHost) {
    this.#limits = limits;
    this.#host = host;
    const rate = { perSecond: limits.connectsPerS, burst: 2 * limits.connectsPerS };
    this.#connects = new TokenBucket(rate, host.clock.monotonicMs());
  }

  /** How many connections are open, or being opened. */
  get connectionCount(): number {
    return this.#visits.size;
  }

  /** How many events wait, counted for each relay. */
  get waiting(): number {
    let sum = 0;
    for (const { waiting } of this.#places.values()) {
      for (const ids of waiting.values()) sum += ids.length;
    }
    return sum;
  }

  /** Has an event brought to a relay. */
  add(url: string, id: string): void {
    if (this.#stopped.signal.aborted) return;
    const place = this.#placeOf(url);
    if (place?.waiting.get(url)?.push(id) !== true) return void this.counters.dropped++;
    const { visit } = place;
    if (visit === undefined) this.#isDue(place);
    else if (visit.url !== url && visit.isIdle) visit.leave.trip();
  }

  /** Ends all connections. What waits is forgotten. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#turn?.cancel();
    for (const place of this.#places.values()) place.retry?.cancel();
    for (const { leave } of this.#visits.keys()) leave.trip();
    await Promise.all(this.#visits.values());
  }

  /** The host of a relay, with room for its events; undefined where there is no room. */
  #placeOf(url: string): Place | undefined {
    const host = relayHostOf(url);
    const known = this.#places.get(host);
    if (known?.waiting.has(url)) return known;
    const { maxWaitingRelays } = this.#limits;
    const mostOfHost = Math.ceil(maxWaitingRelays * MAX_SHARE);
    if (known !== undefined && known.waiting.size >= mostOfHost) return undefined;
    if (this.#relayCount >= maxWaitingRelays && !this.#makeRoom(host)) return undefined;
    const place = this.#places.get(host) ?? this.#newPlace(host);
    place.waiting.set(url, new Inbox("ids", this.#limits.maxWaitingEvents));
    this.#relayCount++;
    return place;
  }

  #newPlace(host: string): Place {
    const place: Place = { host, waiting: new Map(), visit: undefined, retry: undefined };
    this.#places.set(host, place);
    const { untilMs } = this.#knownOf(host);
    const pauseMs = untilMs - this.#host.clock.monotonicMs();
    if (pauseMs > 0) this.#retryIn(place, pauseMs);
    return place;
  }

  /** Gives up what waits for a host that has failed, or for a stranger if this host is none. */
  #makeRoom(host: string): boolean {
    for (const place of this.#places.values()) {
      if (place.retry === undefined || place.visit !== undefined) continue;
      this.#giveUp(place);
      return true;
    }
    const [stranger] = this.#due.unproven;
    if (stranger === undefined || !this.#knownOf(host).isProven) return false;
    this.#giveUp(stranger);
    return true;
  }

  #giveUp(place: Place): void {
    for (const ids of place.waiting.values()) this.counters.dropped += ids.take().length;
    this.#tidy(place);
  }

  /** Forgets relays without events, and a host without relays. */
  #tidy(place: Place): void {
    for (const [url, ids] of place.waiting) {
      if (ids.length > 0 || place.visit?.url === url) continue;
      place.waiting.delete(url);
      this.#relayCount--;
    }
    if (place.waiting.size > 0) return;
    place.retry?.cancel();
    this.#places.delete(place.host);
    this.#due.proven.delete(place);
    this.#due.unproven.delete(place);
  }

  // Turns

  #knownOf(host: string): Known {
    return this.#known.get(host) ?? STRANGER;
  }

  #isDue(place: Place): void {
    if (place.retry !== undefined || place.visit !== undefined) return;
    const { proven, unproven } = this.#due;
    (this.#knownOf(place.host).isProven ? proven : unproven).add(place);
    this.#takeTurns();
  }

  #takeTurns(): void {
    if (this.#turn !== undefined || this.#stopped.signal.aborted) return;
    const { clock } = this.#host;
    for (let place = this.#next(); place !== undefined; place = this.#next()) {
      if (this.#visits.size >= this.#limits.maxConnections) return this.#endIdle();
      if (!this.#connects.tryTake(1, clock.monotonicMs())) {
        this.#turn = clock.after(this.#connects.waitMs(1), () => {
          this.#turn = undefined;
          this.#takeTurns();
        });
        return;
      }
      this.#due.proven.delete(place);
      this.#due.unproven.delete(place);
      this.#visit(place);
    }
    if (this.#due.unproven.size > 0) this.#endIdle(({ isUnproven }) => isUnproven);
  }

  #next(): Place | undefined {
    const [proven] = this.#due.proven;
    if (proven !== undefined) return proven;
    let count = 0;
    for (const { isUnproven } of this.#visits.keys()) if (isUnproven) count++;
    const [unproven] = this.#due.unproven;
    return count < Math.max(1, this.#limits.maxConnections / 2) ? unproven : undefined;
  }

  /** Makes room for others, if there is a connection without work. */
  #endIdle(mayEnd: (visit: Visit) => boolean = () => true): void {
    for (const visit of this.#visits.keys()) {
      if (visit.isIdle && !visit.leave.tripped && mayEnd(visit)) return visit.leave.trip();
    }
  }

  #retryIn(place: Place, pauseMs: number): void {
    place.retry?.cancel();
    place.retry = this.#host.clock.after(pauseMs, () => {
      place.retry = undefined;
      this.#isDue(place);
    });
  }

  // Visits

  #visit(place: Place): void {
    const [url] = place.waiting.keys();
    const visit: Visit = {
      url: url!,
      startMs: this.#host.clock.monotonicMs(),
      leave: new Latch("leave"),
      isUnproven: !this.#knownOf(place.host).isProven,
      isIdle: false,
    };
    place.visit = visit;
    this.#visits.set(visit, this.#bring(place, visit).finally(() => this.#left(place, visit)));
  }

  /** Connects, sends what waits, and waits for more. Never rejects. */
  async #bring(place: Place, visit: Visit): Promise<void> {
    let connection: OutboxConnection | undefined;
    try {
      connection = await this.#host.connect(visit.url, this.#stopped.signal);
      await this.#serve(place, visit, connection);
    } catch (error) {
      this.#failed(place, error);
    }
    await connection?.close();
  }

  #left(place: Place, visit: Visit): void {
    this.#visits.delete(visit);
    place.visit = undefined;
    const ids = place.waiting.get(visit.url)!;
    // The other relays of this host come first.
    place.waiting.delete(visit.url);
    place.waiting.set(visit.url, ids);
    if (this.#stopped.signal.aborted) return;
    this.#tidy(place);
    if (place.waiting.size > 0) this.#isDue(place);
    this.#takeTurns();
  }

  async #serve(place: Place, visit: Visit, connection: OutboxConnection): Promise<void> {
    const ids = place.waiting.get(visit.url)!;
    void connection.closed.then(() => visit.leave.trip());
    for (;;) {
      const idle = this.#host.clock.after(this.#limits.idleCloseMs, () => visit.leave.trip());
      visit.isIdle = ids.length === 0;
      if (visit.isIdle && this.#isWanted(place)) visit.leave.trip();
      const signal = await select(visit.leave, ids);
      visit.isIdle = false;
      idle.cancel();
      if (signal.from === "leave") return;
      if (!await this.#sendAll([...signal.value], { place, visit, connection })) return;
    }
  }

  /** False when the connection has to be given to others. Throws what ends it. */
  async #sendAll(
    left: string[],
    { place, visit, connection }: {
      readonly place: Place;
      readonly visit: Visit;
      readonly connection: OutboxConnection;
    },
  ): Promise<boolean> {
    try {
      while (left.length > 0) {
        // One event may be what a relay fails at: then it is found, and the others are sent.
        const isTrial = this.#knownOf(place.host).failures > 0;
        const batch = left.slice(0, isTrial ? 1 : SENT_AT_ONCE);
        try {
          await this.#send(batch, connection);
        } catch (error) {
          if (isTrial && !isRateLimit(error)) this.#countRejected(left.splice(0, 1).length, error);
          throw error;
        }
        left.splice(0, batch.length);
        this.#known.set(place.host, { failures: 0, untilMs: 0, isProven: true });
        visit.isUnproven = false;
        const usedMs = this.#host.clock.monotonicMs() - visit.startMs;
        if (this.#stopped.signal.aborted) return false;
        if (usedMs >= VISIT_MS && this.#isWanted(place)) return false;
      }
      return true;
    } finally {
      const ids = place.waiting.get(visit.url)!;
      for (const id of left) if (!ids.push(id)) this.counters.dropped++;
    }
  }

  /** Whether somebody waits for the connection to this host. */
  #isWanted({ waiting }: Place): boolean {
    const { proven, unproven } = this.#due;
    if (waiting.size > 1) return true;
    // Where only the rate keeps others waiting, this one may stay.
    return this.#turn === undefined && proven.size + unproven.size > 0;
  }

  async #send(ids: readonly string[], { remote }: OutboxConnection): Promise<void> {
    for await (const events of this.#host.read(ids, this.#stopped.signal)) {
      for (const batch of batchesOf(events, SENT_AT_ONCE)) {
        await Promise.all(batch.map(async (event) => {
          const { accepted, reason } = await remote.publish(event);
          if (hasPrefix(reason, "rate-limited")) throw new RemoteRefusal(reason, "refused");
          if (accepted) this.counters.sent++;
          else if (!hasPrefix(reason, "duplicate")) {
            countIn(this.counters.rejected, prefixOf(reason));
          }
        }));
      }
    }
  }

  #countRejected(count: number, error: unknown): void {
    const kind = error instanceof RemoteRefusal ? error.kind : "error";
    for (let at = 0; at < count; at++) countIn(this.counters.rejected, kind);
  }

  #failed(place: Place, error: unknown): void {
    if (this.#stopped.signal.aborted) return;
    const { clock, random, log } = this.#host;
    this.counters.failed++;
    const known = this.#knownOf(place.host);
    const failures = Math.min(known.failures + 1, MAX_FAILURES);
    const pauses = { firstMs: FIRST_RETRY_MS, maxMs: this.#limits.maxRetryMs };
    const pauseMs = backOffMs(failures - 1, pauses, random);
    const hasGoneOn = failures >= MAX_FAILURES;
    const isProven = known.isProven && !hasGoneOn;
    const untilMs = clock.monotonicMs() + pauseMs;
    this.#known.set(place.host, { failures, untilMs, isProven });
    const reason = oneLine(messageOf(error));
    log.debug("a relay of a relay list failed", { host: place.host, reason, failures });
    if (hasGoneOn) {
      for (const ids of place.waiting.values()) this.counters.dropped += ids.take().length;
    }
    this.#retryIn(place, pauseMs);
  }
}

function isRateLimit(error: unknown): boolean {
  return error instanceof RemoteRefusal && error.isRateLimit;
}
