/**
 * The SQL of a search.
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

/**
 * The normalization of `ts_rank`: divides by 1 + the logarithm of the length, so that long texts
 * have no advantage.
 */
const BY_LENGTH = 1;

/** The newest events, whatever their words. */
export interface Newest {
  /** How many there are, up to the number requested. */
  readonly count: number;
  /** `created_at` of the first and the last of them, seconds since 1970; 0 without events. */
  readonly newestAt: number;
  readonly oldestAt: number;
  /** `created_at` of the oldest event in the plan's time, seconds since 1970; 0 without events. */
  readonly firstAt: number;
}

/** The density of the newest `count` events in the plan's time. */
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

/** A row of the result of {@link matchStatement}. Its counts are the same in each row. */
interface MatchRow extends Omit<Found, "best"> {
  /** Undefined in the only row of a result without matches. */
  readonly match: Match | undefined;
}

/**
 * The best `limit` of the newest events in a time range that have the words and the facets. The
 * `limit` on rows read comes first, in index order, so that the cost is bounded.
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
 * The conditions on a row `hit` of `event_words`. The query of all words is the first parameter.
 */
function wordsSql(
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

/**
 * Keeps a condition out of the index scan, which would read the long list of rows that satisfy it.
 */
function unindexed(sql: string): string {
  return `(${sql}) is true`;
}

/** Words consist of letters, digits and the like, and contain no `tsquery` operator. */
function wordsQuery(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(" & ");
}

/**
 * These events in this order, without those that are gone or were replaced, and without those that
 * only share a facet.
 *
 * @param mostBytes the longest JSON that is returned; longer ones are fetched later.
 */
export function matchedStatement(
  plan: WordPlan,
  matches: readonly Match[],
  mostBytes = ANY_LENGTH,
): Statement<FoundEvent> {
  const parameters = new Parameters();
  const keys = parameters.add(plainArray(matches.map(({ key }) => key)));
  const times = parameters.add(plainArray(matches.map(({ createdAt }) => createdAt)));
  // Expired events were excluded when the matches were found.
  const conditions = [
    // Not "=": with it the planner may use an index by time and read all events of that second, for
    // each match.
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
