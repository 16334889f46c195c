/**
 * Counters and latency histograms of the relay.
 *
 * @module
 */

import { Histogram } from "../base/histogram.ts";
import type { Prefix } from "../nostr/reason.ts";
import type { AnswerSource } from "../store/event_store.ts";

/** The commands whose messages are counted. */
export type CountedVerb =
  | "AUTH"
  | "CLOSE"
  | "COUNT"
  | "EVENT"
  | "NEG-CLOSE"
  | "NEG-MSG"
  | "NEG-OPEN"
  | "REQ";

/** Totals since start. */
export interface Counters {
  /** Connections opened. */
  connections: number;
  /** Messages with a known command, by command. */
  readonly messages: Record<CountedVerb, number>;
  /** Refused events, requests and authentications, by the prefix of the reason. */
  readonly refusals: Partial<Record<Prefix, number>>;
  /** Events that this instance stored. */
  stored: number;
  /** Ephemeral events forwarded. */
  ephemeral: number;
  /** Events that were already stored, or superseded by a stored version. */
  duplicate: number;
  /** Events refused because their deletion was requested. */
  deleted: number;
  /** Events answered with OK true but neither stored nor forwarded, as a policy decided. */
  shadowed: number;
  /** Events refused for any other reason. */
  refused: number;
  /** Live events sent. */
  delivered: number;
  /** Subscriptions opened. */
  subscriptions: number;
  /** Stored events sent. */
  answered: number;
  /** COUNTs answered. */
  counted: number;
  /** REQs and COUNTs that exceeded their time limit at the database. */
  timedOut: number;
  /** Connections closed because the client was silent for too long. */
  closedIdle: number;
  /** Connections closed because the client read too slowly. */
  closedSlow: number;
  /** Connections closed or refused for lack of memory. */
  closedForMemory: number;
}

/** Counters at zero. */
export function zeroCounters(): Counters {
  return {
    connections: 0,
    messages: {
      ...{ AUTH: 0, CLOSE: 0, COUNT: 0, EVENT: 0, REQ: 0 },
      ...{ "NEG-CLOSE": 0, "NEG-MSG": 0, "NEG-OPEN": 0 },
    },
    refusals: {},
    ...{ stored: 0, ephemeral: 0, duplicate: 0, deleted: 0, shadowed: 0, refused: 0 },
    ...{ delivered: 0, subscriptions: 0, answered: 0, counted: 0 },
    ...{ timedOut: 0, closedIdle: 0, closedSlow: 0, closedForMemory: 0 },
  };
}

/** Counts a refusal. */
export function countRefusal({ refusals }: Pick<Counters, "refusals">, prefix: Prefix): void {
  refusals[prefix] = (refusals[prefix] ?? 0) + 1;
}

/** Latencies since start, seconds. */
export class Timings {
  /** From the arrival of an EVENT to its OK. */
  readonly eventToOk = new Histogram();
  /** From the arrival of an EVENT until all subscriptions that match it have it, if any does. */
  readonly eventToDelivered = new Histogram();
  /** From the arrival of a REQ to its EOSE. */
  readonly reqToEose = new Histogram();
  /** The same, by what answered. */
  readonly reqBySource: Readonly<Record<AnswerSource, Histogram>> = {
    memory: new Histogram(),
    both: new Histogram(),
    database: new Histogram(),
  };
  /** From the arrival of a COUNT to its answer. */
  readonly countToAnswer = new Histogram();

  /** Notes that an event was delivered, unless it came from another instance. */
  noteDelivered({ arrivedMs }: { readonly arrivedMs?: number | undefined }, nowMs: number): void {
    if (arrivedMs !== undefined) this.eventToDelivered.observe((nowMs - arrivedMs) / 1_000);
  }
}
