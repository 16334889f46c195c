/**
 * Writes a database as nostr-rs-relay does: its published schema (version 18), in WAL mode.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type { NostrEvent } from "../../src/nostr/event.ts";

const SCHEMA = `
pragma journal_mode = wal;
pragma application_id = 1654008667;
pragma user_version = 18;
create table event (
  id integer primary key,
  event_hash blob not null,
  first_seen integer not null,
  created_at integer not null,
  expires_at integer,
  author blob not null,
  delegated_by blob,
  kind integer not null,
  hidden integer,
  content text not null
);
create unique index event_hash_index on event(event_hash);
create table tag (
  id integer primary key,
  event_id integer not null,
  name text,
  value text,
  value_hex blob,
  created_at integer not null,
  kind integer not null,
  foreign key(event_id) references event(id) on update cascade on delete cascade
);`;

/** The relay, as far as its database goes: it has the file open until it is disposed of. */
export class NostrRsRelayDatabase implements Disposable {
  readonly #database: DatabaseSync;

  constructor(path: string, schema = SCHEMA) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(schema);
  }

  /** Stores an event, which its author has deleted if it is `hidden`. */
  add(event: NostrEvent, hidden = false): void {
    this.#database.prepare(
      `insert into event (event_hash, first_seen, created_at, author, kind, hidden, content)
      values (?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      Uint8Array.fromHex(event.id),
      event.created_at,
      event.created_at,
      Uint8Array.fromHex(event.pubkey),
      event.kind,
      hidden ? 1 : 0,
      JSON.stringify(event),
    );
  }

  /** Runs SQL. */
  run(sql: string): void {
    this.#database.exec(sql);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
