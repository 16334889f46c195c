/**
 * Prepares the filters of a request for the store.
 *
 * @see NIP-01 `limit`, NIP-11 `max_limit` and `default_limit`
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import type { RelayLimits } from "../limits.ts";

/**
 * The filters that can match something, each with a `limit` of at most the relay's. When none is
 * left, EOSE is due at once.
 */
export function storedFilters(
  filters: readonly ReqFilter[],
  limits: Pick<RelayLimits, "maxLimit" | "defaultLimit">,
): readonly ReqFilter[] {
  return filters.filter(canMatch).map((filter) => ({
    ...filter,
    limit: Math.min(filter.limit ?? limits.defaultLimit, limits.maxLimit),
  }));
}

/**
 * The smallest limit that could have cut an answer short: an answer with fewer events is complete.
 * 0 when an answer can never be known to be complete.
 *
 * @see NIP-67
 */
export function leastLimit(
  filters: readonly ReqFilter[],
  limits: Pick<RelayLimits, "maxLimit" | "defaultLimit">,
): number {
  // Search compares only some of the newest matches.
  if (filters.some(({ limit, search }) => limit === 0 || search !== undefined)) return 0;
  return Math.min(...storedFilters(filters, limits).map(({ limit }) => limit!));
}

function canMatch(filter: ReqFilter): boolean {
  if (filter.limit === 0) return false;
  if (filter.since !== undefined && filter.until !== undefined && filter.since > filter.until) {
    return false;
  }
  const { ids, authors, kinds, search } = filter;
  const tagLists = [...filter.tags.values(), ...(filter.allTags?.values() ?? [])];
  const lists = [ids, authors, kinds, search, ...tagLists];
  return lists.every((list) => list === undefined || list.size > 0);
}
