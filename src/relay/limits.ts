/**
 * The limits that the relay enforces. Their defaults, ranges and risks are in the settings.
 *
 * @module
 */

import type { SearchLimits } from "../nostr/parse_filter.ts";

/** Limits on a session and on the events it publishes. */
export interface RelayLimits {
  /** Longest event JSON, bytes of its canonical form. */
  readonly maxEventBytes: number;
  /** Most tags of an event. */
  readonly maxEventTags: number;
  /** Longest content, Unicode characters. */
  readonly maxContentLength: number;
  /** How far in the future `created_at` may be, seconds; 0 disables the limit. */
  readonly createdAtUpperLimitS: number;
  /** How far in the past `created_at` may be, seconds; 0 disables the limit. */
  readonly createdAtLowerLimitS: number;

  /** Open subscriptions of a connection. */
  readonly maxSubscriptions: number;
  /** Filters of one REQ. */
  readonly maxFilters: number;
  /** Values in all lists of one filter. */
  readonly maxFilterValues: number;
  /** Values in all filters of a connection's subscriptions. */
  readonly maxConnectionFilterValues: number;
  /** Values in all filters of all connections. */
  readonly maxTotalFilterValues: number;
  /** Longest subscription id, Unicode characters. */
  readonly maxSubscriptionIdLength: number;
  /** Highest `limit` of a filter; larger ones are lowered to it. */
  readonly maxLimit: number;
  /** `limit` of a filter that has none. */
  readonly defaultLimit: number;

  /**
   * Stored events that a COUNT examines; beyond that the count is approximate. 0 disables COUNT.
   */
  readonly maxCountRows: number;
  /** Whether filters may require all of several tag values (`&t`). */
  readonly andTags: boolean;
  /** Limits on search; undefined when search is disabled. */
  readonly search?: SearchLimits | undefined;

  /** Public keys that may authenticate on one connection. */
  readonly maxAuthenticatedKeys: number;
  /** Whether AUTH is sent on connecting; otherwise when a request first needs it. */
  readonly challengeOnConnect: boolean;
  /** Time limit of one policy decision, milliseconds. */
  readonly policyTimeoutMs: number;

  /** Events that one reconciliation may cover; 0 disables reconciliation. */
  readonly maxSyncEvents: number;
  /** Events that all reconciliations together may cover. */
  readonly maxTotalSyncEvents: number;
  /** Open reconciliations of a connection. */
  readonly maxSyncSessions: number;
  /** Time limit of reading a reconciliation's events and of the client's turn, milliseconds. */
  readonly syncTimeoutMs: number;

  /** Queries of a connection that run at once; the others are queued. */
  readonly maxConcurrentQueries: number;
  /** Time limit of a REQ at the database, milliseconds. */
  readonly reqTimeoutMs: number;
  /** Time limit of a REQ with `search`, milliseconds. */
  readonly searchTimeoutMs: number;
  /** Time limit of a COUNT, milliseconds. */
  readonly countTimeoutMs: number;
  /** Events of a connection awaiting their OK; at the limit the relay stops reading from it. */
  readonly maxPendingEvents: number;
  /**
   * Database rows that one client may write, per second and at once: one for an event and one for
   * each of its tags.
   */
  readonly clientRowRate: number;
  readonly clientRowBurst: number;
  /** How many additional messages an event with a wrong id or signature counts as. */
  readonly forgedEventCost: number;
  /** How many additional messages a message counts as that a rate of a client or key refuses. */
  readonly rateLimitedCost: number;
  /** Bytes of the messages awaiting their OK; at the limit the relay stops reading. */
  readonly maxPendingBytes: number;
  /** Outbound bytes of a connection above which its queries pause. */
  readonly highWaterBytes: number;
  /** Outbound bytes of a connection above which live events close it as too slow. */
  readonly maxQueuedBytes: number;
  /** Live events queued for a connection; beyond that it is closed. */
  readonly maxLiveQueue: number;
  /** Live events held for a subscription until its EOSE. */
  readonly maxHeldEvents: number;

  /** Interval of pings, milliseconds. */
  readonly pingIntervalMs: number;
  /** Silence after which a connection is closed, milliseconds. */
  readonly idleTimeoutMs: number;
}
