/**
 * How much of what a search finds is compared.
 *
 * @module
 */

/**
 * Of how many events that a search finds the best are given: the newest ones. To compare all events that
 * have a common word would cost more the larger the database is.
 *
 * @see NIP-50
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { rankedCount } from "./ranked_count.ts";
 *
 * equal(rankedCount(20), 500);
 * equal(rankedCount(2_000), 2_000);
 * ```
 */
export function rankedCount(limit: number = Infinity): number {
  return Math.min(Math.max(limit, MIN_RANKED), MAX_RANKED);
}

const MIN_RANKED = 500;
const MAX_RANKED = 10_000;
