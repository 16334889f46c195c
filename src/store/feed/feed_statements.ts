/**
 * The statements by which instances on one database hear of each other.
 *
 * @module
 */

import { WRITER_NAME } from "../database/database.ts";
import { utf8Decode } from "../../base/bytes.ts";
import { parseJson } from "../../nostr/json.ts";
import { parseEvent } from "../../nostr/parse_event.ts";
import { jsonArray, plainArray } from "../database/array_literal.ts";
import type { Cells, Statement } from "../database/database.ts";
import type { EventRecord } from "../event_store.ts";

/** Where instances tell each other what they stored. */
export const FEED_CHANNEL = "gallimimus_events";

/** What is told when the operator's rules have changed. */
export const RULES_CHANGED = "r";

/** An event with the number it is stored under. */
export interface NumberedRecord extends EventRecord {
  readonly seq: number;
}

/** A moment of the database, and the highest number that was given out by then. */
export interface Mark {
  readonly seq: number;
  /** Microseconds since 1970, by the clock of the database. */
  readonly timeUs: number;
}

/**
 * Tells all instances when the transaction commits. Postgres passes notifications on in the order of
 * commits.
 *
 * @param payloads less than 8,000 bytes each.
 */
export function notify(payloads: readonly string[]): Statement<void> {
  return {
    text: "select pg_notify($1, payload)::text from unnest($2::text[]) as payload",
    parameters: [FEED_CHANNEL, jsonArray(payloads)],
    read: () => {},
  };
}

/**
 * The events with these numbers; those that are gone already are left out.
 */
export function selectBySeqs(seqs: readonly number[]): Statement<NumberedRecord | undefined> {
  return {
    text: "select seq, raw from events where seq = any($1::int8[]) order by seq",
    parameters: [plainArray(seqs)],
    read: readNumberedRecord,
  };
}

/**
 * The lowest `limit` numbers above `after` that are there.
 */
export function selectSeqsAfter(after: number, limit: number): Statement<number> {
  return {
    text: "select seq from events where seq > $1::int8 order by seq limit $2::int8",
    parameters: [after, limit],
    read: (cells) => cells.integer(0),
  };
}

/** Now. A sequence that nobody has used yet says 1 too. */
export const selectMark: Statement<Mark> = {
  text: `select case when is_called then last_value else 0 end,
  (extract(epoch from clock_timestamp()) * 1000000)::int8
from events_seq`,
  parameters: [],
  read: (cells) => ({ seq: cells.integer(0), timeUs: cells.integer(1) }),
};

/** When the oldest transaction began that may still write events, microseconds since 1970; or 2^53. */
export const selectOldestWrite: Statement<number> = {
  text: `select coalesce(min((extract(epoch from xact_start) * 1000000)::int8), $2::int8)
from pg_stat_activity where datname = current_database() and application_name = $1`,
  parameters: [WRITER_NAME, Number.MAX_SAFE_INTEGER],
  read: (cells) => cells.integer(0),
};

/** A number for an instance. */
export const selectInstance: Statement<number> = {
  text: "select nextval('instances')",
  parameters: [],
  read: (cells) => cells.integer(0),
};

/** Undefined when it is no event: somebody else wrote into our table. */
function readNumberedRecord(cells: Cells): NumberedRecord | undefined {
  const json = cells.utf8(1);
  const record = readRecord(json);
  return record && { seq: cells.integer(0), ...record };
}

/**
 * The event that this JSON is; undefined when it is none.
 */
export function readRecord(json: Uint8Array): EventRecord | undefined {
  const event = parseEvent(parseJson(utf8Decode(json) ?? ""));
  return "reason" in event ? undefined : { event, json };
}
