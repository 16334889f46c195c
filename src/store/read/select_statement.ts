/**
 * Builds the SQL that answers a plan.
 *
 * One statement answers one {@link Ask}. Where nearly all rows of the lanes are wanted, it reads the
 * events from the lanes. Else its inner part reads a few keys of each lane, from the index alone, and
 * its outer part fetches the JSON of the events that are in the answer. The text depends on the plan's
 * shape, on whether there is one lane, and on whether the values to check are few, but never on how
 * many they are.
 *
 * @module
 */

import { byteaArray, plainArray } from "../database/array_literal.ts";
import { ANY_LENGTH, bodyColumns, NO_BODY } from "./body_statement.ts";
import type { Cells, Statement } from "../database/database.ts";
import { Parameters } from "../database/parameters.ts";
import { idPrefixOf } from "../fingerprint.ts";
import { INDEXES, type Plan } from "./plan.ts";
import { restSql } from "./rest_sql.ts";
import type { Ask, LaneRow } from "./scan.ts";

/**
 * The statement for one request to a plan's lanes. Its rows come in the order of the answer.
 *
 * @param mostBytes the longest JSON that comes along; or {@link NO_BODY}.
 */
export function selectStatement(
  plan: Plan,
  ask: Ask,
  mostBytes = ANY_LENGTH,
): Statement<LaneRow> {
  return isDirect(plan)
    ? directStatement(plan, ask, mostBytes)
    : twoPhaseStatement(plan, ask, mostBytes);
}

/**
 * Whether the JSON is read from the lanes themselves. By id and by time, all rows that are read are in
 * the answer. For any other index the inner part asks for keys alone, which only that index holds:
 * otherwise Postgres may prefer to read all events by time and check each.
 */
function isDirect({ index }: Plan): boolean {
  return index === "id" || index === "time";
}

const DIRECT_COLUMNS = "hit.created_at, hit.head, hit.id, hit.raw, hit.seq";

/** Takes everything from the lanes themselves. */
function directStatement(plan: Plan, ask: Ask, mostBytes: number): Statement<LaneRow> {
  const parameters = new Parameters();
  const found = foundSql(plan, ask, { parameters, columns: DIRECT_COLUMNS });
  const limit = parameters.add(ask.limit);
  const rest = mostBytes === NO_BODY
    ? ""
    : `, ${bodyColumns("found.raw", parameters.add(mostBytes))}, found.seq`;
  return {
    text: `select found.number, found.created_at, found.id${rest}
from (${found}) as found
order by found.created_at desc, found.head, found.number limit ${limit}::int8`,
    parameters: parameters.values,
    read: readerOf(mostBytes),
  };
}

/** Finds the keys, then fetches the events that they name. */
function twoPhaseStatement(plan: Plan, ask: Ask, mostBytes: number): Statement<LaneRow> {
  const parameters = new Parameters();
  const found = foundSql(plan, ask, { parameters, columns: "hit.created_at, hit.head" });
  const limit = parameters.add(ask.limit);
  const order = "found.created_at desc, found.head, found.number";
  const rest = mostBytes === NO_BODY
    ? ""
    : `, ${bodyColumns(rawSql(plan, order), parameters.add(mostBytes))}, events.seq`;
  return {
    text: `select found.number, found.created_at, events.id${rest}
from (${plan.overlapping ? firstEvents(found, limit) : firstRows(found, limit)}) as found
join events on events.head = found.head
order by ${order}`,
    parameters: parameters.values,
    read: readerOf(mostBytes),
  };
}

/** What is read of each lane. */
interface Finding {
  readonly parameters: Parameters;
  /** Of the row `hit`. */
  readonly columns: string;
}

/** The rows of the lanes, each with its lane's number. A single lane needs no table of lanes. */
function foundSql(plan: Plan, ask: Ask, { parameters, columns }: Finding): string {
  const lanes = ask.starts.length === 1
    ? oneLane(plan, ask, parameters)
    : manyLanes(plan, ask, parameters);
  const walk = { plan, lanes, parameters, columns };
  const hit = resumes(ask) ? resumedWalk(walk, ask) : freshWalk(walk, ask);
  const from = lanes.table === undefined ? `(${hit}) as hit` : `${lanes.table}
    cross join lateral (${hit}) as hit`;
  return `select ${lanes.column("number")} as number, ${columns}
    from ${from}`;
}

function readerOf(mostBytes: number): (cells: Cells) => LaneRow {
  return mostBytes === NO_BODY ? readLanePlace : readLaneRow;
}

const NO_JSON = new Uint8Array();

function readLanePlace(cells: Cells): LaneRow {
  return {
    lane: cells.integer(0),
    createdAt: cells.integer(1),
    id: cells.hex(2),
    json: NO_JSON,
    seq: 0,
  };
}

function readLaneRow(cells: Cells): LaneRow {
  return {
    lane: cells.integer(0),
    createdAt: cells.integer(1),
    id: cells.hex(2),
    json: cells.utf8(3),
    absentBytes: cells.integer(4),
    seq: cells.integer(5),
  };
}

/** The JSON; of an event that stands in several lanes only once, for it may be large. */
function rawSql({ overlapping }: Plan, order: string): string {
  return overlapping
    ? `(case when lag(found.head) over (order by ${order}) is distinct from found.head
  then events.raw else '' end)`
    : "events.raw";
}

/** Whether the lanes go on from where they stopped. */
function resumes({ starts }: Ask): boolean {
  return starts[0]?.after !== undefined;
}

const COLUMN_TYPES = {
  head: "uuid",
  id: "bytea",
  author: "uuid",
  tag: "uuid",
  kind: "int4",
} as const;

