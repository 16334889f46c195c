/**
 * From a plan to SQL.
 *
 * One statement answers one {@link Ask}. Its inner part walks the lanes, a few keys from each, and needs
 * nothing but the index; the outer part fetches the JSON of the events that won. The text depends on the
 * plan's shape and never on how many values it has.
 *
 * @module
 */

import { byteaArray, plainArray } from "./array_literal.ts";
import type { Cells, Parameter, Statement } from "./database.ts";
import { INDEXES, LIST_KIND, type Plan, type TagCondition } from "./plan.ts";
import type { Ask, LaneRow } from "./scan.ts";

/**
 * The statement for one request to a plan's lanes. Its rows come in the order of the answer.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { plansOf } from "./plan.ts";
 * import { selectStatement } from "./select_statement.ts";
 *
 * const [plan] = plansOf({ kinds: new Set([1]), tags: new Map(), limit: 20 }, sha256);
 * const ask = { starts: [{ lane: 0, after: undefined }], perLane: 20, limit: 20 };
 * deepEqual(selectStatement(plan!, ask).parameters, ["{0}", "{1}", 0, 2 ** 53, 20, 20]);
 * ```
 */
export function selectStatement(plan: Plan, ask: Ask): Statement<LaneRow> {
  const parameters = new Parameters();
  const lanes = lanesSql(plan, ask, parameters);
  const walk = resumes(ask) ? resumedWalk(plan, parameters) : freshWalk(plan, parameters);
  const perLane = parameters.add(ask.perLane);
  const limit = parameters.add(ask.limit);
  const found = `select lane.number, hit.created_at, hit.id
    from ${lanes}
    cross join lateral (${walk(perLane)}) as hit`;
  const order = "found.created_at desc, found.id, found.number";
  return {
    text: `select found.number, found.created_at, found.id, ${rawSql(plan, order)}, events.seq
from (${plan.overlapping ? firstPlaces(found, limit) : firstRows(found, limit)}) as found
join events on events.id = found.id
order by ${order}`,
    parameters: parameters.values,
    read: readLaneRow,
  };
}

function readLaneRow(cells: Cells): LaneRow {
  return {
    lane: cells.integer(0),
    createdAt: cells.integer(1),
    id: cells.hex(2),
    json: cells.utf8(3),
    seq: cells.integer(4),
  };
}

/** The JSON; of an event that stands in several lanes only once, for it may be large. */
function rawSql({ overlapping }: Plan, order: string): string {
  return overlapping
    ? `case when lag(found.id) over (order by ${order}) is distinct from found.id
  then events.raw else '' end`
    : "events.raw";
}

/** Whether the lanes go on from where they stopped. */
function resumes({ starts }: Ask): boolean {
  return starts[0]?.after !== undefined;
}

/**
 * Collects the values of `$1`, `$2` and so on.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { Parameters } from "./select_statement.ts";
 *
 * equal(new Parameters().add(7), "$1");
 * ```
 */
export class Parameters {
  readonly values: Parameter[] = [];

  /** The name by which the text refers to `value`. */
  add(value: Parameter): string {
    return `$${this.values.push(value)}`;
  }
}

const COLUMN_TYPES = { id: "bytea", pubkey: "bytea", value: "bytea", kind: "int4" } as const;

/**
 * The lanes as a table: number, the index's columns and, when they go on, where.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { plansOf } from "./plan.ts";
 * import { lanesSql, Parameters } from "./select_statement.ts";
 *
 * const [plan] = plansOf({ tags: new Map() }, sha256);
 * const ask = { starts: [{ lane: 0, after: undefined }], perLane: 1, limit: 1 };
 * const sql = lanesSql(plan!, ask, new Parameters());
 * equal(sql, "unnest($1::int4[]) as lane (number)");
 * ```
 */
export function lanesSql(plan: Plan, { starts }: Ask, parameters: Parameters): string {
  const names = ["number"];
  const lists = [`${parameters.add(plainArray(starts.map(({ lane }) => lane)))}::int4[]`];
  const add = (name: string, list: string) => {
    names.push(name);
    lists.push(list);
  };
  INDEXES[plan.index].columns.forEach((column, place) => {
    const values = starts.map(({ lane }) => plan.lanes[lane]![place]!);
    const list = column === "kind" ? plainArray(values) : byteaArray(values as string[]);
    add(column, `${parameters.add(list)}::${COLUMN_TYPES[column]}[]`);
  });
  if (starts[0]?.after !== undefined) {
    add("at", `${parameters.add(plainArray(starts.map(({ after }) => after!.createdAt)))}::int8[]`);
    add("after", `${parameters.add(byteaArray(starts.map(({ after }) => after!.id)))}::bytea[]`);
  }
  return `unnest(${lists.join(", ")}) as lane (${names.join(", ")})`;
}

/** Walks a lane from its start. */
function freshWalk(plan: Plan, parameters: Parameters): (perLane: string) => string {
  const since = parameters.add(plan.since);
  const before = parameters.add(plan.before);
  const conditions = conditionsSql(plan, parameters);
  return (perLane) =>
    stretch(plan, perLane, [
      ...conditions,
      `hit.created_at >= ${since}::int8`,
      `hit.created_at < ${before}::int8`,
    ]);
}

