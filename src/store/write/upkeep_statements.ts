/**
 * The statements of maintenance: they find and delete events that are no longer kept.
 *
 * @module
 */

import { plainArray } from "../database/array_literal.ts";
import type { Cells, Statement } from "../database/database.ts";
import { idPrefixOf } from "../fingerprint.ts";
import type { Place } from "../read/scan.ts";
import type { SurveyedEvent, TableSize } from "./upkeep.ts";

/**
 * Deletes up to `limit` expired events and returns their keys. Skips locked rows instead of
 * waiting.
 */
export function deleteExpired(nowS: number, limit: number): Statement<number> {
  return {
    text: `delete from events where key = any(array(
  select key from events where expires_at <= $1::int8
  order by expires_at limit $2::int8 for update skip locked))
returning key`,
    parameters: [nowS, limit],
    read: readKey,
  };
}

/**
 * Deletes these events and returns their keys. Skips rows that are locked, because they are being
 * replaced.
 */
export function deleteEvents(ids: readonly string[]): Statement<number> {
  return {
    text: `delete from events where key = any(array(
  select key from events where head = any($1::uuid[]) for update skip locked))
returning key`,
    parameters: [plainArray(ids.map(idPrefixOf))],
    read: readKey,
  };
}

/**
 * The `limit` events after a place: first the rest of its second, then older ones. Each is one
 * range of the index by time.
 */
export function surveyEvents({ createdAt, id }: Place, limit: number): Statement<SurveyedEvent> {
  const columns = "id, pubkey, kind, created_at, octet_length(raw)";
  return {
    text: `(select ${columns} from events where created_at = $1::int8 and head > $2::uuid
  order by created_at desc, head limit $3::int8)
union all
(select ${columns} from events where created_at < $1::int8
  order by created_at desc, head limit $3::int8)
limit $3::int8`,
    parameters: [createdAt, idPrefixOf(id), limit],
    read: (cells) => ({
      id: cells.hex(0),
      pubkey: cells.hex(1),
      kind: cells.integer(2),
      createdAt: cells.integer(3),
      bytes: cells.integer(4),
    }),
  };
}

/** The size of each table of the schema, the largest first. */
export const selectTableSizes: Statement<TableSize> = {
  text: `select relname::text, pg_table_size(oid), pg_indexes_size(oid) from pg_class
where relkind = 'r' and relnamespace = current_schema()::regnamespace
order by pg_total_relation_size(oid) desc, relname`,
  parameters: [],
  read: (cells) => ({
    table: cells.text(0),
    bytes: cells.integer(1),
    indexBytes: cells.integer(2),
  }),
};

function readKey(cells: Cells): number {
  return cells.integer(0);
}