/** The lanes as a table: number, the index's columns and, when they go on, where. */
export function lanesSql(plan: Plan, ask: Ask, parameters: Parameters): string {
  const { starts } = ask;
  const names = ["number"];
  const lists = [`${parameters.add(plainArray(starts.map(({ lane }) => lane)))}::int4[]`];
  const add = (name: string, list: string) => {
    names.push(name);
    lists.push(list);
  };
  INDEXES[plan.index].columns.forEach((column, place) => {
    const values = starts.map(({ lane }) => plan.lanes[lane]![place]!);
    const list = column === "id" ? byteaArray(values as string[]) : plainArray(values);
    add(column, `${parameters.add(list)}::${COLUMN_TYPES[column]}[]`);
  });
  if (resumes(ask)) {
    add("at", `${parameters.add(plainArray(starts.map(({ after }) => after!.createdAt)))}::int8[]`);
    const heads = starts.map(({ after }) => idPrefixOf(after!.id));
    add("after", `${parameters.add(plainArray(heads))}::uuid[]`);
  }
  return `unnest(${lists.join(", ")}) as lane (${names.join(", ")})`;
}

/** Lanes as a statement sees them. */
interface Lanes {
  /** Undefined for a single lane. */
  readonly table: string | undefined;
  /** What stands for a column of {@link table}. */
  readonly column: (name: string) => string;
}

function manyLanes(plan: Plan, ask: Ask, parameters: Parameters): Lanes {
  return { table: lanesSql(plan, ask, parameters), column: inLane };
}

function inLane(name: string): string {
  return `lane.${name}`;
}

/** A lane whose values are parameters themselves: Postgres has nothing to join. */
function oneLane(plan: Plan, { starts }: Ask, parameters: Parameters): Lanes {
  const { lane, after } = starts[0]!;
  const columns = new Map([["number", `${parameters.add(lane)}::int4`]]);
  INDEXES[plan.index].columns.forEach((column, place) => {
    const value = plan.lanes[lane]![place]!;
    const parameter = column === "id" ? `\\x${value}` : value;
    columns.set(column, `${parameters.add(parameter)}::${COLUMN_TYPES[column]}`);
  });
  if (after !== undefined) {
    columns.set("at", `${parameters.add(after.createdAt)}::int8`);
    columns.set("after", `${parameters.add(idPrefixOf(after.id))}::uuid`);
  }
  return { table: undefined, column: (name) => columns.get(name)! };
}

/** How lanes are walked. */
interface Walk extends Finding {
  readonly plan: Plan;
  readonly lanes: Lanes;
}

/** Walks a lane from its start. */
function freshWalk(walk: Walk, { perLane }: Ask): string {
  const { plan, parameters } = walk;
  const since = parameters.add(plan.since);
  const before = parameters.add(plan.before);
  const conditions = [
    ...conditionsSql(walk),
    `hit.created_at >= ${since}::int8`,
    `hit.created_at < ${before}::int8`,
  ];
  return `${rowsSql(walk, conditions)}${limitSql(walk, perLane)}`;
}

/**
 * Walks a lane from behind the event that was read last: first the rest of its second, then what is
 * older. As two ranges of the index, so that a second with a million events is not read again for
 * each page; the first one comes first because `union all` runs its parts in turn.
 */
function resumedWalk(walk: Walk, { perLane }: Ask): string {
  const { plan, lanes, parameters } = walk;
  const since = parameters.add(plan.since);
  const conditions = conditionsSql(walk);
  const at = lanes.column("at");
  const sameSecond = [
    ...conditions,
    `hit.created_at = ${at}`,
    `hit.head > ${lanes.column("after")}`,
  ];
  const older = [
    ...conditions,
    `hit.created_at >= ${since}::int8`,
    `hit.created_at < ${at}`,
  ];
  const limit = limitSql(walk, perLane);
  return `(${rowsSql(walk, sameSecond)}${limit})
      union all (${rowsSql(walk, older)}${limit})${limit}`;
}

function rowsSql({ plan, columns }: Walk, conditions: readonly string[]): string {
  return `select ${columns} from ${INDEXES[plan.index].table} as hit
      where ${conditions.join(" and ")}${orderSql(plan)}`;
}

/**
 * The newest first. One event needs no order, and must not be looked for in an index that has one.
 */
export function orderSql({ index }: Pick<Plan, "index">): string {
  return index === "id" ? "" : `
      order by hit.created_at desc, hit.head`;
}

function limitSql({ parameters }: Walk, perLane: number): string {
  return ` limit ${parameters.add(perLane)}::int8`;
}

/** The conditions that single out the lane, and those that are left to check. */
function conditionsSql({ plan, lanes, parameters }: Walk): readonly string[] {
  return [...laneConditions(plan, lanes.column), ...restSql(plan, parameters)];
}

/**
 * The conditions that single out a lane.
 *
 * @param column what stands for a column of the lane. Default: that of the table of {@link lanesSql}.
 */
export function laneConditions(
  { index }: Plan,
  column: (name: string) => string = inLane,
): readonly string[] {
  const { columns, predicate } = INDEXES[index];
  return [...columns.map((name) => `hit.${name} = ${column(name)}`), ...predicate];
}

/** The newest rows, for lanes that have no event in common. */
function firstRows(found: string, limit: string): string {
  return `
    ${found}
    order by hit.created_at desc, hit.head, number limit ${limit}::int8`;
}

/** The rows of the newest events, however many lanes an event stands in. */
function firstEvents(found: string, limit: string): string {
  return `
    select ranked.number, ranked.created_at, ranked.head from (
    select *, dense_rank() over (order by created_at desc, head) as place from (
    ${found}) as found) as ranked
    where ranked.place <= ${limit}::int8`;
}
