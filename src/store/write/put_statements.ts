/**
 * The statements that write events and their tags.
 *
 * @module
 */

import { concat } from "../../base/bytes.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { HashText } from "../../nostr/event_id.ts";
import { expirationOf } from "../../nostr/expiration.ts";
import { hexToBytes } from "../../nostr/hex.ts";
import { plainArray } from "../database/array_literal.ts";
import type { Parameter, Statement } from "../database/database.ts";
import { idPrefixOf } from "../fingerprint.ts";
import { indexedTags } from "../indexed_tags.ts";
import type { Entry } from "./ordered_batch.ts";

/** A row that was inserted or updated. */
export interface StoredRow {
  /** `events.key`, which `tags.event` refers to. */
  readonly key: number;
  readonly id: string;
  readonly seq: number;
}

const COLUMNS = "id, pubkey, kind, created_at, expires_at, raw";

/**
 * The rows as they are sent: numbers as arrays; ids with public keys, and the JSON, each
 * concatenated into one value, because Postgres splits that faster than it parses an array of long
 * texts.
 */
const VALUES = `substring($1::bytea from place::int4 * 64 - 63 for 32),
  substring($1::bytea from place::int4 * 64 - 31 for 32), kind, created_at, expires_at,
  convert_from(substring($2::bytea from start for bytes), 'UTF8')`;
const LISTS = "$3::int4[], $4::int8[], $5::int8[], $6::int4[], $7::int4[]";
const LIST_NAMES = "kind, created_at, expires_at, start, bytes";

/** Inserts regular events and returns the rows of those that were new. */
export function insertRegular(entries: readonly Entry[]): Statement<StoredRow> {
  return {
    text: `insert into events (${COLUMNS})
select ${VALUES}
from unnest(${LISTS}) with ordinality as new (${LIST_NAMES}, place)
on conflict (head) do nothing
returning key, id, seq`,
    parameters: packed(entries),
    read: readStoredRow,
  };
}

/**
 * Inserts or replaces replaceable and addressable events, and returns the rows of those that are
 * now the newest version. `ON CONFLICT` locks the row before it compares, so concurrent writers of
 * one address are safe.
 *
 * @see NIP-01 "Kinds"
 */
export function upsertVersioned(entries: readonly Entry[]): Statement<StoredRow> {
  return {
    text: `insert into events (${COLUMNS}, slot)
select ${VALUES}, slot
from unnest(${LISTS}, $8::uuid[]) with ordinality as new (${LIST_NAMES}, slot, place)
on conflict (author, kind, slot) where slot is not null do update
set id = excluded.id, created_at = excluded.created_at, expires_at = excluded.expires_at,
  raw = excluded.raw, seq = excluded.seq
where excluded.created_at > events.created_at
  or (excluded.created_at = events.created_at and excluded.id < events.id)
returning key, id, seq`,
    parameters: [...packed(entries), plainArray(entries.map(({ slot }) => slot!))],
    read: readStoredRow,
  };
}

/** Which of these ids are stored. */
export function selectIds(ids: readonly string[]): Statement<string> {
  return {
    text: "select id from events where head = any($1::uuid[])",
    parameters: [plainArray(ids.map(idPrefixOf))],
    read: (cells) => cells.hex(0),
  };
}

/** Deletes the tags of events that were deleted or replaced. */
export function deleteTags(keys: readonly number[]): Statement<void> {
  return {
    text: "delete from tags where event = any($1::int8[])",
    parameters: [plainArray(keys)],
    read: () => {},
  };
}

/**
 * The indexed tags of an event in the form that {@link insertTags} takes; undefined when there are
 * none.
 *
 * @see NIP-01 "only the first value in any given tag is indexed"
 */
export function tagList(
  event: Pick<NostrEvent, "tags">,
  hashText: HashText,
): string | undefined {
  const tags = indexedTags(event, hashText);
  return tags.size === 0 ? undefined : plainArray([...tags]);
}

/** The tags of one row of `events`. */
export interface TagRow {
  /** `events.key`. */
  readonly key: number;
  /** See {@link tagList}. */
  readonly list: string;
}

/**
 * Inserts the indexed tags of these rows, ordered by tag, so that neighbours in an index are
 * written together.
 */
export function insertTags(rows: readonly TagRow[]): Statement<void> {
  return {
    text: `insert into tags (event, created_at, tag, head, author, pubkey, kind)
select key, created_at, tag, head, author, pubkey, kind
from unnest($1::int8[], $2::text[]) as new (event, list)
join events on events.key = new.event
cross join lateral unnest(list::uuid[]) as tag
order by tag`,
    parameters: [
      plainArray(rows.map(({ key }) => key)),
      plainArray(rows.map(({ list }) => `"${list}"`)),
    ],
    read: () => {},
  };
}

function readStoredRow(cells: Parameters<Statement<StoredRow>["read"]>[0]): StoredRow {
  return { key: cells.integer(0), id: cells.hex(1), seq: cells.integer(2) };
}

/** The parameters of {@link VALUES} and {@link LISTS}. */
function packed(entries: readonly Entry[]): readonly Parameter[] {
  const events = entries.map(({ record }) => record.event);
  const jsons = entries.map(({ record }) => record.json);
  let end = 1;
  const starts = jsons.map(({ length }) => (end += length) - length);
  return [
    hexToBytes(events.map(({ id, pubkey }) => id + pubkey).join("")),
    concat(jsons),
    plainArray(events.map(({ kind }) => kind)),
    plainArray(events.map(({ created_at }) => created_at)),
    plainArray(events.map((event) => expirationOf(event) ?? "NULL")),
    plainArray(starts),
    plainArray(jsons.map(({ length }) => length)),
  ];
}
