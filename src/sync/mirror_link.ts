/**
 * One connection to another relay: compares once, and whenever something may have been missed; takes
 * what is new there, and sends what is new here.
 *
 * An event that is here already is announced to nobody, so it goes no further: that ends every loop.
 * What crossed a link one way does not cross it the other way, except for the copies that the other
 * relay sends to all of its subscribers, this one included.
 *
 * @see NIP-01, NIP-77
 * @module
 */

import { backOffMs } from "../base/back_off.ts";
import { Inbox } from "../base/inbox.ts";
import { Latch } from "../base/latch.ts";
import type { Timer } from "../base/clock.ts";
import { messageOf } from "../base/error_text.ts";
import { select } from "../base/select.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { expirationOf } from "../nostr/expiration.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { kindClass } from "../nostr/kind.ts";
import { matches } from "../nostr/match.ts";
import { compare } from "./compare.ts";
import type { LocalEvents } from "./difference.ts";
import { countIn, countTaken, type Mirror, type MirrorHost, type Taken } from "./mirror.ts";
import { RateLimitRetry } from "./rate_limit_retry.ts";
import { oneLine, prefixOf, RemoteRefusal } from "./remote_refusal.ts";
import { RemoteRelay, type RemoteSocket } from "./remote_relay.ts";
import { batchesOf, fetchEvents, sendEvent, type SendOutcome } from "./transfer.ts";
import type { TimeRange } from "./time_range.ts";

/** A connection whose reading can be held up. */
interface MirrorSocket extends RemoteSocket {
  pause(): void;
  resume(): void;
}

/** The pause after the first comparison that fails, milliseconds. */
const FIRST_RETRY_MS = 1_000;

/** Clocks differ, and events are published a while after they are made, seconds. */
const OVERLAP_S = 3_600;

/** Ids looked up at a time. */
const LOOKED_UP_AT_ONCE = 400;

/** One connection, from its opening to its end. */
export class MirrorLink {
  readonly #mirror: Mirror;
  readonly #host: MirrorHost;
  readonly #socket: MirrorSocket;
  readonly #remote: RemoteRelay;
  readonly #rateLimitRetry: RateLimitRetry;
  readonly #controller = new AbortController();
  readonly #ended = new Latch<"ended">("ended");
  /** Asks for a comparison. */
  readonly #due = new Inbox<"due", true>("due", 1);
  /** The comparison under way has ended. */
  readonly #compared = new Inbox<"compared", Outcome>("compared", 1);
  #isComparing = false;
  /** Comparisons in a row that failed, or after which something was missed soon. */
  #failures = 0;
  /** Since when nothing has been missed, on the monotonic clock; undefined while something may be. */
  #currentSinceMs: number | undefined;
  #retry: Timer | undefined;
  /** Events of the other relay that are being stored. */
  #taking = 0;
  #unsubscribe: (() => void) | undefined;
  /** What the other relay may learn of, as of the last comparison. */
  #readable: readonly ReqFilter[] = [];

  constructor(mirror: Mirror, host: MirrorHost, socket: MirrorSocket) {
    const { url, signer, limits } = mirror.plan;
    const { clock, random } = host;
    this.#mirror = mirror;
    this.#host = host;
    this.#socket = socket;
    const { answerTimeoutMs: timeoutMs, maxAnswerCharacters } = limits;
    const ofRemote = { socket, url, clock, timeoutMs, signer, maxAnswerCharacters };
    this.#remote = new RemoteRelay(ofRemote);
    this.#rateLimitRetry = new RateLimitRetry({ clock, random, signal: this.#controller.signal });
  }

  /** Handles a message of the other relay. */
  receive(text: string): void {
    this.#remote.receive(text);
  }

  /** The connection has ended. */
  closed(why: string): void {
    this.#remote.disconnected(why);
    this.#controller.abort();
    this.#ended.trip();
  }

  /** Exchanges events until {@link closed}. Never rejects. */
  async run(): Promise<void> {
    const { outgoing, plan: { signer, filter } } = this.#mirror;
    if (signer !== undefined) await this.#remote.authenticated();
    this.#readable = await this.#host.readable(filter);
    this.#due.push(true);
    for (;;) {
      const signal = await select(this.#ended, this.#compared, this.#due, outgoing);
      if (signal.from === "ended") break;
      else if (signal.from === "compared") this.#afterComparison(signal.value[0]!);
      else if (signal.from === "due") this.#compare();
      else this.#send(signal.value);
    }
    this.#retry?.cancel();
    if (this.#currentSinceMs !== undefined && this.#mirror.followedUntilS !== undefined) {
      this.#mirror.followedUntilS = this.#nowS();
    }
  }

  get #sends(): boolean {
    return this.#mirror.plan.direction !== "down";
  }

