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

import { assert } from "../base/assert.ts";
import type { Timer } from "../base/clock.ts";
import { messageOf } from "../base/error_text.ts";
import { Inbox } from "../base/inbox.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import { relayHostOf } from "../nostr/relay_list.ts";
import { zeroMirrorCounters } from "./mirror.ts";
import { HostRecords, MAX_FAILURES } from "./outbox_hosts.ts";
import { type OutboxCounters, type OutboxPorts, OutboxVisit } from "./outbox_visit.ts";
import { oneLine } from "./remote_refusal.ts";

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

/** What {@link OutboxRelays} works with. */
export interface OutboxRelaysHost extends OutboxPorts {
  readonly random: Random;
  readonly log: Log;
}

/** A host, and what waits for its relays. */
interface Place {
  readonly host: string;
  /** Ids that wait, by URL. */
  readonly waiting: Map<string, Inbox<"ids", string>>;
  visit: OutboxVisit | undefined;
  /** Set while the host is left alone after a failure. */
  retry: Timer | undefined;
}

/** The share of the waiting relays that may be of one host. */
const MAX_SHARE = 0.125;

/** The relays for which events wait. */
export class OutboxRelays {
  readonly counters: OutboxCounters = { ...zeroMirrorCounters(), dropped: 0, failed: 0 };
  readonly #limits: OutboxRelayLimits;
  readonly #host: OutboxRelaysHost;
  readonly #places = new Map<string, Place>();
  readonly #records: HostRecords;
  /** Hosts whose turn it may be, in order. */
  readonly #due = { proven: new Set<Place>(), unproven: new Set<Place>() };
  readonly #visits = new Map<OutboxVisit, Promise<void>>();
  readonly #connects: TokenBucket;
  readonly #stopped = new AbortController();
  #relayCount = 0;
  #turn: Timer | undefined;

  constructor(limits: OutboxRelayLimits, host: OutboxRelaysHost) {
    this.#limits = limits;
    this.#host = host;
    const { clock, random } = host;
    this.#records = new HostRecords({ clock, random, maxRetryMs: limits.maxRetryMs });
    const rate = { perSecond: limits.connectsPerS, burst: 2 * limits.connectsPerS };
    this.#connects = new TokenBucket(rate, clock.monotonicMs());
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
    else if (visit.url !== url && visit.isIdle) visit.leave();
  }

  /** Ends all connections. What waits is forgotten. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#turn?.cancel();
    for (const place of this.#places.values()) place.retry?.cancel();
    for (const visit of this.#visits.keys()) visit.leave();
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
    const { untilMs } = this.#records.of(host);
    if (untilMs > this.#host.clock.monotonicMs()) this.#retryAt(place, untilMs);
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
    if (stranger === undefined || !this.#records.of(host).isProven) return false;
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

  #isDue(place: Place): void {
    if (place.retry !== undefined || place.visit !== undefined) return;
    const { proven, unproven } = this.#due;
    (this.#records.of(place.host).isProven ? proven : unproven).add(place);
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
  #endIdle(mayEnd: (visit: OutboxVisit) => boolean = () => true): void {
    for (const visit of this.#visits.keys()) {
      if (visit.isIdle && mayEnd(visit)) return visit.leave();
    }
  }

  #retryAt(place: Place, untilMs: number): void {
    const { clock } = this.#host;
    place.retry?.cancel();
    place.retry = clock.after(untilMs - clock.monotonicMs(), () => {
      place.retry = undefined;
      this.#isDue(place);
    });
  }

  #visit(place: Place): void {
    const { host, waiting } = place;
    const [[url, ids] = []] = waiting;
    assert(url !== undefined && ids !== undefined, "a host whose turn it is has a relay");
    const visit = new OutboxVisit({
      ...{ url, host, ids, ports: this.#host, records: this.#records, counters: this.counters },
      idleCloseMs: this.#limits.idleCloseMs,
      stopped: this.#stopped.signal,
      isWanted: () => this.#isWanted(place),
    });
    place.visit = visit;
    const run = visit.run((error) => this.#failed(place, error));
    this.#visits.set(visit, run.finally(() => this.#left(place, visit)));
  }

  #left(place: Place, visit: OutboxVisit): void {
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

  /** Whether somebody waits for the connection to this host. */
  #isWanted({ waiting }: Place): boolean {
    const { proven, unproven } = this.#due;
    if (waiting.size > 1) return true;
    // Where only the rate keeps others waiting, this one may stay.
    return this.#turn === undefined && proven.size + unproven.size > 0;
  }

  #failed(place: Place, error: unknown): void {
    if (this.#stopped.signal.aborted) return;
    this.counters.failed++;
    const { failures, untilMs } = this.#records.failed(place.host);
    const reason = oneLine(messageOf(error));
    this.#host.log.debug("a relay of a relay list failed", { host: place.host, reason, failures });
    if (failures >= MAX_FAILURES) {
      for (const ids of place.waiting.values()) this.counters.dropped += ids.take().length;
    }
    this.#retryAt(place, untilMs);
  }
}
