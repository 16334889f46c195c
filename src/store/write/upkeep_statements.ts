/**
 * The statements of maintenance: they find and delete events that are no longer kept.
 *
 * @module
 */

import { plainArray } from "../database/array_literal.ts";
import type { Statement } from "../database/database.ts";
import { idPrefixOf } from "../fingerprint.ts";
import type { Place } from "../read/scan.ts";
import type { StoreSize, SurveyedEvent, TableSize } from "./upkeep.ts";

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
    read: (cells) => cells.integer(0),
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
    read: (cells) => cells.integer(0),
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

/** Looks at any one event. */
export const selectAnyEvent: Statement<number> = {
  text: "select key from events limit 1",
  parameters: [],
  read: (cells) => cells.integer(0),
};

/**
 * Writes a record to the write-ahead log, which the commit has to flush. No table changes, and
 * nobody reads the record.
 */
export const emitProbe: Statement<number> = {
  text: "select (pg_logical_emit_message(true, 'gallimimus', '') is not null)::int",
  parameters: [],
  read: (cells) => cells.integer(0),
};

/** The size of the database, and how many events the planner believes to be there. */
export const selectSize: Statement<StoreSize> = {
  text: `select greatest(reltuples, 0)::int8, pg_database_size(current_database())
from pg_class where oid = 'events'::regclass`,
  parameters: [],
  read: (cells) => ({ events: cells.integer(0), bytes: cells.integer(1) }),
};
