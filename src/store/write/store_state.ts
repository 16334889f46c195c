/**
 * All that a store holds, read to be backed up and written to be restored.
 *
 * Nothing is locked while it is read, and no snapshot is held, so that a relay goes on writing and
 * Postgres goes on cleaning up. {@link StoreState.events} and then {@link StoreState.tombstones} are a
 * state of the store all the same:
 *
 * 1. Events are read in the order of `events.key`. A newer version takes over the row, and so the key, of
 *    the older one (`upsertVersioned`). So an event that was acknowledged before the first page was read
 *    comes, or a newer version of it, unless its row was deleted before its page was read.
 * 2. What deletes a row for good leaves a tombstone in the same transaction, and tombstones are read
 *    afterwards: they come. Expired events, those beyond the retention and those that the operator deleted
 *    and forgot leave none, and are gone.
 * 3. What deletes a row and stores the event again, as a repair does (`rewrite`), gives it a greater key.
 *    The row was gone when its page was read, so the greater key was committed before the first round
 *    ended, and comes in the second round. One that is written anew in both rounds may be missed.
 * 4. It does not matter that events and tombstones were read at different times: tombstones only
 *    accumulate, and which events they cover does not depend on the order of arrival
 *    (`tombstones.ts`). Events that a later request deleted may come; its tombstones then remove them.
 *
 * What happens while it is read may be missing, or be there in part.
 *
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import type { Database, Statement } from "../database/database.ts";
import type { QueryOptions, Rule, RuleLogEntry, StoredEvent } from "../event_store.ts";
import { notify, RULES_CHANGED } from "../feed/feed_statements.ts";
import { whenReady } from "../read/when_ready.ts";
import { addTombstones, readTombstones, type TombstonePage } from "./copy_tombstones.ts";
import { changeRule, insertLogEntry } from "./rule_statements.ts";

/** How its parts are read. */
export type StateOptions = Pick<QueryOptions, "signal" | "ready" | "pieceBytes">;

/** All that a store holds. Calls reject as those of the store do. */
export interface StoreState {
  /** Whether there are neither events nor tombstones nor rules, nor changes of rules. */
  isEmpty(): Promise<boolean>;
  /** All events, in no particular order; one that is replaced meanwhile may come in both versions. */
  events(options?: StateOptions): AsyncIterable<readonly StoredEvent[]>;
  /** All tombstones. To be read after the events. */
  tombstones(options?: StateOptions): AsyncIterable<TombstonePage>;
  /** Adds tombstones. Events that they cover and that are there already stay. */
  addTombstones(page: TombstonePage): Promise<void>;
  /** Adds rules, and changes to the end of the log, in one transaction. */
  addRules(rules: readonly Rule[], log: readonly RuleLogEntry[]): Promise<void>;
}

/** How many rows a page has at most, and by default about how many bytes. */
const PAGE_ROWS = 1_000;
const PAGE_BYTES = 1_048_576;

/** See the top. */
const ROUNDS = 2;

/** The state of a database. */
export class SqlState implements StoreState {
  readonly #database: Database;
  readonly #hashText: HashText;

  constructor(database: Database, hashText: HashText) {
    this.#database = database;
    this.#hashText = hashText;
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#database.query(selectAnything)).length === 0;
  }

  async *events(options: StateOptions = {}): AsyncGenerator<readonly StoredEvent[], void> {
    const { signal, pieceBytes } = options;
    let after = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [last = 0] = await this.#database.query(selectLastKey, { signal });
      for (;;) {
        const waiting = whenReady(options);
        if (waiting !== undefined) await waiting;
        const page = { after, last, bytes: pieceBytes?.() ?? PAGE_BYTES };
        const rows = await this.#database.query(selectPage(page), { signal });
        if (rows.length === 0) break;
        after = rows.at(-1)!.key;
        yield rows;
      }
    }
  }

  async *tombstones(options: StateOptions = {}): AsyncGenerator<TombstonePage, void> {
    for await (const page of readTombstones(this.#database, { signal: options.signal })) {
      yield page;
      const waiting = whenReady(options);
      if (waiting !== undefined) await waiting;
    }
  }

  addTombstones(page: TombstonePage): Promise<void> {
    return addTombstones(page, this.#database);
  }

  async addRules(rules: readonly Rule[], log: readonly RuleLogEntry[]): Promise<void> {
    await this.#database.transaction(async (session) => {
      for (const rule of rules) await session.query(changeRule(rule, this.#hashText));
      for (const entry of log) await session.query(insertLogEntry(entry));
      await session.query(notify([RULES_CHANGED]));
    });
  }
}

/** A stored event and the key of its row. */
interface KeyedEvent extends StoredEvent {
  readonly key: number;
}

/** One row for each table that has any. */
const selectAnything: Statement<void> = {
  text: ["events", "deleted_ids", "deleted_addresses", "vanished", "rules", "rule_log"]
    .map((table) => `(select 1 from ${table} limit 1)`).join(" union all "),
  parameters: [],
  read: () => {},
};

/** The greatest key that was committed. */
const selectLastKey: Statement<number> = {
  text: "select coalesce(max(key), 0) from events",
  parameters: [],
  read: (cells) => cells.integer(0),
};

/**
 * The events after one key and up to another, in the order of keys: at least one, and no more than go into
 * `bytes`. One statement gives a row and its JSON, so that a version that is replaced is not missed.
 */
function selectPage(
  { after, last, bytes }: Readonly<Record<"after" | "last" | "bytes", number>>,
): Statement<KeyedEvent> {
  return {
    text: `select key, seq, id, created_at, raw from (
  select key, seq, id, created_at, raw,
    sum(octet_length(raw)) over (order by key rows unbounded preceding) - octet_length(raw) as before
  from events where key > $1::int8 and key <= $2::int8 order by key limit ${PAGE_ROWS}
) as page where before < $3::int8 order by key`,
    parameters: [after, last, bytes],
    read: (cells) => ({
      key: cells.integer(0),
      seq: cells.integer(1),
      id: cells.hex(2),
      createdAt: cells.integer(3),
      json: cells.utf8(4),
    }),
  };
}
