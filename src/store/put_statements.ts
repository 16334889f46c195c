/**
 * The statements that write events and their tags.
 *
 * @module
 */

import { utf8Decode } from "../base/bytes.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { Sha256 } from "../nostr/event_id.ts";
import { expirationOf } from "../nostr/expiration.ts";
import { byteaArray, jsonArray, plainArray } from "./array_literal.ts";
import type { Statement } from "./database.ts";
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
const ARRAYS = "$1::bytea[], $2::bytea[], $3::int4[], $4::int8[], $5::int8[], $6::text[]";

/**
 * Writes regular events; gives those that were not there.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { insertRegular } from "./put_statements.ts";
 *
 * equal(insertRegular([]).parameters[0], "{}");
 * ```
 */
export function insertRegular(entries: readonly Entry[]): Statement<StoredRow> {
  return {
    text: `insert into events (${COLUMNS})
select * from unnest(${ARRAYS})
on conflict do nothing
returning key, id, seq`,
    parameters: eventArrays(entries),
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
 * equal(upsertVersioned([]).parameters.length, 7);
 * ```
 */
export function upsertVersioned(entries: readonly Entry[]): Statement<StoredRow> {
  return {
    text: `insert into events (${COLUMNS}, slot)
select * from unnest(${ARRAYS}, $7::bytea[])
on conflict (pubkey, kind, slot) where slot is not null do update
set id = excluded.id, created_at = excluded.created_at, expires_at = excluded.expires_at,
  raw = excluded.raw, seq = excluded.seq
where excluded.created_at > events.created_at
  or (excluded.created_at = events.created_at and excluded.id < events.id)
returning key, id, seq`,
    parameters: [...eventArrays(entries), byteaArray(entries.map(({ slot }) => slot ?? ""))],
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
 * deepEqual(selectIds(["aa"]).parameters, [String.raw`{"\\xaa"}`]);
 * ```
 */
export function selectIds(ids: readonly string[]): Statement<string> {
  return {
    text: "select id from events where id = any($1::bytea[])",
    parameters: [byteaArray(ids)],
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
 * Writes the tags by which the events of these rows are found; undefined when they have none.
 *
 * @see NIP-01 "only the first value in any given tag is indexed"
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { insertTags } from "./put_statements.ts";
 *
 * const event = { id: "a1", pubkey: "b2", created_at: 3, kind: 1, content: "", sig: "" };
 * const rows = [{ key: 7, event: { ...event, tags: [["t", "x"], ["title", "y"]] } }];
 * equal(insertTags(rows, sha256)?.parameters[1], "{t}");
 * equal(insertTags([], sha256), undefined);
 * ```
 */
export function insertTags(
  rows: readonly { readonly key: number; readonly event: NostrEvent }[],
  sha256: Sha256,
): Statement<void> | undefined {
  const keys: number[] = [];
  const names: string[] = [];
  const values: string[] = [];
  for (const { key, event } of rows) {
    for (const [name, value] of indexedTags(event, sha256)) {
      keys.push(key);
      names.push(name);
      values.push(value);
    }
  }
  if (keys.length === 0) return undefined;
  return {
    text: `insert into tags (event, name, value, kind, created_at, id, pubkey)
select key, tag.name, tag.value, kind, created_at, id, pubkey
from unnest($1::int8[], $2::"char"[], $3::bytea[]) as tag (event, name, value)
join events on events.key = tag.event`,
    parameters: [plainArray(keys), plainArray(names), byteaArray(values)],
    read: () => {},
  };
}

function readStoredRow(cells: Parameters<Statement<StoredRow>["read"]>[0]): StoredRow {
  return { key: cells.integer(0), id: cells.hex(1), seq: cells.integer(2) };
}

function eventArrays(entries: readonly Entry[]): readonly string[] {
  const events = entries.map(({ record }) => record.event);
  return [
    byteaArray(events.map(({ id }) => id)),
    byteaArray(events.map(({ pubkey }) => pubkey)),
    plainArray(events.map(({ kind }) => kind)),
    plainArray(events.map(({ created_at }) => created_at)),
    plainArray(events.map((event) => expirationOf(event) ?? "NULL")),
    jsonArray(entries.map(({ record }) => utf8Decode(record.json) ?? "")),
  ];
}
