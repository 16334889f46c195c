/**
 * Events in a database.
 *
 * @module
 */

import type { HashText } from "../nostr/event_id.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { VANISH_REQUEST } from "../nostr/vanish_request.ts";
import type { CountResult } from "../nostr/relay_message.ts";
import { MustBeAlone } from "./write/delete_covered.ts";
import { copyTombstones } from "./write/copy_tombstones.ts";
import {
  canListen,
  type Database,
  type Statement,
  StatementFailed,
  TransactionLost,
} from "./database/database.ts";
import { buildIndexes, deferIndexes } from "./write/deferred_indexes.ts";
import {
  type CountOptions,
  type Erasure,
  type EventRecord,
  type EventStore,
  type PoolStats,
  type PutOutcome,
  type QueryOptions,
  type Rule,
  type RuleChange,
  type RuleLogEntry,
  type RuleStore,
  type StoredEvent,
  StoreUnavailable,
} from "./event_store.ts";
import { notify, type NumberedRecord, RULES_CHANGED } from "./feed/feed_statements.ts";
import {
  changeRule,
  logRuleChange,
  selectBannedLists,
  selectRuleLog,
  selectRules,
} from "./write/rule_statements.ts";
import { eraseEvents, restoreEvents } from "./write/erase_events.ts";
import { prepareBatch } from "./write/prepared_batch.ts";
import { deleteTags } from "./write/put_statements.ts";
import { reindex } from "./search/reindex.ts";
import type { Place } from "./read/scan.ts";
import { SqlReader, type SqlReaderOptions } from "./read/sql_reader.ts";
import { KeptSlices, type SliceOptions } from "./slices/kept_slices.ts";
import { nowS, type StoreClock, timeless } from "./store_clock.ts";
import { LocalFeed } from "./feed/local_feed.ts";
import type { NearbyChannel } from "./feed/nearby_feeds.ts";
import { SharedFeed } from "./feed/shared_feed.ts";
import type { StoreFeed } from "./feed/store_feed.ts";
import { SqlState, type StoreState } from "./write/store_state.ts";
import { isRequest } from "./write/tombstones.ts";
import {
  auditRow,
  countStrayTags,
  deleteStrayTags,
  NO_KEY,
  selectRows,
} from "./write/audit_statements.ts";
import type {
  Ability,
  AuditPage,
  DiskSpace,
  StoreSize,
  SurveyedEvent,
  TableSize,
  Upkeep,
} from "./write/upkeep.ts";
import {
  deleteEvents,
  deleteExpired,
  emitProbe,
  selectAnyEvent,
  selectSize,
  selectTableSizes,
  surveyEvents,
} from "./write/upkeep_statements.ts";
import { settledOutcomes, writeBatch } from "./write/write_batch.ts";

/** How often a batch is written anew after it met another writer. */
const MAX_ATTEMPTS = 5;

/**
 * SQLSTATE codes of conflicts between two writers, after which a batch is written again: serialization
 * failure, deadlock, and a unique key that another writer inserted between our SELECT and our INSERT.
 */
const CONFLICTS: ReadonlySet<string> = new Set(["40001", "40P01", "23505"]);

/** Options of {@link SqlStore}. */
export interface SqlStoreOptions extends Omit<SqlReaderOptions, "clock"> {
  /** The kinds whose events are searchable from now on. Default: none. */
  readonly searchableKinds?: ReadonlySet<number> | undefined;
  /** For expiration and the time limits of queries. Default: nothing expires and no limit holds. */
  readonly clock?: StoreClock;
  /** Where the database is embedded: while its disk has a fault, no event is stored. */
  readonly disk?: DiskSpace | undefined;
  /** Of what slices are kept for reconciliation. Default: they are left as they are. */
  readonly slices?: SliceOptions | undefined;
  /** To other threads of this process that have a store on the same database. Default: there are none. */
  readonly nearby?: NearbyChannel | undefined;
}

/**
 * The store of every relay that keeps its events: any {@link Database} whose schema is that of
 * `migrations/`.
 *
 * {@link put} rejects with {@link StoreUnavailable} when the database cannot be reached, and with
 * {@link StatementFailed} when the database refused the data of an event of the batch.
 *
 * @see NIP-01
 */
