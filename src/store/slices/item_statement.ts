/**
 * The statement that lists the items of slices, many at a time.
 *
 * @module
 */

import { hexToBytes } from "../../nostr/hex.ts";
import { ID_BYTES, ItemSet } from "../../nostr/negentropy/item_set.ts";
import { plainArray } from "../database/array_literal.ts";
import type { Cells, Statement } from "../database/database.ts";
import { Parameters } from "../database/parameters.ts";
import type { TimeRange } from "../event_store.ts";
import { INDEXES, type Plan } from "../read/plan.ts";
import { restSql } from "../read/rest_sql.ts";
import { laneConditions, lanesSql, orderSql } from "../read/select_statement.ts";
import { END_OF_TIME, readInteger } from "./slice_statements.ts";

/** Which items are listed. */
export interface ItemSelection {
  /** Its own times do not count. */
  readonly plan: Plan;
  readonly ranges: readonly TimeRange[];
  /** A range with more is undefined. */
  readonly maxItems: number;
}

/**
 * Gives a row for each range, in their order. One value holds all items of a range, because a row for each
 * cost the database and this thread ten times as much as to find them.
 */
export function selectItems(
  { plan, ranges, maxItems }: ItemSelection,
): Statement<ItemSet | undefined> {
  const parameters = new Parameters();
  const times = (each: (range: TimeRange) => number) =>
    `${parameters.add(plainArray(ranges.map(each)))}::int8[]`;
  const since = times(({ fromS }) => fromS);
  const before = times(({ toS }) => Math.min(toS, END_OF_TIME));
  return {
    text: `select coalesce((
  select string_agg(int8send(found.created_at) || found.id, '')
  from (${foundSql(plan, maxItems + 1, parameters)}) as found
), '')
from unnest(${since}, ${before}) with ordinality as range (since, before, number)
order by range.number`,
    parameters: parameters.values,
    read: (cells) => readItems(cells, maxItems),
  };
}

/**
 * Selects the items of one range, newest first; the aggregate around it takes them in this order. By time they
 * are read from the table itself. By any other index its key is found first, as in `select_statement.ts`:
 * otherwise Postgres may prefer to read all events by time.
 */
function foundSql(plan: Plan, most: number, parameters: Parameters): string {
  const limit = `limit ${parameters.add(most)}::int8`;
  const conditions = [
    ...laneConditions(plan),
    "hit.created_at >= range.since",
    "hit.created_at < range.before",
    ...restSql(plan, parameters),
  ];
  const rows = (columns: string) =>
    `select ${columns} from ${INDEXES[plan.index].table} as hit
    where ${conditions.join(" and ")}${orderSql(plan)} ${limit}`;
  if (plan.index === "time") return rows("hit.created_at, hit.head, hit.id");
  const starts = plan.lanes.map((_, lane) => ({ lane, after: undefined }));
  const lanes = lanesSql(plan, { starts, perLane: most, limit: most }, parameters);
  return `select key.created_at, key.head, events.id from (
    select hit.* from ${lanes} cross join lateral (${
    rows("hit.created_at, hit.head")
  }) as hit ${limit}
  ) as key join events on events.head = key.head order by key.created_at desc, key.head`;
}

/** Of an item: its time and its id. */
const ITEM_BYTES = 8 + ID_BYTES;

function readItems(cells: Cells, maxItems: number): ItemSet | undefined {
  const bytes = hexToBytes(cells.hex(0));
  const size = bytes.length / ITEM_BYTES;
  if (size > maxItems) return undefined;
  const view = new DataView(bytes.buffer);
  const timestamps = new Float64Array(size);
  const ids = new Uint8Array(size * ID_BYTES);
  for (let item = 0, at = 0; item < size; item++, at += ITEM_BYTES) {
    timestamps[item] = readInteger(view, at);
    ids.set(bytes.subarray(at + 8, at + ITEM_BYTES), item * ID_BYTES);
  }
  return ItemSet.ofNewestFirst(timestamps, ids);
}
