/**
 * Another relay that this one exchanges events with all the time: what is known of it beyond one
 * connection.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { Inbox } from "../base/inbox.ts";
import type { Log } from "../base/log.ts";
import { LruMap } from "../base/lru_map.ts";
import type { Random } from "../base/random.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import type { JsonObject } from "../nostr/json.ts";
import { kindClass } from "../nostr/kind.ts";
import type { Reason } from "../nostr/reason.ts";
import type { StoredEvent } from "../store/event_store.ts";
import type { RemoteSigner } from "./authentication.ts";

/** What is exchanged with which relay. */
export interface MirrorPlan {
  readonly url: string;
  /** Whether events come from there, go there, or both. */
  readonly direction: "down" | "up" | "both";
  readonly filter: ReqFilter;
  /** The same filter, for the other relay. */
  readonly filterJson: JsonObject;
  /** How far back events are compared, seconds; 0 for all of them. */
  readonly catchUpS: number;
  readonly signer: RemoteSigner | undefined;
  /** Whether the other relay is asked to reconcile. Default: true. */
  readonly reconciles?: boolean;
  readonly limits: MirrorLimits;
}

interface MirrorLimits {
  /** Events of the other relay that are being stored, and events sent there without an answer. */
  readonly maxPendingEvents: number;
  /** New events that wait to be sent there. */
  readonly maxWaitingEvents: number;
  /** Ids of events that crossed, and as many that were refused on either side. */
  readonly maxRememberedIds: number;
  /** How long the other relay may be silent about a request, milliseconds. */
  readonly answerTimeoutMs: number;
  /** The longest pause before a comparison that failed is tried again, milliseconds. */
  readonly maxRetryMs: number;
  /** How much of one answer is kept in memory, characters as sent. Default: 32 Mi. */
  readonly maxAnswerCharacters?: number;
}

/** What became of an event of another relay. */
export interface Taken {
  readonly accepted: boolean;
  readonly reason?: Reason | undefined;
}