/**
 * Walks a lane from behind the event that was read last: first the rest of its second, then what is
 * older. As two stretches of the index, so that a second with a million events is not read again for
 * each page; the first one comes first because `union all` runs its parts in turn.
 */
function resumedWalk(plan: Plan, parameters: Parameters): (perLane: string) => string {
  const since = parameters.add(plan.since);
  const conditions = conditionsSql(plan, parameters);
  return (perLane) => {
    const sameSecond = [...conditions, "hit.created_at = lane.at", "hit.id > lane.after"];
    const older = [
      ...conditions,
      `hit.created_at >= ${since}::int8`,
      "hit.created_at < lane.at",
    ];
    return `(${stretch(plan, perLane, sameSecond)})
      union all (${stretch(plan, perLane, older)})
      limit ${perLane}::int8`;
  };
}

function stretch(plan: Plan, perLane: string, conditions: readonly string[]): string {
  return `select hit.created_at, hit.id from ${INDEXES[plan.index].table} as hit
      where ${conditions.join(" and ")}
      order by hit.created_at desc, hit.id limit ${perLane}::int8`;
}

/** What singles out the lane, and what is left to check. */
function conditionsSql(plan: Plan, parameters: Parameters): readonly string[] {
  return [...laneSql(plan, parameters), ...restSql(plan, parameters)];
}

/**
 * What singles out the lane.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { plansOf } from "./plan.ts";
 * import { laneSql, Parameters } from "./select_statement.ts";
 *
 * const [plan] = plansOf({ kinds: new Set([1]), tags: new Map() }, sha256);
 * deepEqual(laneSql(plan!, new Parameters()), ["hit.kind = lane.kind"]);
 * ```
 */
export function laneSql({ index, letter }: Plan, parameters: Parameters): readonly string[] {
  const conditions: string[] = [];
  if (letter !== undefined) conditions.push(`hit.name = ${parameters.add(letter)}::"char"`);
  for (const column of INDEXES[index].columns) conditions.push(`hit.${column} = lane.${column}`);
  // In the words of the index, for Postgres to see that it may be used.
  if ("withoutLists" in INDEXES[index]) conditions.push(`hit.kind <> ${LIST_KIND}`);
  return conditions;
}

/**
 * What is left to check of the row `hit`.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { plansOf } from "./plan.ts";
 * import { Parameters, restSql } from "./select_statement.ts";
 *
 * const [plan] = plansOf({ kinds: new Set([1]), tags: new Map() }, sha256);
 * deepEqual(restSql(plan!, new Parameters()), []);
 * ```
 */
export function restSql(
  { index, rest, nowS }: Pick<Plan, "index" | "rest" | "nowS">,
  parameters: Parameters,
): readonly string[] {
  const conditions: string[] = [];
  if (nowS > 0) conditions.push(hasNotExpired(parameters.add(nowS)));
  if (rest.authors) {
    conditions.push(`hit.pubkey = any(${parameters.add(byteaArray(rest.authors))}::bytea[])`);
  }
  if (rest.kinds) {
    conditions.push(`hit.kind = any(${parameters.add(plainArray(rest.kinds))}::int4[])`);
  }
  for (const tag of rest.tags) conditions.push(carriesTag(tag, parameters));
  if (rest.search !== undefined) {
    const key = INDEXES[index].table === "tags" ? "hit.event" : "hit.key";
    conditions.push(hasWords(key, parameters.add(rest.search)));
  }
  return conditions;
}

/**
 * Whether the event carries one of the values: a look-up by the whole key of an index for each. A
 * scalar subquery stays one; `exists` might become a join that starts at the wrong end.
 */
function carriesTag({ letter, values, every }: TagCondition, parameters: Parameters): string {
  // Each value of an event stands in the table once.
  const found = every ? `count(*) = ${parameters.add(values.length)}::int8` : "true";
  return `(select ${found} from tags as other
        where other.name = ${parameters.add(letter)}::"char"
          and other.value = any(${parameters.add(byteaArray(values))}::bytea[])
          and other.created_at = hit.created_at and other.id = hit.id limit 1)`;
}

/**
 * What has expired and was not removed yet is a short list, mostly an empty one. Postgres makes it once
 * for each statement and looks each row up in it, by the id that every index ends with: the table is
 * not touched. The limit lets it know that the list fits in memory.
 *
 * @see NIP-40
 */
function hasNotExpired(now: string): string {
  return `hit.id not in (select expired.id from events as expired
        where expired.expires_at <= ${now}::int8 order by expired.expires_at limit ${MAX_EXPIRED})`;
}

/** How many expired events are hidden. They are removed within seconds, the oldest first. */
const MAX_EXPIRED = 10_000;

function hasWords(key: string, words: string): string {
  return `(select true from event_words as text
        where text.event = ${key} and text.words @@ ${words}::tsquery)`;
}

/** The newest rows, for lanes that have no event in common. */
function firstRows(found: string, limit: string): string {
  return `
    ${found}
    order by hit.created_at desc, hit.id, lane.number limit ${limit}::int8`;
}

/** The rows of the newest events, however many lanes an event stands in. */
function firstPlaces(found: string, limit: string): string {
  return `
    select ranked.number, ranked.created_at, ranked.id from (
    select *, dense_rank() over (order by created_at desc, id) as place from (
    ${found}) as found) as ranked
    where ranked.place <= ${limit}::int8`;
}
