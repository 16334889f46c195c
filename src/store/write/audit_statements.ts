/**
 * The statements that read rows for an audit, and what a row must be for its event.
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import type { HashText } from "../../nostr/event_id.ts";
import { expirationOf } from "../../nostr/expiration.ts";
import { addressOf } from "../../nostr/kind.ts";
import type { Cells, Statement } from "../database/database.ts";
import { readRecord } from "../feed/feed_statements.ts";
import { authorFingerprint, idPrefixOf, slotFingerprint } from "../fingerprint.ts";
import { indexedTags } from "../indexed_tags.ts";
import type { AuditedEvent } from "./upkeep.ts";

/** A row of `events` and its tags, as text. */
interface AuditedRow {
  readonly key: number;
  readonly json: Uint8Array;
  /** By the name of the column; `tags` are the fingerprints in order. Empty for null. */
  readonly columns: Readonly<Record<string, string>>;
}

/** After the last key. */
export const NO_KEY = Number.MAX_SAFE_INTEGER;

/**
 * The `limit` rows after a key, in the order of keys. One statement, so that a row and its tags are of
 * one moment. A tag whose copies of the row's columns differ is marked.
 */
export function selectRows(after: number, limit: number): Statement<AuditedRow> {
  return {
    text:
      `select key, raw, id, pubkey, kind::text, created_at::text, coalesce(expires_at::text, ''),
  coalesce(slot::text, ''), head::text, author::text,
  coalesce((
    select string_agg(case when (tags.created_at, tags.head, tags.author, tags.kind, tags.pubkey)
        = (events.created_at, events.head, events.author, events.kind, events.pubkey)
      then tag::text else tag::text || ' differs' end, ',' order by tag)
    from tags where tags.event = events.key
  ), '')
from events where key > $1::int8 order by key limit $2::int8`,
    parameters: [after, limit],
    read: readRow,
  };
}

/** How many tags of the keys after one and up to another belong to no event. */
export function countStrayTags(after: number, last: number): Statement<number> {
  return {
    text: `select count(*) from tags where event > $1::int8 and event <= $2::int8
  and not exists (select from events where events.key = tags.event)`,
    parameters: [after, last],
    read: (cells) => cells.integer(0),
  };
}

/** Deletes them, and returns the keys that they named. */
export function deleteStrayTags(after: number, last: number): Statement<number> {
  return {
    text: `delete from tags where event > $1::int8 and event <= $2::int8
  and not exists (select from events where events.key = tags.event)
returning event`,
    parameters: [after, last],
    read: (cells) => cells.integer(0),
  };
}

/** Compares a row with its event. */
export function auditRow({ json, columns }: AuditedRow, hashText: HashText): AuditedEvent {
  const event = readRecord(json)?.event;
  const expected = event === undefined ? {} : columnsOf(event, hashText);
  const faults = Object.keys(expected).filter((name) => expected[name] !== columns[name]);
  return { id: columns["id"]!, json, faults };
}

function readRow(cells: Cells): AuditedRow {
  return {
    key: cells.integer(0),
    json: cells.utf8(1),
    columns: {
      id: cells.hex(2),
      pubkey: cells.hex(3),
      kind: cells.text(4),
      created_at: cells.text(5),
      expires_at: cells.text(6),
      slot: withoutDashes(cells.text(7)),
      head: withoutDashes(cells.text(8)),
      author: withoutDashes(cells.text(9)),
      tags: withoutDashes(cells.text(10)),
    },
  };
}

function columnsOf(event: NostrEvent, hashText: HashText): AuditedRow["columns"] {
  const address = addressOf(event);
  return {
    id: event.id,
    pubkey: event.pubkey,
    kind: `${event.kind}`,
    created_at: `${event.created_at}`,
    expires_at: `${expirationOf(event) ?? ""}`,
    slot: address === undefined ? "" : slotFingerprint(address.d, hashText),
    head: idPrefixOf(event.id),
    author: authorFingerprint(event.pubkey, hashText),
    tags: [...indexedTags(event, hashText)].toSorted().join(),
  };
}

/** Of a `uuid`, whose text has dashes. */
function withoutDashes(text: string): string {
  return text.replaceAll("-", "");
}
