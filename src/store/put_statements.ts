/**
 * The statements that write events and their tags.
 *
 * @module
 */

import { concat } from "../base/bytes.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { HashText } from "../nostr/event_id.ts";
import { expirationOf } from "../nostr/expiration.ts";
import { hexToBytes } from "../nostr/hex.ts";
import { plainArray } from "./array_literal.ts";
import type { Parameter, Statement } from "./database.ts";
import { headOf } from "./fingerprint.ts";
import { indexedTags } from "./indexed_tags.ts";
import type { Entry } from "./ordered_batch.ts";

/** A row that was written. */
export interface StoredRow {
  /** `events.key`: what its tags refer to. */
  readonly key: number;
  readonly id: string;
  readonly seq: number;
}

const COLUMNS = "id, pubkey, kind, created_at, expires_at, raw";

/**
 * The rows as they travel: numbers in lists; ids with public keys, and the JSON, end to end in one value
 * each, since Postgres takes that apart sooner than a list of long texts.
 */
const VALUES = `substring($1::bytea from place::int4 * 64 - 63 for 32),
  substring($1::bytea from place::int4 * 64 - 31 for 32), kind, created_at, expires_at,
  convert_from(substring($2::bytea from start for bytes), 'UTF8')`;
const LISTS = "$3::int4[], $4::int8[], $5::int8[], $6::int4[], $7::int4[]";
const LIST_NAMES = "kind, created_at, expires_at, start, bytes";

/**
 * Writes regular events; gives those that were not there.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { insertRegular } from "./put_statements.ts";
 *
 * equal(insertRegular([]).parameters[2], "{}");
 * ```
 */
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
 * Writes replaceable and addressable events; gives those that are now their address's newest. Whoever
 * else writes the same address at the same time, the row is locked before it is compared.
 *
 * @see NIP-01 "Kinds"
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { upsertVersioned } from "./put_statements.ts";
 *
 * equal(upsertVersioned([]).parameters.length, 8);
 * ```
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

/**
 * Which of these events are there.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { selectIds } from "./put_statements.ts";
 *
 * deepEqual(selectIds(["aa".repeat(32)]).parameters, [`{${"aa".repeat(16)}}`]);
 * ```
 */
export function selectIds(ids: readonly string[]): Statement<string> {
  return {
    text: "select id from events where head = any($1::uuid[])",
    parameters: [plainArray(ids.map(headOf))],
    read: (cells) => cells.hex(0),
  };
}

/**
 * Removes the tags of the versions whose rows were taken over.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { deleteTags } from "./put_statements.ts";
 *
 * deepEqual(deleteTags([1, 2]).parameters, ["{1,2}"]);
 * ```
 */
export function deleteTags(keys: readonly number[]): Statement<void> {
  return {
    text: "delete from tags where event = any($1::int8[])",
    parameters: [plainArray(keys)],
    read: () => {},
  };
}

/**
 * Writes the tags by which the events of these rows are found; undefined when they have none. In their
 * own order, so that neighbours in an index are written one after the other.
 *
 * @see NIP-01 "only the first value in any given tag is indexed"
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { portableHashText } from "../nostr/event_id.ts";
 * import { insertTags } from "./put_statements.ts";
 *
 * const event = { id: "a1", pubkey: "b2", created_at: 3, kind: 1, content: "", sig: "" };
 * const rows = [{ key: 7, event: { ...event, tags: [["t", "x"], ["title", "y"]] } }];
 * equal(insertTags(rows, portableHashText)?.parameters[0], "{7}");
 * equal(insertTags([], portableHashText), undefined);
 * ```
 */
export function insertTags(
  rows: readonly { readonly key: number; readonly event: NostrEvent }[],
  hashText: HashText,
): Statement<void> | undefined {
  const keys: number[] = [];
  const lists: string[] = [];
  for (const { key, event } of rows) {
    const tags = indexedTags(event, hashText);
    if (tags.size === 0) continue;
    keys.push(key);
    lists.push(`"${plainArray([...tags])}"`);
  }
  if (keys.length === 0) return undefined;
  return {
    text: `insert into tags (event, created_at, tag, head, author, pubkey, kind)
select key, created_at, tag, head, author, pubkey, kind
from unnest($1::int8[], $2::text[]) as new (event, list)
join events on events.key = new.event
cross join lateral unnest(list::uuid[]) as tag
order by tag`,
    parameters: [plainArray(keys), plainArray(lists)],
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
