/**
 * Builds the SQL that counts what a plan finds.
 *
 * A count has no limit that stops it, so it is bounded by the rows of the index that it looks at, those
 * that match and those that do not alike.
 *
 * @module
 */

import { SCANNED_BYTES } from "../../nostr/hyperloglog.ts";
import type { Statement } from "../database/database.ts";
import { INDEXES, type Plan } from "./plan.ts";
import { Parameters } from "../database/parameters.ts";
import { restSql } from "./rest_sql.ts";
import { laneConditions, lanesSql, orderSql } from "./select_statement.ts";

/** What was seen of a plan's lanes. */
export interface Visit {
  /** How many rows; one more than the bound when there are more. */
  readonly visited: number;
  /** How many events among them match. */
  readonly matched: number;
}

/** Counts. */
export function countStatement(plan: Plan, maxRows: number): Statement<Visit> {
  const parameters = new Parameters();
  const visited = visitedSql(plan, maxRows, parameters);
  const matches = matchesSql(plan, parameters);
  const matched = plan.overlapping
    ? `count(distinct case when ${matches} then hit.head end)`
    : `count(*) filter (where ${matches})`;
  return {
    text: `select count(*), ${matched} from ${visited}`,
    parameters: parameters.values,
    read: (cells) => ({ visited: cells.integer(0), matched: cells.integer(1) }),
  };
}

/** A row that was looked at. */
export interface VisitedRow {
  /** `events.key`. */
  readonly key: number;
  readonly matches: boolean;
}

/** Names what it counts, for answers that have to be united. */
export function keysStatement(plan: Plan, maxRows: number): Statement<VisitedRow> {
  const parameters = new Parameters();
  const visited = visitedSql(plan, maxRows, parameters);
  return {
    text: `select hit.${keyColumn(plan)}, case when ${
      matchesSql(plan, parameters)
    } then 1 else 0 end
from ${visited}`,
    parameters: parameters.values,
    read: (cells) => ({ key: cells.integer(0), matches: cells.integer(1) === 1 }),
  };
}

/** What was seen, and by whom it was written. */
interface AuthorVisit extends Visit {
  /**
   * For each matching event, of its author's key the byte that names the register and the bytes
   * that are scanned after it; all of them concatenated, as hex.
   */
  readonly keys: string;
}

/**
 * Counts, and names the authors as far as HyperLogLog looks at them. To group them takes Postgres longer
 * than to send them.
 *
 * @param offset see `hyperLogLogOffset`.
 *
 * @see NIP-45 "HyperLogLog"
 */
export function authorsStatement(
  plan: Plan,
  { maxRows, offset }: { readonly maxRows: number; readonly offset: number },
): Statement<AuthorVisit> {
  const parameters = new Parameters();
  const visited = visitedSql(plan, maxRows, parameters);
  const matches = matchesSql(plan, parameters);
  const key = `substring(hit.pubkey from ${parameters.add(offset)}::int4 + 1 for ${
    1 + SCANNED_BYTES
  })`;
  return {
    text: `select count(*), count(*) filter (where ${matches}),
  coalesce(string_agg(${key}, '') filter (where ${matches}), '')
from ${visited}`,
    parameters: parameters.values,
    read: (cells) => ({
      visited: cells.integer(0),
      matched: cells.integer(1),
      keys: cells.hex(2),
    }),
  };
}

/** The newest of the plan's lanes, unchecked, one more than the bound at most. */
function visitedSql(plan: Plan, maxRows: number, parameters: Parameters): string {
  const starts = plan.lanes.map((_, lane) => ({ lane, after: undefined }));
  const lanes = lanesSql(plan, { starts, perLane: 0, limit: 0 }, parameters);
  const conditions = [
    ...laneConditions(plan),
    ...timeSql(plan, parameters),
  ];
  const limit = `limit ${parameters.add(maxRows + 1)}::int8`;
  const columns = ["head", "author", "pubkey", "kind", "created_at", keyColumn(plan)];
  return `(select hit.* from ${lanes} cross join lateral (
    select ${columns.map((column) => `hit.${column}`).join(", ")}
    from ${INDEXES[plan.index].table} as hit
    where ${conditions.join(" and ")}${orderSql(plan)} ${limit}) as hit
  ${limit}) as hit`;
}

function keyColumn({ index }: Plan): string {
  return INDEXES[index].table === "tags" ? "event" : "key";
}

function matchesSql(plan: Plan, parameters: Parameters): string {
  return restSql(plan, parameters).join(" and ") || "true";
}

function timeSql({ since, before }: Plan, parameters: Parameters): readonly string[] {
  return [
    `hit.created_at >= ${parameters.add(since)}::int8`,
    `hit.created_at < ${parameters.add(before)}::int8`,
  ];
}
