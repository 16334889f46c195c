/**
 * Subscribes on many connections and receives what the other side, {@link FeedJob}, publishes.
 *
 * @module
 */

import { EventKeys, subscriptionNumber, tallyAnswer, verbOf } from "../answer.ts";
import { closeAll, openAll, readFrom, type Reading } from "../connections.ts";
import { textFrame } from "../frames.ts";
import { InflatedTexts } from "../inflate.ts";
import { Latencies } from "../latencies.ts";
import type { RawClient } from "../raw_client.ts";
import { nowMs, type Side, type SideResult, type Target } from "../side.ts";
import { Tally } from "../tally.ts";

/** What both sides know of the events, in shared memory. Number i of each is about event i. */
export interface SharedFeed {
  /** As `keyOf` gives it. */
  readonly keys: Float64Array;
  /** Which of the authors wrote it. */
  readonly authorOf: Int32Array;
  /** When it was sent. */
  readonly sentMs: Float64Array;
  /** How many deliveries are still to come. */
  readonly missing: Int32Array;
  /** At 0, how many events have been delivered to all, or will not be. */
  readonly finished: Int32Array;
  /** At 0, when the last delivery was. */
  readonly lastMs: Float64Array;
}

/** Who listens to what. */
export interface ListenJob extends Target {
  readonly kind: "listen";
  readonly feed: SharedFeed;
  readonly connections: number;
  readonly subscriptions: number;
  /** The authors' public keys. */
  readonly authors: readonly string[];
  /** Whether each subscription is for one author, instead of for all events of kind 1. */
  readonly isByAuthor: boolean;
  readonly isDeflated: boolean;
  /** No event is older, seconds since 1970: to some relays a limit of 0 is none. */
  readonly sinceS: number;
}

/** Opens connections and subscriptions; how many each event is to be delivered to is then known. */
export async function listenSide(job: ListenJob): Promise<Side> {
  const listening = new Listening(job);
  await listening.open();
  return listening;
}

class Listening implements Side {
  readonly #job: ListenJob;
  readonly #tally = new Tally();
  readonly #latencies = new Latencies();
  readonly #readings: Reading[] = [];
  readonly #eventAt = new Map<number, number>();
  readonly #eventKeys = new EventKeys();
  /** Subscriptions by author; in one place when they are for all. */
  readonly #listeners: Int32Array;
  #delivered = 0;
  /** What comes afterwards does not count. The other side may begin before this one. */
  #isOver = false;

