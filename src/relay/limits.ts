/**
 * Every bound that the relay holds its peers to. Defaults, ranges and what an attacker gains when one
 * is raised stand in the list of settings; here is what each one means to the code.
 *
 * @module
 */

import type { SearchLimits } from "../nostr/parse_filter.ts";

/** Bounds of one session and of the events it may publish. */
export interface RelayLimits {
  /** Longest event JSON, bytes of its canonical form. */
  readonly maxEventBytes: number;
  /** Most tags of an event. */
  readonly maxEventTags: number;
  /** Longest content, Unicode characters. */
  readonly maxContentLength: number;
  /** How far ahead of the clock `created_at` may be, seconds; 0 for any distance. */
  readonly createdAtUpperLimitS: number;
  /** How far behind the clock `created_at` may be, seconds; 0 for any distance. */
  readonly createdAtLowerLimitS: number;

  /** Open subscriptions of a connection. */
  readonly maxSubscriptions: number;
  /** Filters of one REQ. */
  readonly maxFilters: number;
  /** Values in all lists of one filter together. */
  readonly maxFilterValues: number;
  /** Values in all filters of all subscriptions of a connection together. */
  readonly maxConnectionFilterValues: number;
  /** The same of all connections. */
  readonly maxTotalFilterValues: number;
  /** Longest subscription id, Unicode characters. */
  readonly maxSubscriptionIdLength: number;
  /** Highest `limit` of a filter; larger ones are lowered to it. */
  readonly maxLimit: number;
  /** `limit` of a filter that has none. */
  readonly defaultLimit: number;

  /** Stored events that a COUNT may look at; beyond it the number is approximate. 0 turns COUNT off. */
  readonly maxCountRows: number;
  /** Whether filters may ask for events that carry all of several tag values. */
  readonly andTags: boolean;
  /** What may be searched; undefined when nothing may. */
  readonly search?: SearchLimits | undefined;

  /** Public keys that may authenticate on one connection. */
  readonly maxAuthenticatedKeys: number;
  /** Whether a connection begins with a challenge; else one is sent when something needs AUTH. */
  readonly challengeOnConnect: boolean;
  /** How long a policy may take for one decision, milliseconds. */
  readonly policyTimeoutMs: number;

  /** Events that one reconciliation may compare; 0 turns it off. */
  readonly maxSyncEvents: number;
  /** Events that all reconciliations may compare at a time. */
  readonly maxTotalSyncEvents: number;
  /** Reconciliations of a connection. */
  readonly maxSyncSessions: number;
  /** How long reading for one may take, and how long its client may be silent, milliseconds. */
  readonly syncTimeoutMs: number;

  /** Queries that run at once for a connection; others wait their turn. */
  readonly maxConcurrentQueries: number;
  /** How long the database may work for a REQ, milliseconds. */
  readonly reqTimeoutMs: number;
  /** The same for a REQ with a search. */
  readonly searchTimeoutMs: number;
  /** The same for a COUNT. */
  readonly countTimeoutMs: number;
  /** Events of a connection between arrival and OK; beyond it the relay stops reading from it. */
  readonly maxPendingEvents: number;
  /** Rows of the database, an event's and one for each of its tags, that one client may write. */
  readonly clientRowRate: number;
  readonly clientRowBurst: number;
  /** As how many messages more an event counts whose id or signature is wrong. */
  readonly forgedEventCost: number;
  /** Their JSON, bytes; beyond it the relay stops reading from the connection. */
  readonly maxPendingBytes: number;
  /** Outbound bytes of a connection above which stored events wait for the peer to read. */
  readonly highWaterBytes: number;
  /** Outbound bytes of a connection above which it is closed, as a reader too slow for live events. */
  readonly maxQueuedBytes: number;
  /** Live events that may wait for one connection's loop; beyond it the connection is closed. */
  readonly maxLiveQueue: number;
  /** Live events kept per subscription while its stored ones are still being sent. */
  readonly maxHeldEvents: number;

  /** Time between pings, milliseconds. */
  readonly pingIntervalMs: number;
  /** Silence after which a peer counts as gone, milliseconds. */
  readonly idleTimeoutMs: number;
}
