/**
 * The statements of the shared feed: notifications and sequence numbers.
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

/** The channel on which instances announce what they stored. */
export const FEED_CHANNEL = "gallimimus_events";

/** The payload that announces a change of the operator's rules. */
export const RULES_CHANGED = "r";

/** The prefix of the payloads that announce a `LateEvent` in parts, see `lateEventParts`. */
export const LATE_EVENT = "l";

/**
 * The prefixes of the payloads that announce what the operator decided about events: that they are deleted
 * and remembered, deleted and forgotten, or may come again.
 */
type DecisionPrefix = "x" | "y" | "z";

/** An event's id, hex digits. */
const ID_LENGTH = 64;

/** Announces a decision about events, in texts of at most `maxLength` characters. */
export function decisionPayloads(
  prefix: DecisionPrefix,
  ids: readonly string[],
  maxLength: number,
): readonly string[] {
  const count = Math.floor((maxLength - prefix.length) / ID_LENGTH);
  return Array.from(
    { length: Math.ceil(ids.length / count) },
    (_, part) => prefix + ids.slice(part * count, (part + 1) * count).join(""),
  );
}

/** What such a payload announces; undefined for any other payload. */
export function readDecision(
  payload: string,
): { readonly prefix: DecisionPrefix; readonly ids: readonly string[] } | undefined {
  const [, prefix, digits] = /^([xyz])((?:[0-9a-f]{64})+)$/.exec(payload) ?? [];
  if (digits === undefined) return undefined;
  return { prefix: prefix as DecisionPrefix, ids: digits.match(/.{64}/g) ?? [] };
}

/** An event with its sequence number. */
export interface NumberedRecord extends EventRecord {
  readonly seq: number;
}

/** The highest sequence number assigned by some time. */
export interface Mark {
  readonly seq: number;
  /** Microseconds since 1970, by the clock of the database. */
  readonly timeUs: number;
}

/**
 * Notifies all instances when the transaction commits. Postgres delivers notifications in commit
 * order.
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

/** The events with these sequence numbers, without those that have been deleted. */
export function selectBySeqs(seqs: readonly number[]): Statement<NumberedRecord | undefined> {
  return {
    text: "select seq, raw from events where seq = any($1::int8[]) order by seq",
    parameters: [plainArray(seqs)],
    read: readNumberedRecord,
  };
}

/** The lowest `limit` stored sequence numbers above `after`. */
export function selectSeqsAfter(after: number, limit: number): Statement<number> {
  return {
    text: "select seq from events where seq > $1::int8 order by seq limit $2::int8",
    parameters: [after, limit],
    read: (cells) => cells.integer(0),
  };
}

/** The current mark. `last_value` is 1 for an unused sequence too, hence `is_called`. */
export const selectMark: Statement<Mark> = {
  text: `select case when is_called then last_value else 0 end,
  (extract(epoch from clock_timestamp()) * 1000000)::int8
from events_seq`,
  parameters: [],
  read: (cells) => ({ seq: cells.integer(0), timeUs: cells.integer(1) }),
};

/**
 * When the oldest transaction began that may still write events, microseconds since 1970; 2^53 − 1
 * without one.
 */
export const selectOldestWrite: Statement<number> = {
  text: `select coalesce(min((extract(epoch from xact_start) * 1000000)::int8), $2::int8)
from pg_stat_activity where datname = current_database() and application_name = $1`,
  parameters: [WRITER_NAME, Number.MAX_SAFE_INTEGER],
  read: (cells) => cells.integer(0),
};

/** The timeline of the server: another one after a standby was promoted. */
export const selectTimeline: Statement<string> = {
  text: "select left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)",
  parameters: [],
  read: (cells) => cells.text(0),
};

/** A new number for this instance. */
export const selectInstance: Statement<number> = {
  text: "select nextval('instances')",
  parameters: [],
  read: (cells) => cells.integer(0),
};

/** Undefined when the row is not a valid event, because another program wrote it. */
function readNumberedRecord(cells: Cells): NumberedRecord | undefined {
  const json = cells.utf8(1);
  const record = readRecord(json);
  return record && { seq: cells.integer(0), ...record };
}

/** Parses an event from its JSON; undefined when it is not valid. */
export function readRecord(json: Uint8Array): EventRecord | undefined {
  const event = parseEvent(parseJson(utf8Decode(json) ?? ""));
  return "reason" in event ? undefined : { event, json };
}
