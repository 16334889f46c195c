/**
 * From a search to SQL.
 *
 * @see NIP-50
 * @module
 */

import { byteaArray, plainArray } from "../database/array_literal.ts";
import { ANY_LENGTH, bodyColumns, type FoundEvent } from "../read/body_statement.ts";
import type { Statement } from "../database/database.ts";
import { type FacetCondition, windowsOver } from "./facet.ts";
import { idPrefixOf } from "../fingerprint.ts";
import type { WordPlan } from "../read/plan.ts";
import type { Found, Match, TimeRange } from "./search_walk.ts";
import { Parameters } from "../database/parameters.ts";
import { hasNotExpired, restSql } from "../read/rest_sql.ts";

/** Divides by 1 + the logarithm of the length, so that long texts do not win by being long. */
const BY_LENGTH = 1;

/** The newest events of all, whatever their words. */
export interface Newest {
  /** How many there are, up to the number asked for. */
  readonly count: number;
  /** Of the first and the last of them, seconds since 1970; 0 without any. */
  readonly newestAt: number;
  readonly oldestAt: number;
  /** Of the oldest event there is in the plan's time, seconds since 1970; 0 without any. */
  readonly firstAt: number;
}

/**
 * How dense the newest `count` events of the plan's time are.
 */
export function newestStatement(
  { since, before }: Pick<WordPlan, "since" | "before">,
  count: number,
): Statement<Newest> {
  return {
    text: `select count(*), coalesce(max(created_at), 0), coalesce(min(created_at), 0), coalesce((
  select created_at from events where created_at >= $1::int8 and created_at < $2::int8
  order by created_at limit 1), 0) from (
  select created_at from events where created_at >= $1::int8 and created_at < $2::int8
  order by created_at desc, head limit $3::int8) as newest`,
    parameters: [since, before, count],
    read: (cells) => ({
      count: cells.integer(0),
      newestAt: cells.integer(1),
      oldestAt: cells.integer(2),
      firstAt: cells.integer(3),
    }),
  };
}

/** One row of an answer to {@link matchStatement}. The counts are the same in each. */
export interface MatchRow extends Omit<Found, "best"> {
  /** Undefined in the one row of an answer without matches. */
  readonly match: Match | undefined;
}

/**
 * The best `limit` of the newest events of a stretch of time that have the words and the facets. What is
 * looked at is bounded before anything else is asked, in whatever order the index gives it.
 */
export function matchStatement(
  plan: WordPlan,
  { since, before, wanted, most, isSelective }: TimeRange,
  limit: number,
): Statement<MatchRow> {
  const parameters = new Parameters();
  const windows = isSelective ? windowsOver(since, before) : undefined;
  const facets = windows === undefined ? plan.facets : [...plan.facets, windows];
  const conditions = wordsSql({ ...plan, facets }, parameters);
  if (plan.nowS > 0) conditions.push(hasNotExpired("hit.event", parameters.add(plan.nowS)));
  const from = plan.ids === undefined
    ? "event_words as hit"
    : `unnest(${parameters.add(byteaArray(plan.ids))}::bytea[], ${
      parameters.add(plainArray(plan.ids.map(idPrefixOf)))
    }::uuid[]) as named (id, head)
  join events on events.head = named.head and events.id = named.id
  join event_words as hit on hit.event = events.key`;
  const looked = parameters.add(most + 1);
  const time = `created_at >= ${parameters.add(since)}::int8 and created_at < ${
    parameters.add(before)
  }::int8`;
  return {
    text: `with found as materialized (
  select hit.event, hit.created_at, hit.ctid as place from ${from}
  where ${conditions.join(" and ")} limit ${looked}::int8),
newest as materialized (
  select event, created_at, place from found where ${time}
  order by created_at desc, event limit ${parameters.add(wanted)}::int8),
best as (
  select event, created_at, ts_rank(words, $1::tsquery, ${BY_LENGTH}) as rank
  from newest cross join lateral (
    select words from event_words where ctid = newest.place limit 1) as hit
  order by rank desc, created_at desc, event limit ${parameters.add(limit)}::int8)
select (select count(*) from found), (select count(*) from newest),
  coalesce(best.event, 0), coalesce(best.created_at, 0), coalesce(best.rank, 0)
from (select) as one left join best on true`,
    parameters: parameters.values,
    read: (cells) => ({
      looked: cells.integer(0),
      compared: cells.integer(1),
      match: cells.integer(2) === 0 ? undefined : {
        key: cells.integer(2),
        createdAt: cells.integer(3),
        rank: Number(cells.text(4)),
      },
    }),
  };
}

/**
 * What a row `hit` of `event_words` must have. All words are the first parameter.
 */
export function wordsSql(
  { words, soughtWords, facets }: Pick<WordPlan, "words" | "soughtWords" | "facets">,
  parameters: Parameters,
): string[] {
  const all = `${parameters.add(wordsQuery(words))}::tsquery`;
  const wordSql = soughtWords === words ? [`hit.words @@ ${all}`] : [
    ...(soughtWords.length < words.length ? [unindexed(`hit.words @@ ${all}`)] : []),
    ...(soughtWords.length > 0
      ? [`hit.words @@ ${parameters.add(wordsQuery(soughtWords))}::tsquery`]
      : []),
  ];
  const facetSql = ({ facets, every, isUsual = false }: FacetCondition) => {
    const sql = `hit.facets ${every ? "@>" : "&&"} ${parameters.add(plainArray(facets))}::int8[]`;
    return isUsual ? unindexed(sql) : sql;
  };
  return [...wordSql, ...facets.map(facetSql)];
}

/** A condition that each row is checked for: an index would go through the long list of all that meet it. */
function unindexed(sql: string): string {
  return `(${sql}) is true`;
}

/** Words hold letters, digits and the like, and nothing that a `tsquery` could take for an operator. */
function wordsQuery(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(" & ");
}

/**
 * These events, in this order, those that are still there as they were found and meet the plan exactly.
 *
 * @param mostBytes the longest JSON that comes along.
 */
export function matchedStatement(
  plan: WordPlan,
  matches: readonly Match[],
  mostBytes = ANY_LENGTH,
): Statement<FoundEvent> {
  const parameters = new Parameters();
  const keys = parameters.add(plainArray(matches.map(({ key }) => key)));
  const times = parameters.add(plainArray(matches.map(({ createdAt }) => createdAt)));
  // What has expired was left out when they were found.
  const conditions = [
    // Not "=": by an index of times Postgres would look at all events of the same second, for each.
    "hit.created_at is not distinct from wanted.created_at",
    ...restSql({ ...plan, nowS: 0 }, parameters),
  ];
  const body = bodyColumns("hit.raw", parameters.add(mostBytes));
  return {
    text: `select hit.id, hit.created_at, ${body}, hit.seq
from unnest(${keys}::int8[], ${times}::int8[]) with ordinality as wanted (key, created_at, place)
join events as hit on hit.key = wanted.key
where ${conditions.join(" and ")}
order by wanted.place`,
    parameters: parameters.values,
    read: (cells) => ({
      id: cells.hex(0),
      createdAt: cells.integer(1),
      json: cells.utf8(2),
      absentBytes: cells.integer(3),
      seq: cells.integer(4),
    }),
  };
}