  constructor(job: ListenJob) {
    this.#job = job;
    this.#listeners = new Int32Array(job.isByAuthor ? job.authors.length : 1);
    job.feed.keys.forEach((key, at) => this.#eventAt.set(key, at));
  }

  async open(): Promise<void> {
    const { isDeflated, feed } = this.#job;
    const extensions = isDeflated ? "permessage-deflate" : undefined;
    const clients = await openAll({ ...this.#job, extensions }, this.#tally);
    const listen = isDeflated ? this.#listenByPlace : this.#listenByKey;
    await Promise.all(clients.map((client, place) => listen.call(this, client, place)));
    feed.authorOf.forEach((author, at) => {
      feed.missing[at] = this.#listeners[this.#job.isByAuthor ? author : 0]!;
    });
  }

  async run(stop: Promise<void>): Promise<SideResult> {
    const startMs = nowMs();
    await stop;
    this.#isOver = true;
    const { sentMs, missing } = this.#job.feed;
    const isSent = (_: unknown, at: number) => sentMs[at]! > 0;
    const lost = missing.filter(isSent).reduce((sum, count) => sum + Math.max(count, 0), 0);
    this.#tally.add("not delivered", "", lost);
    return {
      done: this.#delivered,
      tried: this.#delivered + lost,
      seconds: (nowMs() - startMs) / 1_000,
      latencies: this.#latencies.counts,
      tally: this.#tally.entries(),
    };
  }

  close(): Promise<void> {
    return closeAll(this.#readings);
  }

  /** Waits until every subscription has its EOSE; a refused one is expected to get nothing. */
  async #listenByKey(client: RawClient, place: number): Promise<void> {
    const { subscriptions, timeoutMs } = this.#job;
    const ready = Promise.withResolvers<void>();
    const waiting = new Set(Array.from({ length: subscriptions }, (_, number) => number));
    const reading = readFrom(client, this.#tally, (payload) => {
      const verb = verbOf(payload);
      if (verb === "EVENT") return this.#onDelivery(this.#eventKeys.keyOf(payload));
      if (verb !== "EOSE") tallyAnswer(this.#tally, payload);
      if (verb !== "EOSE" && verb !== "CLOSED") return;
      const number = subscriptionNumber(payload);
      if (waiting.delete(number) && verb === "EOSE") {
        this.#listeners[this.#authorOf(place, number)]!++;
      }
      if (waiting.size === 0) ready.resolve();
    });
    this.#readings.push(reading);
    void reading.ended.then(() => ready.resolve());
    void client.send(...this.#requests(place));
    const timer = setTimeout(() => ready.resolve(), timeoutMs);
    await ready.promise;
    clearTimeout(timer);
    this.#tally.add("subscription without EOSE", "", waiting.size);
    waiting.clear();
  }

  /**
   * Messages are inflated until the EOSE, which is before the load. What comes then is known by its
   * order, one event after another, so that the client does not pay for inflating.
   */
  async #listenByPlace(client: RawClient, place: number): Promise<void> {
    const ready = Promise.withResolvers<void>();
    const stored = new InflatedTexts();
    let isReady = false;
    let next = 0;
    const reading = readFrom(client, this.#tally, (payload, isCompressed) => {
      if (isReady) return this.#onDelivery(this.#job.feed.keys[next++]!);
      const text = stored.read(payload, isCompressed);
      const verb = verbOf(text);
      if (verb !== "EVENT" && verb !== "EOSE") tallyAnswer(this.#tally, text);
      if (verb !== "EOSE" && verb !== "CLOSED") return;
      isReady = verb === "EOSE";
      ready.resolve();
    });
    this.#readings.push(reading);
    void reading.ended.then(() => ready.resolve());
    void client.send(...this.#requests(place));
    const timer = setTimeout(() => ready.resolve(), this.#job.timeoutMs);
    await ready.promise;
    clearTimeout(timer);
    if (isReady) this.#listeners[0]!++;
    else this.#tally.add("subscription without EOSE");
  }

  #authorOf(place: number, number: number): number {
    const { isByAuthor, subscriptions, authors } = this.#job;
    return isByAuthor ? (place * subscriptions + number) % authors.length : 0;
  }

  #requests(place: number): readonly Uint8Array[] {
    const { subscriptions, authors, isByAuthor, sinceS: since } = this.#job;
    return Array.from({ length: subscriptions }, (_, number) => {
      const author = authors[this.#authorOf(place, number)]!;
      const filter = { kinds: [1], ...(isByAuthor ? { authors: [author] } : {}), since, limit: 0 };
      return textFrame(JSON.stringify(["REQ", `q${number}`, filter]));
    });
  }

  #onDelivery(key: number): void {
    const at = this.#eventAt.get(key);
    // A stored event, or one of somebody else who publishes here.
    if (at === undefined || this.#isOver) return;
    const { sentMs, missing, finished, lastMs } = this.#job.feed;
    const before = Atomics.sub(missing, at, 1);
    if (before <= 0) return this.#tally.add("delivered once too often");
    this.#delivered++;
    const now = lastMs[0] = nowMs();
    this.#latencies.record(now - sentMs[at]!);
    if (before > 1) return;
    Atomics.add(finished, 0, 1);
    Atomics.notify(finished, 0);
  }
}
