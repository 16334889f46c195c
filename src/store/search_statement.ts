/**
 * From a search to SQL.
 *
 * @see NIP-50
 * @module
 */

import { byteaArray } from "./array_literal.ts";
import type { Cells, Statement } from "./database.ts";
import type { StoredEvent } from "./event_store.ts";
import type { Plan } from "./plan.ts";
import { Parameters, restSql } from "./select_statement.ts";

/** Divides by 1 + the logarithm of the length, so that long texts do not win by being long. */
const BY_LENGTH = 1;

/**
 * How many events have these words, of any kind and author; `most` when there are as many or more.
 *
 * @param words a `tsquery`.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { frequencyStatement } from "./search_statement.ts";
 *
 * deepEqual(frequencyStatement("'fox'", 100).parameters, ["'fox'", 100]);
 * ```
 */
export function frequencyStatement(words: string, most: number): Statement<number> {
  return {
    text: `select count(*) from (
  select from event_words where words @@ $1::tsquery limit $2::int8) as found`,
    parameters: [words, most],
    read: (cells) => cells.integer(0),
  };
}

/** What is wanted of what has the words. */
export interface FoundOptions {
  /** Events that are looked at: more than have the words. */
  readonly mostFound: number;
  /** Of those that match, how many of the newest are compared. */
  readonly ranked: number;
  /** Of those, how many of the best are given. */
  readonly limit: number;
}

/**
 * The best events that have the words and meet the rest of the plan, by way of the words. These come
 * first, then their events, then the checks, each step by itself: Postgres cannot know how rare the words
 * are, and would choose an order in which the checks are made of all events, or many times over.
 *
 * @param plan see `checksOf` in `plan.ts`.
 *
 * @example
 * ```ts
 * import { match } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { checksOf } from "./plan.ts";
 * import { foundStatement } from "./search_statement.ts";
 *
 * const plan = checksOf({ tags: new Map(), search: new Set(["fox"]) }, sha256)!;
 * match(foundStatement(plan, { mostFound: 9, ranked: 5, limit: 1 }).text, /^with found as material/);
 * ```
 */
export function foundStatement(plan: Plan, options: FoundOptions): Statement<StoredEvent> {
  const { search = "", ...rest } = plan.rest;
  const parameters = new Parameters();
  const words = `${parameters.add(search)}::tsquery`;
  const mostFound = parameters.add(options.mostFound);
  const conditions = [
    `hit.created_at >= ${parameters.add(plan.since)}::int8`,
    `hit.created_at < ${parameters.add(plan.before)}::int8`,
    ...restSql({ ...plan, rest }, parameters),
  ];
  return {
    text: `with found as materialized (
  select event from event_words where words @@ ${words} limit ${mostFound}::int8),
hit as materialized (
  select hit.key, hit.id, hit.pubkey, hit.kind, hit.created_at
  from found join events as hit on hit.key = found.event),
newest as materialized (
  select hit.key from hit
  where ${conditions.join(" and ")}
  order by hit.created_at desc, hit.id limit ${parameters.add(options.ranked)}::int8)
select events.id, events.created_at, events.raw, events.seq
from newest join events on events.key = newest.key
join event_words on event_words.event = newest.key
order by ts_rank(event_words.words, ${words}, ${BY_LENGTH}) desc, events.created_at desc, events.id
limit ${parameters.add(options.limit)}::int8`,
    parameters: parameters.values,
    read: readStored,
  };
}

/**
 * These events, best first.
 *
 * @param words a `tsquery`.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { rankStatement } from "./search_statement.ts";
 *
 * deepEqual(rankStatement("'fox'", ["ab"]).parameters, ["'fox'", String.raw`{"\\xab"}`]);
 * ```
 */
export function rankStatement(words: string, ids: readonly string[]): Statement<string> {
  return {
    text: `select events.id from unnest($2::bytea[]) as wanted (id)
join events on events.id = wanted.id
join event_words on event_words.event = events.key
order by ts_rank(event_words.words, $1::tsquery, ${BY_LENGTH}) desc, events.created_at desc, events.id`,
    parameters: [words, byteaArray(ids)],
    read: (cells) => cells.hex(0),
  };
}

function readStored(cells: Cells): StoredEvent {
  return {
    id: cells.hex(0),
    createdAt: cells.integer(1),
    json: cells.utf8(2),
    seq: cells.integer(3),
  };
}
