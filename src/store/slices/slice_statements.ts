/**
 * The statements that keep counts and sums of ids by time. Triggers note what changes, see
 * `migrations/0010_slices.sql`.
 *
 * Changes are added to the slices, and slices are made anew from the events, by single statements: each
 * removes the changes that it sees and writes what these, or the events, amount to in the same snapshot. So
 * a change of a transaction that commits meanwhile stays, and counts until the next such statement.
 *
 * @module
 */

import { hexToBytes } from "../../nostr/hex.ts";
import { SliceSums } from "../../nostr/negentropy/slice_set.ts";
import { jsonArray } from "../database/array_literal.ts";
import type { Cells, Statement } from "../database/database.ts";
import { Parameters } from "../database/parameters.ts";
import type { SliceSetRow } from "./slice_sets.ts";

/** Later than every `created_at`: 2^53. */
export const END_OF_TIME = Number.MAX_SAFE_INTEGER + 1;

/** How many expired events are hidden at most, as by `rest_sql.ts`. */
const MAX_EXPIRED = 10_000;

const WORDS = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** A list for each word of a sum. */
function words(each: (column: string, word: number) => string): string {
  return WORDS.map((word) => each(`word${word}`, word)).join(", ");
}

const COLUMNS = words((column) => column);

/** Of changes. */
const SIGNED_SUMS = words((column, word) => `sum(sign * id_word(id, ${word})) as ${column}`);

/** Of an event, that it belongs to the set `slice_sets` and everybody may see it. */
const IS_SHOWN = `in_slice_set(kind, author, slice_sets)
  and not exists (select from rules where mark = author)
  and not exists (select from rules where mark = head)`;

/** A set as it stands in the database. */
export interface StoredSet {
  readonly number: number;
  readonly definition: string;
  /** From which time on it is not built; undefined when it is built. */
  readonly builtToS: number | undefined;
}

/** The sets of which slices are kept, or are to be. */
export const selectSets: Statement<StoredSet> = {
  text: "select number, definition, coalesce(built_to, -1) from slice_sets order by number",
  parameters: [],
  read: (cells) => {
    const builtToS = cells.integer(2);
    return {
      number: cells.integer(0),
      definition: cells.text(1),
      builtToS: builtToS < 0 ? undefined : builtToS,
    };
  },
};

/** Waits for all who write events, and has those who begin wait. */
export const lockWriters: Statement<void> = {
  text: "select pg_advisory_xact_lock(slices_lock())::text",
  parameters: [],
  read: () => {},
};

/** Whether this transaction is the only one that changes slices. The key is "gallfold" in ASCII. */
export const tryLockSlices: Statement<boolean> = {
  text: "select pg_try_advisory_xact_lock($1::int8)::text",
  parameters: ["7449354471478357092"],
  read: (cells) => cells.text(0) === "true",
};

/** Removes all sets but those of these definitions. */
export function deleteOtherSets(definitions: readonly string[]): Statement<void> {
  return {
    text: "delete from slice_sets where definition <> all($1::text[])",
    parameters: [jsonArray(definitions)],
    read: () => {},
  };
}

/** Removes what belongs to no set that is built, or being built. */
export const deleteLeftovers: Statement<void> = {
  text: `with kept as (
  select number from slice_sets where built_to is distinct from 0
), changes as (
  delete from slice_changes where slice_set not in (select number from kept)
)
delete from slices where slice_set not in (select number from kept)`,
  parameters: [],
  read: () => {},
};

/** Has all sets built from the beginning. */
export const restartSets: Statement<void> = {
  text: "update slice_sets set built_to = 0",
  parameters: [],
  read: () => {},
};

/** Adds a set, to be built. */
export function insertSet({ definition, kinds, authors, hidden }: SliceSetRow): Statement<void> {
  const parameters = new Parameters();
  const list = (literal: string | undefined, type: string) =>
    literal === undefined ? "null" : `${parameters.add(literal)}::${type}[]`;
  return {
    text: `insert into slice_sets (definition, kinds, authors, hidden)
values (${parameters.add(definition)}, ${list(kinds, "int4")}, ${list(authors, "uuid")}, ${
      list(hidden, "int4")
    }) on conflict do nothing`,
    parameters: parameters.values,
    read: () => {},
  };
}

/** The time of the event after `count` others from a time on; none if there are no more. */
export function selectTimeAfter(fromS: number, count: number): Statement<number> {
  return {
    text: `select created_at from events where created_at >= $1::int8
order by created_at limit 1 offset $2::int8`,
    parameters: [fromS, count],
    read: (cells) => cells.integer(0),
  };
}

/** Notes up to when a set is built. */
export function updateBuilt(number: number, builtToS: number): Statement<void> {
  return {
    text: "update slice_sets set built_to = nullif($2::int8, $3::int8) where number = $1::int4",
    parameters: [number, builtToS, END_OF_TIME],
    read: () => {},
  };
}

/** A range of time of a set. */
export interface SliceRange {
  readonly number: number;
  readonly fromS: number;
  /** Exclusive. */
  readonly toS: number;
}

/**
 * Makes the slices of a range anew from the events. Each gets about `sliceEvents` of them; a second with more
 * has one of its own. There may be one slice in the range so far, at its beginning.
 */