export class SqlStore implements EventStore, Upkeep, RuleStore {
  readonly #database: Database;
  readonly #hashText: HashText;
  readonly #searchableKinds: ReadonlySet<number>;
  readonly #reader: SqlReader;
  readonly #clock: StoreClock;
  /** Whether indexes are missing, see {@link fill}. */
  #isFilling = false;
  readonly feed: StoreFeed;
  readonly disk: DiskSpace | undefined;
  readonly state: StoreState;
  readonly slices: KeptSlices | undefined;

  /** The store closes the database when it is closed. */
  constructor(database: Database, hashText: HashText, options: SqlStoreOptions = {}) {
    this.#database = database;
    this.#hashText = hashText;
    this.#searchableKinds = options.searchableKinds ?? new Set();
    this.#clock = options.clock ?? timeless;
    this.#reader = new SqlReader(database, hashText, { ...options, clock: this.#clock });
    this.disk = options.disk;
    this.state = new SqlState(database, hashText);
    const banned = () => this.#reader.banned;
    const ports = { database, hashText, clock: this.#clock, banned };
    this.slices = options.slices && new KeptSlices(options.slices, ports);
    // Other processes may write to a database that sends notifications.
    this.feed = canListen(database) ? new SharedFeed(database, options.nearby) : new LocalFeed();
  }

  async put(batch: readonly EventRecord[]): Promise<readonly PutOutcome[]> {
    if (batch.length === 0) return [];
    const outcomes = await this.#write(batch);
    if (!this.#isFilling) await this.#keepSlices((slices) => slices.noteWritten(batch.length));
    return outcomes;
  }

  /** Stores a batch. With `erasure`, deletes these events before, and stores nothing if there are none. */
  async #write(
    batch: readonly EventRecord[],
    erasure?: Erasure,
  ): Promise<readonly PutOutcome[]> {
    this.#expectSpace();
    // A vanish request deletes by author and by `p` tag, which needs the deferred indexes.
    if (this.#isFilling && batch.some(({ event }) => event.kind === VANISH_REQUEST)) {
      await this.#endFilling();
    }
    let alone = erasure !== undefined || batch.some(({ event }) => isRequest(event));
    const context = {
      hashText: this.#hashText,
      searchableKinds: this.#searchableKinds,
      feed: this.feed,
    };
    const prepared = prepareBatch(batch, this.#hashText);
    /** The events of an attempt whose connection was lost: it may have committed. */
    let doubtful: NumberedRecord[] | undefined;
    for (let attempt = 1;; attempt++) {
      const stored: NumberedRecord[] = [];
      try {
        const options = { ...context, prepared, stored, alone };
        const outcomes = await this.#database.transaction(async (session) => {
          const isGone = erasure && await eraseEvents(erasure, session, this.feed) === 0;
          return isGone ? [] : await writeBatch(batch, session, options);
        });
        if (erasure !== undefined) this.feed.erased(erasure);
        this.feed.committed(stored);
        if (doubtful === undefined) return outcomes;
        return settledOutcomes({ batch, outcomes, doubtful, feed: this.feed });
      } catch (error) {
        this.feed.failed(stored);
        if (error instanceof MustBeAlone) alone = true;
        // Once. Writing a batch twice is harmless, and the second attempt shows whether the first committed.
        else if (error instanceof TransactionLost && doubtful === undefined) doubtful = stored;
        else if (attempt === MAX_ATTEMPTS || !isConflict(error)) throw error;
      }
    }
  }

  query(
    filters: readonly ReqFilter[],
    options?: QueryOptions,
  ): AsyncIterable<readonly StoredEvent[]> {
    return this.#reader.query(filters, options);
  }

  identify(
    filters: readonly ReqFilter[],
    options?: QueryOptions,
  ): AsyncIterable<readonly Pick<StoredEvent, "id" | "createdAt">[]> {
    return this.#reader.identify(filters, options);
  }

  count(filters: readonly ReqFilter[], options: CountOptions): Promise<CountResult> {
    return this.#reader.count(filters, options);
  }

