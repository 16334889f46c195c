/**
 * Reads the events of nostr-rs-relay's SQLite database.
 *
 * Its table `event` has the JSON of each event in the column `content`. The other columns are for its
 * own queries and are not trusted: what is read is checked as any line of a file is.
 *
 * @module
 */

import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { utf8, utf8Decode } from "../../base/bytes.ts";
import { messageOf } from "../../base/error_text.ts";
import type { Line } from "./json_lines.ts";

/** How a SQLite file begins. */
const MAGIC = utf8("SQLite format 3\0");

/** How long to wait for a lock of the relay that writes the file, milliseconds. */
const LOCK_TIMEOUT_MS = 5_000;

/** The most rows of one query, and the most bytes that their events take. */
const MAX_PAGE_ROWS = 256;
const MAX_PAGE_BYTES = 33_554_432;

const [LEAST_ROWID, GREATEST_ROWID] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Whether a file that begins with these bytes is one of SQLite. */
export function isSqliteFile(head: Uint8Array): boolean {
  return head.length >= MAGIC.length && MAGIC.every((byte, at) => head[at] === byte);
}

type Row = Readonly<Record<string, SQLOutputValue>>;

/** A database that is open, until {@link close}. */
export class NostrRsRelayFile {
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #maxBytes: number;
  #hidden = 0;

  /** Use {@link NostrRsRelayFile.open}. */
  constructor(database: DatabaseSync, select: StatementSync, maxBytes: number) {
    this.#database = database;
    this.#select = select;
    this.#maxBytes = maxBytes;
  }

  /**
   * Opens the database to read it; the relay that writes it may run meanwhile. Or says why that cannot
   * be: as a sentence without a full stop.
   *
   * @param maxBytes of one event; longer ones are faults
   */
  static async open(
    path: string,
    maxBytes: number,
  ): Promise<NostrRsRelayFile | { readonly fault: string }> {
    // Imported late: it takes a while, and few need it.
    const { DatabaseSync } = await import("node:sqlite");
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { readOnly: true, timeout: LOCK_TIMEOUT_MS });
      // What somebody else wrote into the schema runs no functions.
      database.exec("pragma trusted_schema = off");
      const fault = schemaFault(database);
      if (fault === undefined) {
        const select = database.prepare(selectRows(columnsOf(database)));
        select.setReadBigInts(true);
        return new NostrRsRelayFile(database, select, maxBytes);
      }
      database.close();
      return { fault };
    } catch (error) {
      database?.close();
      return { fault: sqliteFault(error) };
    }
  }

  /** How many rows were passed over, because an author had deleted or replaced their event. */
  get hidden(): number {
    return this.#hidden;
  }

  /**
   * The events in the order of their arrival; a number is that of the row. Each page is a query of its
   * own, so that the relay that writes the file is not kept from tidying its log.
   *
   * Rejects if the file is damaged.
   */
  async *lines(): AsyncGenerator<readonly Line[]> {
    for (let least = LEAST_ROWID; least <= GREATEST_ROWID;) {
      const rows = this.#page(least);
      const last = rows.at(-1);
      if (last === undefined) return;
      least = BigInt(last["rowid"] as bigint) + 1n;
      yield rows.map((row) => this.#lineOf(row)).filter((line) => line !== undefined);
      // Signals are handled, however many rows are passed over.
      await new Promise(setImmediate);
    }
  }

  /** Closes the database. */
  close(): void {
    this.#database.close();
  }

  #page(least: bigint): readonly Row[] {
    const rows = Math.floor(MAX_PAGE_BYTES / this.#maxBytes);
    try {
      // Not `iterate`: in Deno 2.9.5 that takes an error for the end.
      return this.#select.all(this.#maxBytes, least, Math.max(1, Math.min(rows, MAX_PAGE_ROWS)));
    } catch (error) {
      throw new Error(sqliteFault(error), { cause: error });
    }
  }

  #lineOf(row: Row): Line | undefined {
    const number = Number(row["rowid"]);
    if (row["hidden"] === 1n) {
      this.#hidden++;
      return undefined;
    }
    const content = row["content"];
    if (content instanceof Uint8Array) {
      const text = utf8Decode(content);
      return text === undefined ? { number, fault: "event is not UTF-8" } : { number, text };
    }
    const fault = row["bytes"] === null
      ? "row has no event"
      : `event is longer than ${this.#maxBytes} bytes`;
    return { number, fault };
  }
}

/** Columns that the table has in every version. */
const COLUMNS = ["event_hash", "author", "created_at", "kind", "content"];

/** Why this is not the database of the relay; undefined if it is. */
function schemaFault(database: DatabaseSync): string | undefined {
  const [table] = database.prepare(
    "select type, wr from pragma_table_list where schema = 'main' and name = 'event'",
  ).all();
  const names = columnsOf(database);
  // Without these the number of a row could not be relied on.
  const isPlain = table?.["type"] === "table" && table["wr"] === 0 && !names.includes("rowid");
  if (isPlain && COLUMNS.every((name) => names.includes(name))) return undefined;
  return "is a SQLite database, but none of nostr-rs-relay: that has a table event with the columns " +
    COLUMNS.join(", ");
}

/** The columns of the table that are stored, in lower case. */
function columnsOf(database: DatabaseSync): readonly string[] {
  return database.prepare("select name from pragma_table_xinfo('event') where hidden = 0").all()
    .map(({ name }) => String(name).toLowerCase());
}

/** The length is looked up without reading the text, which may be huge. */
function selectRows(columns: readonly string[]): string {
  // The first version did not have it.
  const hidden = columns.includes("hidden") ? "hidden = 1" : "null";
  return `select rowid as rowid, ${hidden} as hidden, octet_length(content) as bytes,
  case when octet_length(content) <= ? then cast(content as blob) end as content
from event where rowid >= ? order by rowid limit ?`;
}

function sqliteFault(error: unknown): string {
  const message = messageOf(error);
  if (!/unable to open|readonly/.test(message)) return message;
  return `${message}: copy it, with the files -wal and -shm beside it if there are any, to a ` +
    "directory that this user may write to";
}