export function rebuildRange(
  { number, fromS, toS }: SliceRange,
  sliceEvents: number,
): Statement<void> {
  return {
    text: `with gone as (
  delete from slice_changes
  where slice_set = $1::int4 and at_time >= $2::int8 and at_time < $3::int8
), shown as (
  select created_at, id, rank() over (order by created_at) as place,
    count(*) over (partition by created_at) as same
  from events, slice_sets
  where slice_sets.number = $1::int4 and created_at >= $2::int8 and created_at < $3::int8
    and ${IS_SHOWN}
), cut as (
  select created_at, id, (place - 1) / $4::int8 as piece,
    case when same > $4::int8 then created_at end as second
  from shown
), pieces as (
  select min(created_at) as from_time, count(*) as events,
    ${words((column, word) => `sum(id_word(id, ${word})) as ${column}`)}
  from cut group by piece, second
), placed as (
  select case when from_time = min(from_time) over () then $2::int8 else from_time end as from_time,
    events, ${COLUMNS}
  from pieces
)
insert into slices (slice_set, from_time, events, ${COLUMNS})
select $1::int4, from_time, events, ${COLUMNS} from placed
union all
select $1::int4, $2::int8, 0, ${words(() => "0")} where not exists (select from placed)
on conflict (slice_set, from_time) do update
set events = excluded.events, ${words((column) => `${column} = excluded.${column}`)}`,
    parameters: [number, fromS, toS, sliceEvents],
    read: () => {},
  };
}

/** A slice to which changes were added. */
export interface ChangedSlice extends SliceRange {
  readonly events: number;
  /** How many it had before. */
  readonly before: number;
  /** How many changes were added, to all slices together. */
  readonly changes: number;
}

/** Adds up to `limit` changes to the slices of the sets that are built. */
export function addChanges(limit: number): Statement<ChangedSlice> {
  return {
    text: `with gone as (
  delete from slice_changes where ctid = any(array(
    select slice_changes.ctid from slice_changes
    join slice_sets on slice_sets.number = slice_set and built_to is null limit $1::int8
  )) returning *
), placed as (
  select slice_set, ${beginOf("gone")} as from_time, sum(sign) as events, ${SIGNED_SUMS}
  from gone group by 1, 2
), changed as (
  update slices set events = slices.events + placed.events,
    ${words((column) => `${column} = slices.${column} + placed.${column}`)}
  from placed
  where slices.slice_set = placed.slice_set and slices.from_time = placed.from_time
  returning slices.slice_set, slices.from_time, slices.events, placed.events as more
)
select slice_set, from_time, events::int8, (events - more)::int8, coalesce((
  select min(next.from_time) from slices as next
  where next.slice_set = changed.slice_set and next.from_time > changed.from_time
), $2::int8), (select count(*) from gone) from changed`,
    parameters: [limit, END_OF_TIME],
    read: (cells) => ({
      number: cells.integer(0),
      fromS: cells.integer(1),
      events: cells.integer(2),
      before: cells.integer(3),
      toS: cells.integer(4),
      changes: cells.integer(5),
    }),
  };
}

/** Removes slices without events, which then belong to the ones before. */
export const deleteEmpty: Statement<void> = {
  text: `delete from slices where from_time > 0 and events = 0
  and ${WORDS.map((word) => `word${word} = 0`).join(" and ")}
  and slice_set in (select number from slice_sets where built_to is null)`,
  parameters: [],
  read: () => {},
};

/** The slice that a change falls into. */
function beginOf(change: string): string {
  return `(select max(slices.from_time) from slices
    where slices.slice_set = ${change}.slice_set and slices.from_time <= ${change}.at_time)`;
}

/**
 * The slices of a set as they are at this moment, oldest first, without what has expired and is not deleted
 * yet. None if the set is not there or not built.
 *
 * What changed stands beside them and is added here: Postgres would look through all changes for each slice.
 */
export function selectSlices(definition: string, nowS: number): Statement<SliceSums> {
  return {
    text: `with wanted as (
  select number from slice_sets where definition = $1::text and built_to is null
), change as (
  select slice_set, sign, at_time, id from slice_changes
  where slice_set = (select number from wanted)
  union all
  select slice_sets.number, -1, created_at, id from (
    select id, created_at, kind, author, head from events where expires_at <= $2::int8
    order by expires_at limit ${MAX_EXPIRED}
  ) as expired, slice_sets
  where slice_sets.number = (select number from wanted) and ${IS_SHOWN}
), placed as (
  select ${beginOf("change")} as from_time, sum(sign) as events, ${SIGNED_SUMS}
  from change group by 1
)
select coalesce((select string_agg(sent, '') from (
    select ${SENT} as sent from slices where slice_set = (select number from wanted)
    order by from_time desc
  ) as slice), ''),
  coalesce((select string_agg(sent, '') from (select ${SENT} as sent from placed) as one), '')`,
    parameters: [definition, nowS],
    read: (cells) => {
      const slices = new SliceSums(readNumbers(cells, 0));
      slices.add(readNumbers(cells, 1));
      return slices;
    },
  };
}

/** The numbers of a slice, the last one first, see {@link readNumbers}. */
const SENT = ["from_time", "events", ...WORDS.map((word) => `word${word}`)].reverse()
  .map((column) => `float8send(${column}::float8)`).join(" || ");

/**
 * Numbers that are sent as bytes. Backwards, these are an array of this machine's: to decode tens of thousands
 * one by one took longer than to read them.
 */
function readNumbers(cells: Cells, column: number): Float64Array {
  return new Float64Array(hexToBytes(cells.hex(column)).reverse().buffer);
}

/** An `int8`. Those here are below 2^53. */
export function readInteger(view: DataView, at: number): number {
  return view.getInt32(at) * 2 ** 32 + view.getUint32(at + 4);
}
