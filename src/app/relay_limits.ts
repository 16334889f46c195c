/**
 * Converts the settings into the limits of the `relay` room.
 *
 * @module
 */

import type { SearchLimits } from "../nostr/parse_filter.ts";
import type { RelayLimits } from "../relay/limits.ts";
import type { Settings } from "./settings/setting_list.ts";

const MS_PER_SECOND = 1000;

/** The relay's limits. */
export function relayLimits(settings: Settings): RelayLimits {
  const { limits, network, filters, access } = settings;
  return {
    maxEventBytes: limits.max_event_bytes,
    maxEventTags: limits.max_event_tags,
    maxContentLength: limits.max_content_length,
    createdAtUpperLimitS: limits.created_at_upper_limit_s,
    createdAtLowerLimitS: limits.created_at_lower_limit_s,
    maxSubscriptions: limits.max_subscriptions,
    maxFilters: limits.max_filters,
    maxFilterValues: limits.max_filter_values,
    maxConnectionFilterValues: limits.max_connection_filter_values,
    maxTotalFilterValues: limits.max_total_filter_values,
    maxSubscriptionIdLength: limits.max_subscription_id_length,
    maxLimit: limits.max_limit,
    defaultLimit: limits.default_limit,
    maxCountRows: limits.max_count_rows,
    andTags: filters.and_tags,
    search: searchLimits(settings),
    maxAuthenticatedKeys: limits.max_authenticated_keys,
    challengeOnConnect: access.challenge_on_connect,
    policyTimeoutMs: access.policy_timeout_ms,
    maxSyncEvents: limits.max_sync_events,
    maxTotalSyncEvents: limits.max_total_sync_events,
    maxSyncSessions: limits.max_sync_sessions,
    syncTimeoutMs: limits.sync_timeout_ms,
    maxConcurrentQueries: limits.max_concurrent_queries,
    reqTimeoutMs: limits.req_timeout_ms,
    searchTimeoutMs: limits.search_timeout_ms,
    countTimeoutMs: limits.count_timeout_ms,
    maxPendingEvents: limits.max_pending_events,
    clientRowRate: limits.client_row_rate,
    clientRowBurst: limits.client_row_burst,
    forgedEventCost: limits.forged_event_cost,
    rateLimitedCost: limits.rate_limited_cost,
    maxPendingBytes: limits.max_pending_bytes,
    highWaterBytes: limits.high_water_bytes,
    maxQueuedBytes: limits.max_queued_bytes,
    maxLiveQueue: limits.max_live_queue,
    maxHeldEvents: limits.max_held_events,
    pingIntervalMs: network.ping_interval_s * MS_PER_SECOND,
    idleTimeoutMs: network.idle_timeout_s * MS_PER_SECOND,
  };
}

/**
 * The kinds that can be searched; undefined if search is off. Private kinds are excluded: the rank
 * of a hit would reveal content.
 *
 * @see NIP-50
 */
export function searchLimits(
  { search: { enabled, kinds, max_length }, access }: Pick<Settings, "search" | "access">,
): SearchLimits | undefined {
  if (!enabled) return undefined;
  const isPublic = (kind: string) => !access.private_kinds.includes(kind);
  return { kinds: new Set(kinds.filter(isPublic).map(Number)), maxLength: max_length };
}
