/**
 * What happened so far, as numbers that only grow. Whoever watches asks for them; nothing here knows
 * how they are shown.
 *
 * @module
 */

import { Histogram } from "../base/histogram.ts";
import type { Prefix } from "../nostr/reason.ts";

/** The verbs whose messages are counted. */
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
  /** Messages with a verb that is known, by verb. */
  readonly messages: Record<CountedVerb, number>;
  /** Events and requests that were refused, by the first word of the reason. */
  readonly refusals: Partial<Record<Prefix, number>>;
  /** Events that became durable here. */
  stored: number;
  /** Ephemeral events passed on. */
  ephemeral: number;
  /** Events that were there already, in this version or a newer one. */
  duplicate: number;
  /** Events whose deletion had been asked for. */
  deleted: number;
  /** Events that were neither stored nor refused, as far as their sender was told. */
  shadowed: number;
  /** Events refused for any other reason. */
  refused: number;
  /** Live events handed to connections. */
  delivered: number;
  /** Subscriptions opened. */
  subscriptions: number;
  /** Stored events sent. */
  answered: number;
  /** COUNTs answered. */
  counted: number;
  /** REQs and COUNTs that ended because the database had worked on them for too long. */
  timedOut: number;
  /** Connections closed because nothing was heard from them. */
  closedIdle: number;
  /** Connections closed because they read too slowly. */
  closedSlow: number;
  /** Connections closed or refused because there was too little memory. */
  closedForMemory: number;
}

/**
 * Counters at zero.
 */
export function zeroCounters(): Counters {
  return {
    connections: 0,
    messages: {
      AUTH: 0,
      CLOSE: 0,
      COUNT: 0,
      EVENT: 0,
      "NEG-CLOSE": 0,
      "NEG-MSG": 0,
      "NEG-OPEN": 0,
      REQ: 0,
    },
    refusals: {},
    stored: 0,
    ephemeral: 0,
    duplicate: 0,
    deleted: 0,
    shadowed: 0,
    refused: 0,
    delivered: 0,
    subscriptions: 0,
    answered: 0,
    counted: 0,
    timedOut: 0,
    closedIdle: 0,
    closedSlow: 0,
    closedForMemory: 0,
  };
}

/** Counts a refusal. */
export function countRefusal({ refusals }: Pick<Counters, "refusals">, prefix: Prefix): void {
  refusals[prefix] = (refusals[prefix] ?? 0) + 1;
}

/** Durations since start, seconds. */
export class Timings {
  /** From the arrival of an EVENT to its OK. */
  readonly eventToOk = new Histogram();
  /** From the arrival of a REQ to its EOSE. */
  readonly reqToEose = new Histogram();
  /** From the arrival of a COUNT to its answer. */
  readonly countToAnswer = new Histogram();
}