/** This relay, as one mirror sees it. */
export interface MirrorHost {
  /** Takes an event as any other: checks, policies, signature, store. Never rejects. */
  take(event: NostrEvent): Promise<Taken>;
  /** Calls back with each event that is stored from now on. Returns a function that ends this. */
  listen(filter: ReqFilter, onEvent: (event: NostrEvent) => void): () => void;
  /** The filters for what the other relay may learn of; none where that is nothing. */
  readable(filter: ReqFilter): Promise<readonly ReqFilter[]>;
  /** Ids and times, newest first, of what the other relay may learn of. */
  identify(
    filters: readonly ReqFilter[],
    signal: AbortSignal,
  ): AsyncIterable<readonly Pick<StoredEvent, "id" | "createdAt">[]>;
  /** Those of the ids that are not stored. */
  missing(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
  /** The stored events with these ids. */
  read(ids: readonly string[], signal: AbortSignal): AsyncIterable<readonly NostrEvent[]>;
  /** Whether an event may be sent there. */
  maySend(event: NostrEvent): boolean;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Totals since the start. */
export interface MirrorCounters {
  connected: boolean;
  /** Events that came from the other relay, without those that had been sent there. */
  received: number;
  /** Of these, events that were stored. */
  stored: number;
  /** Of these, events that were known. */
  duplicate: number;
  /** Of these, events that were refused, by the prefix of the reason. */
  readonly refused: Record<string, number>;
  /** Events that the other relay accepted. */
  sent: number;
  /** Events that the other relay refused, by the prefix of its reason. */
  readonly rejected: Record<string, number>;
}

/** All that is exchanged one way or both, as `top` shows it. */
export type Exchange = Pick<Mirror, "name" | "counters" | "hasMissed" | "followedUntilS"> & {
  readonly plan: Pick<MirrorPlan, "direction">;
  readonly outgoing: Pick<Mirror["outgoing"], "length">;
};

/** Counters at zero. */
export function zeroMirrorCounters(): MirrorCounters {
  return {
    ...{ connected: false, received: 0, stored: 0, duplicate: 0, refused: {} },
    ...{ sent: 0, rejected: {} },
  };
}

/** After so long, what was refused is tried again: rules change. */
const FORGET_REFUSALS_MS = 6 * 3_600_000;

/** What is kept of another relay between connections. */
export class Mirror {
  readonly plan: MirrorPlan;
  /** Ids of events that were stored here and are to be sent, also while there is no connection. */
  readonly outgoing: Inbox<"outgoing", string>;
  /** Ids of events that crossed the present connection, or the last one, either way. */
  crossed: LruMap<string, true>;
  /** Whether something was left out that only a comparison of everything finds. */
  hasMissed = false;
  readonly counters = zeroMirrorCounters();
  /**
   * Up to when the other relay was followed, seconds since 1970; undefined before its first
   * comparison was complete. One that does not reconcile is read only from then on.
   */
  followedUntilS: number | undefined;
  readonly #host: Pick<MirrorHost, "clock" | "log" | "listen" | "maySend">;
  #stopListening: () => void = () => {};
  #refused: LruMap<string, true>;
  /** Events that the other relay could not take for the moment. */
  #failed: LruMap<string, true>;
  #refusedSinceMs: number;
  /** Whether the last line of the log said that the mirror is away. */
  #isAway = false;
  #isComparing = true;

  constructor(plan: MirrorPlan, host: Pick<MirrorHost, "clock" | "log" | "listen" | "maySend">) {
    const { maxWaitingEvents, maxRememberedIds } = plan.limits;
    this.plan = plan;
    this.#host = host;
    this.outgoing = new Inbox("outgoing", maxWaitingEvents);
    this.crossed = new LruMap(maxRememberedIds);
    this.#refused = new LruMap(maxRememberedIds);
    this.#failed = new LruMap(maxRememberedIds);
    this.#refusedSinceMs = host.clock.monotonicMs();
  }

  /** Keeps what is stored from now on to be sent, if anything goes up. */
  start(): void {
    if (this.plan.direction === "down") return;
    this.#stopListening = this.#host.listen(this.plan.filter, (event) => this.queue(event));
  }

  stop(): void {
    this.#stopListening();
  }

  /** Adds an event to those that are to be sent, unless it came from there. */
  queue(event: NostrEvent): void {
    if (kindClass(event.kind) === "ephemeral" || this.crossed.get(event.id)) return;
    if (!this.#host.maySend(event)) return;
    if (!this.outgoing.push(event.id)) this.missed();
  }

  /** Something was left out: the next comparison looks at everything. */
  missed(): void {
    this.hasMissed = true;
    this.followedUntilS = undefined;
  }

  /** The name of the other relay in the log and in figures. */
  get name(): string {
    return nameOf(this.plan.url);
  }

  /** A connection is open. */
  connected(): void {
    // What was sent and not answered may have been lost.
    this.crossed = new LruMap(this.plan.limits.maxRememberedIds);
    this.counters.connected = true;
    this.#isAway = false;
    this.#host.log.info("mirror connected", { url: this.name });
  }

  /** A connection has ended, or could not be opened. Logged once until there is one again. */
  away(why: string): void {
    this.counters.connected = false;
    if (this.#isAway) return;
    this.#isAway = true;
    this.#host.log.warn("mirror is away", { url: this.name, reason: why });
  }

  /** A comparison failed. Logged once until one succeeds. */
  comparisonFailed(why: string): void {
    if (!this.#isComparing) return;
    this.#isComparing = false;
    this.#host.log.warn("mirror cannot be compared with", { url: this.name, reason: why });
  }

  /** A comparison is complete. */
  compared(): void {
    if (!this.#isComparing) this.#host.log.info("mirror compared with again", { url: this.name });
    this.#isComparing = true;
  }

  /** Whether an event has neither crossed this connection, nor been refused for good by either side. */
  isOpen(id: string): boolean {
    this.#forgetOld();
    return this.crossed.get(id) === undefined && this.#refused.get(id) === undefined;
  }

  refuse(id: string): void {
    this.#forgetOld();
    this.#refused.set(id, true);
  }

  /** The other relay could not take an event: whether it may be sent again. The second time not. */
  mayRetry(id: string): boolean {
    this.#forgetOld();
    if (this.#failed.get(id) === undefined) {
      this.#failed.set(id, true);
      return true;
    }
    this.refuse(id);
    return false;
  }

  #forgetOld(): void {
    const nowMs = this.#host.clock.monotonicMs();
    if (nowMs - this.#refusedSinceMs < FORGET_REFUSALS_MS) return;
    this.#refusedSinceMs = nowMs;
    this.#refused = new LruMap(this.plan.limits.maxRememberedIds);
    this.#failed = new LruMap(this.plan.limits.maxRememberedIds);
  }
}

/** A URL without its query, which may hold a secret. */
export function nameOf(url: string): string {
  return url.replace(/[?#].*$/s, "");
}

/** Counts one more under a key. */
export function countIn(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** Counts what became of an event. Returns the prefix of the reason if it was refused. */
export function countTaken(
  counters: MirrorCounters,
  { accepted, reason }: Taken,
): string | undefined {
  if (accepted && reason === undefined) counters.stored++;
  else if (reason?.prefix === "duplicate") counters.duplicate++;
  else {
    const prefix = reason?.prefix ?? "blocked";
    countIn(counters.refused, prefix);
    return prefix;
  }
  return undefined;
}