  reindex(options: QueryOptions = {}): AsyncIterable<number> {
    return reindex(this.#database, {
      ...options,
      kinds: this.#searchableKinds,
      hashText: this.#hashText,
    });
  }

  get stats(): PoolStats | undefined {
    return this.#database.stats;
  }

  removeExpired(limit: number): Promise<number> {
    return this.#delete(deleteExpired(nowS(this.#clock), limit));
  }

  survey(after: Place, limit: number): Promise<readonly SurveyedEvent[]> {
    return this.#database.query(surveyEvents(after, limit));
  }

  remove(ids: readonly string[]): Promise<number> {
    return this.#delete(deleteEvents(ids));
  }

  async erase(erasure: Erasure): Promise<number> {
    if (erasure.ids.length === 0) return 0;
    const count = await this.#database.transaction((session) =>
      eraseEvents(erasure, session, this.feed)
    );
    this.feed.erased(erasure);
    return count;
  }

  async rewrite(id: string, record: EventRecord): Promise<PutOutcome | undefined> {
    return (await this.#write([record], { ids: [id], isRemembered: false }))[0];
  }

  async restore(ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const count = await this.#database.transaction((session) =>
      restoreEvents(ids, session, this.feed)
    );
    if (count > 0) this.feed.restored(ids);
    return count;
  }

  async audit(from: number, limit: number): Promise<AuditPage> {
    const rows = await this.#database.query(selectRows(from, limit));
    const next = rows.length < limit ? undefined : rows.at(-1)!.key;
    const [strayTags] = await this.#database.query(countStrayTags(from, next ?? NO_KEY));
    const events = rows.map((row) => auditRow(row, this.#hashText));
    return { events, strayTags: strayTags!, next };
  }

  async removeStrayTags(from: number, next: number | undefined): Promise<number> {
    const keys = await this.#database.transaction((session) =>
      session.query(deleteStrayTags(from, next ?? NO_KEY))
    );
    return keys.length;
  }

  tableSizes(): Promise<readonly TableSize[]> {
    return this.#database.query(selectTableSizes);
  }

  async probe(ability: Ability): Promise<void> {
    if (ability === "read") {
      return void await this.#database.query(selectAnyEvent, { isShort: true });
    }
    this.#expectSpace();
    await this.#database.transaction((session) => session.query(emitProbe));
  }

  async size(): Promise<StoreSize> {
    const [size] = await this.#database.query(selectSize);
    return size!;
  }

  async rules(): Promise<readonly Rule[]> {
    const [rules, [banned]] = await Promise.all([
      this.#database.query(selectRules),
      this.#database.query(selectBannedLists),
    ]);
    this.#reader.banned = banned!;
    return rules;
  }

  async changeRules(
    changes: readonly RuleChange[],
    by: { readonly who: string; readonly atS: number },
  ): Promise<void> {
    await this.#database.transaction(async (session) => {
      for (const change of changes) {
        await session.query(logRuleChange(change, by));
        await session.query(changeRule(change, this.#hashText));
      }
      await session.query(notify([RULES_CHANGED]));
    });
    this.#reader.banned = (await this.#database.query(selectBannedLists))[0]!;
  }

  ruleLog(limit: number): Promise<readonly RuleLogEntry[]> {
    return this.#database.query(selectRuleLog(limit));
  }

  async fill<T>(work: () => Promise<T>): Promise<T> {
    this.#isFilling = await deferIndexes(this.#database);
    try {
      return await work();
    } finally {
      await this.#endFilling();
      await this.#keepSlices((slices) => slices.addWritten());
    }
  }

  /** Brings what was deleted here to `other`, see `copy_tombstones.ts`. */
  async copyTombstonesTo(other: SqlStore): Promise<void> {
    await copyTombstones(this.#database, other.#database);
  }

  async close(): Promise<void> {
    await this.feed.close();
    await this.#database.close();
  }

  /** Stops before the database does: one that has run out of disk ends its server. */
  #expectSpace(): void {
    if (this.disk?.fault !== undefined) throw new StoreUnavailable(this.disk.fault);
  }

  async #endFilling(): Promise<void> {
    if (!this.#isFilling) return;
    await buildIndexes(this.#database);
    this.#isFilling = false;
    await this.#keepSlices((slices) => slices.rebuild());
  }

  /** Where they cannot be kept, what was written is stored all the same, and who tends them says why. */
  async #keepSlices(keep: (slices: KeptSlices) => Promise<void>): Promise<void> {
    if (this.slices !== undefined) await keep(this.slices).catch(() => {});
  }

  /** Deletes events with their tags and says how many. The statement gives their keys. */
  async #delete(statement: Statement<number>): Promise<number> {
    return await this.#database.transaction(async (session) => {
      const keys = await session.query(statement);
      if (keys.length > 0) await session.query(deleteTags(keys));
      return keys.length;
    });
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof StatementFailed && CONFLICTS.has(error.sqlState);
}
