/**
 * Limits for tests: small enough to reach, and all different.
 *
 * @module
 */

import type { RelayLimits } from "../../src/relay/limits.ts";

/** Limits that a test may lower further. */
export const testLimits: RelayLimits = {
  maxEventBytes: 65_536,
  maxEventTags: 1_000,
  maxContentLength: 50_000,
  createdAtUpperLimitS: 900,
  createdAtLowerLimitS: 0,
  maxSubscriptions: 10,
  maxFilters: 5,
  maxFilterValues: 1_000,
  maxConnectionFilterValues: 4_000,
  maxTotalFilterValues: 100_000,
  maxSubscriptionIdLength: 64,
  maxLimit: 500,
  defaultLimit: 100,
  maxCountRows: 50,
  andTags: true,
  search: { kinds: new Set([0, 1, 30_023]), maxLength: 100 },
  maxAuthenticatedKeys: 3,
  challengeOnConnect: false,
  policyTimeoutMs: 2_000,
  maxSyncEvents: 40,
  maxTotalSyncEvents: 100,
  maxSyncSessions: 2,
  syncTimeoutMs: 6_000,
  maxConcurrentQueries: 2,
  reqTimeoutMs: 5_000,
  searchTimeoutMs: 3_000,
  countTimeoutMs: 4_000,
  maxPendingEvents: 16,
  clientRowRate: 1_000,
  clientRowBurst: 100_000,
  forgedEventCost: 7,
  rateLimitedCost: 100,
  maxPendingBytes: 1_000_000,
  highWaterBytes: 100_000,
  maxQueuedBytes: 200_000,
  maxLiveQueue: 1_000,
  maxHeldEvents: 100,
  pingIntervalMs: 30_000,
  idleTimeoutMs: 60_000,
};