  get #takes(): boolean {
    return this.#mirror.plan.direction !== "up";
  }

  // Comparing

  /** Compares beside the loop, one time after the other. */
  #compare(): void {
    this.#isComparing = true;
    this.#mirror.hasMissed = false;
    const startS = this.#nowS();
    void this.#catchUp().then(
      () => this.#compared.push({ startS }),
      (error: unknown) => this.#compared.push({ error }),
    );
  }

  #afterComparison(outcome: Outcome): void {
    this.#isComparing = false;
    if (this.#controller.signal.aborted) return;
    if ("error" in outcome) {
      const { error } = outcome;
      this.#mirror.comparisonFailed(oneLine(messageOf(error)));
      return this.#compareLater();
    }
    if (this.#mirror.hasMissed) return this.#compareLater();
    this.#mirror.followedUntilS = outcome.startS;
    if (!this.#isFollowing) return this.#compareLater();
    this.#mirror.compared();
    this.#currentSinceMs = this.#host.clock.monotonicMs();
  }

  /** Whether new events of the other relay come, if they are wanted. */
  get #isFollowing(): boolean {
    return !this.#takes || this.#unsubscribe !== undefined;
  }

  /** Something was left out that another comparison finds. */
  #missed(): void {
    this.#mirror.missed();
    this.#compareLater();
  }

  /**
   * Compares after a pause. It grows until nothing is missed for as long as the longest one: a relay
   * that ends the subscription after each comparison would have all ids read every second. A
   * comparison under way ends first.
   */
  #compareLater(): void {
    const { aborted } = this.#controller.signal;
    if (this.#isComparing || this.#retry !== undefined || aborted) return;
    const { clock, random } = this.#host;
    const { maxRetryMs } = this.#mirror.plan.limits;
    const sinceMs = this.#currentSinceMs ?? Infinity;
    this.#currentSinceMs = undefined;
    if (clock.monotonicMs() - sinceMs >= maxRetryMs) this.#failures = 0;
    const pauses = { firstMs: FIRST_RETRY_MS, maxMs: maxRetryMs };
    this.#retry = clock.after(backOffMs(this.#failures++, pauses, random), () => {
      this.#retry = undefined;
      this.#due.push(true);
    });
  }

  #nowS(): number {
    return Math.floor(this.#host.clock.nowMs() / 1_000);
  }

  /** Subscribes first, so that nothing falls between what is compared and what is new. */
  async #catchUp(): Promise<void> {
    const { plan, followedUntilS } = this.#mirror;
    const { signal } = this.#controller;
    if (this.#takes) this.#subscribe();
    this.#readable = await this.#host.readable(plan.filter);
    const filter = this.#comparedFilter();
    const steps = compare({
      ...{ filter, signal, remote: this.#remote, filterJson: plan.filterJson },
      ...{ sha256: this.#host.sha256, sends: this.#sends, reconciles: plan.reconciles },
      local: this.#localEvents(),
      withRetry: (work) => this.#rateLimitRetry.run(work),
      ...followedUntilS !== undefined && { pagingSince: followedUntilS - OVERLAP_S },
    });
    for await (const { need, events, have, malformed } of steps) {
      for (let count = 0; count < malformed; count++) this.#countMalformed();
      if (this.#takes) {
        await this.#takeMissing(events);
        await this.#fetchMissing(need);
      }
      if (this.#sends) await this.#sendStored(have);
    }
  }

  #comparedFilter(): ReqFilter {
    const { filter, catchUpS } = this.#mirror.plan;
    if (catchUpS === 0) return filter;
    return { ...filter, since: Math.max(this.#nowS() - catchUpS, filter.since ?? 0) };
  }

  #localEvents(): LocalEvents {
    const within = (filter: ReqFilter, { since, until }: TimeRange): ReqFilter => ({
      ...filter,
      since: Math.max(since, filter.since ?? 0),
      until: Math.min(until, filter.until ?? Infinity),
    });
    return {
      identify: (range, signal) =>
        this.#host.identify(this.#readable.map((filter) => within(filter, range)), signal),
    };
  }

  // From there

  #subscribe(): void {
    this.#unsubscribe ??= this.#remote.subscribe({ ...this.#mirror.plan.filterJson, limit: 0 }, {
      event: (event) => {
        // What was sent there comes back as it goes to all subscribers.
        if (this.#isWanted(event)) void this.#take(event);
      },
      malformed: () => this.#countMalformed(),
      closed: ({ message }) => {
        // It is opened again with the next comparison, which finds what came meanwhile.
        this.#unsubscribe = undefined;
        this.#mirror.comparisonFailed(message);
        this.#compareLater();
      },
    });
  }

  #isWanted(event: NostrEvent): boolean {
    return this.#mirror.crossed.get(event.id) === undefined &&
      kindClass(event.kind) !== "ephemeral" &&
      matches(this.#mirror.plan.filter, event);
  }

  async #fetchMissing(ids: Iterable<string>): Promise<void> {
    const link = { remote: this.#remote, retry: this.#rateLimitRetry };
    for (const batch of batchesOf(ids, LOOKED_UP_AT_ONCE)) {
      const missing = await this.#missing(batch);
      for await (const { events } of fetchEvents(missing, link)) {
        await Promise.all(events.filter((event) => this.#isWanted(event)).map(this.#take));
      }
    }
  }

  async #takeMissing(events: readonly NostrEvent[]): Promise<void> {
    for (const batch of batchesOf(events, LOOKED_UP_AT_ONCE)) {
      const missing = new Set(await this.#missing(batch.map(({ id }) => id)));
      const wanted = batch.filter((event) => missing.has(event.id) && this.#isWanted(event));
      await Promise.all(wanted.map(this.#take));
    }
  }

  /** Those that are neither stored, nor came otherwise meanwhile, nor were refused. */
  #missing(ids: readonly string[]): Promise<readonly string[]> {
    const open = ids.filter((id) => this.#mirror.isOpen(id));
    return open.length === 0
      ? Promise.resolve([])
      : this.#host.missing(open, this.#controller.signal);
  }

  readonly #take = async (event: NostrEvent): Promise<void> => {
    // Before it is stored, so that it is not sent back when it is announced.
    this.#mirror.crossed.set(event.id, true);
    this.#mirror.counters.received++;
    const { maxPendingEvents } = this.#mirror.plan.limits;
    if (++this.#taking === maxPendingEvents) this.#socket.pause();
    const taken = await this.#host.take(event);
    if (this.#taking-- === maxPendingEvents) this.#socket.resume();
    this.#countTaken(event.id, taken);
  };

  #countTaken(id: string, taken: Taken): void {
    const prefix = countTaken(this.#mirror.counters, taken);
    if (prefix === undefined) return;
    this.#mirror.crossed.delete(id);
    if (prefix === "error" || prefix === "rate-limited") this.#missed();
    else this.#mirror.refuse(id);
  }

  #countMalformed(): void {
    this.#mirror.counters.received++;
    countIn(this.#mirror.counters.refused, "invalid");
  }

  // To there

  #maySend(event: NostrEvent): boolean {
    const expiresAtS = expirationOf(event) ?? Infinity;
    return kindClass(event.kind) !== "ephemeral" &&
      expiresAtS > this.#nowS() && this.#host.maySend(event) &&
      this.#readable.some((filter) => matches(filter, event));
  }

  /** Sends what waits; the loop takes no more until that is answered. */
  #send(ids: readonly string[]): void {
    const { outgoing } = this.#mirror;
    outgoing.hold();
    // When the store cannot be read, a comparison finds them later.
    void this.#sendStored(ids).catch(() => this.#mirror.missed()).finally(() => {
      outgoing.release();
      if (this.#mirror.hasMissed) this.#compareLater();
    });
  }

  async #sendStored(ids: Iterable<string>): Promise<void> {
    const { signal } = this.#controller;
    for (const batch of batchesOf(ids, this.#mirror.plan.limits.maxPendingEvents)) {
      const open = batch.filter((id) => this.#mirror.isOpen(id));
      if (open.length === 0) continue;
      for await (const events of this.#host.read(open, signal)) {
        await Promise.all(events.filter((event) => this.#maySend(event)).map(this.#sendOne));
      }
    }
  }

  readonly #sendOne = async (event: NostrEvent): Promise<void> => {
    const { signal } = this.#controller;
    if (signal.aborted) return this.#mirror.queue(event);
    if (this.#mirror.crossed.get(event.id) !== undefined) return;
    this.#mirror.crossed.set(event.id, true);
    try {
      const link = { remote: this.#remote, retry: this.#rateLimitRetry };
      this.#countSent(event.id, await sendEvent(event, link));
    } catch (error) {
      const isSilent = error instanceof RemoteRefusal && error.kind === "silent";
      if (isSilent && !signal.aborted) return this.#countSent(event.id, { refused: "silent" });
      this.#mirror.crossed.delete(event.id);
      this.#mirror.queue(event);
    }
  };

  #countSent(id: string, outcome: SendOutcome): void {
    const { counters } = this.#mirror;
    if (outcome === "accepted") return void counters.sent++;
    if (outcome === "duplicate") return;
    const prefix = outcome.refused === "silent" ? "silent" : prefixOf(outcome.refused);
    countIn(counters.rejected, prefix);
    this.#mirror.crossed.delete(id);
    // What fails each time would be sent for ever.
    if (!TRANSIENT.has(prefix)) this.#mirror.refuse(id);
    else if (this.#mirror.mayRetry(id)) this.#missed();
  }
}

/** Refusals after which an event may be sent again. */
const TRANSIENT: ReadonlySet<string> = new Set(["error", "rate-limited", "silent"]);

/** How a comparison ended. */
type Outcome = { readonly startS: number } | { readonly error: unknown };
