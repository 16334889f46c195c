/**
 * Searching in a database.
 *
 * Words are found in two ways, and which is better depends on how many events have them. Few: all of
 * them are looked up by the words. Many: the index of words would give far more than is wanted and none
 * of it in order, so the newest events are read, as for a filter without search, until enough have the
 * words; as the words are common, that is soon.
 *
 * @see NIP-50
 * @module
 */

import type { Sha256 } from "../nostr/event_id.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import type { Database } from "./database.ts";
import type { QueryOptions, StoredEvent } from "./event_store.ts";
import { checksOf, type Plan } from "./plan.ts";
import { rankedCount } from "./ranked_count.ts";
import { foundStatement, frequencyStatement, rankStatement } from "./search_statement.ts";

/**
 * How many events words may be in to be looked up by them. At a million events, the newest few hundred
 * with a word that this many have are found among some ten thousand.
 */
const MAX_FOUND = 10_000;

/** Where to search. */
export interface SearchContext extends QueryOptions {
  readonly database: Database;
  readonly sha256: Sha256;
  /** See {@link Plan.nowS}. */
  readonly nowS?: number;
  /** The newest events that match, in chunks. */
  readonly newest: (filter: ReqFilter) => AsyncIterable<readonly StoredEvent[]>;
}

/**
 * The best of the newest events that match a filter with a search, best first. A few hundred are
 * compared, or as many as the limit, see {@link rankedCount}.
 *
 * @see NIP-50
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { searchEvents } from "./search_events.ts";
 *
 * const unused = () => Promise.reject(new Error("nothing can be found"));
 * const database = { query: unused, script: unused, transaction: unused, close: unused };
 * const nowhere = { tags: new Map(), search: new Set<string>() };
 * const context = { database, sha256, newest: async function* () {} };
 * deepEqual(await searchEvents(nowhere, context), []);
 * ```
 */
export async function searchEvents(
  filter: ReqFilter,
  context: SearchContext,
): Promise<readonly StoredEvent[]> {
  const plan = checksOf(filter, context.sha256, context.nowS);
  if (plan === undefined) return [];
  const { search = "" } = plan.rest;
  // Ids are fewer than any words that are worth counting.
  if (filter.ids === undefined) {
    const [frequency] = await context.database.query(
      frequencyStatement(search, MAX_FOUND),
      context,
    );
    if (frequency! < MAX_FOUND) return await lookUp(plan, context);
  }
  return await readNewest(filter, search, context);
}

async function lookUp(plan: Plan, context: SearchContext): Promise<readonly StoredEvent[]> {
  const ranked = rankedCount(plan.limit);
  const options = { mostFound: MAX_FOUND, ranked, limit: Math.min(plan.limit, ranked) };
  return await context.database.query(foundStatement(plan, options), context);
}

async function readNewest(
  filter: ReqFilter,
  words: string,
  context: SearchContext,
): Promise<readonly StoredEvent[]> {
  const byId = new Map<string, StoredEvent>();
  for await (const chunk of context.newest({ ...filter, limit: rankedCount(filter.limit) })) {
    for (const event of chunk) byId.set(event.id, event);
  }
  const ids = await context.database.query(rankStatement(words, [...byId.keys()]), context);
  // One that was replaced or deleted since is not among them.
  return ids.slice(0, filter.limit).map((id) => byId.get(id)!);
}
