/**
 * Keeps counts and sums of ids by time in the database.
 *
 * @see NIP-77
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { ItemSet } from "../../nostr/negentropy/item_set.ts";
import type { SliceSums } from "../../nostr/negentropy/slice_set.ts";
import type { Database, Session, Statement } from "../database/database.ts";
import { TimeBudget } from "../database/time_budget.ts";
import type { ItemsOptions, QueryOptions, Slices, TimeRange } from "../event_store.ts";
import { type BannedLists, plansOf } from "../read/plan.ts";
import { nowS, type StoreClock } from "../store_clock.ts";
import { selectItems } from "./item_statement.ts";
import { definitionFor, type SetFilter, type SliceSetRow, sliceSetRow } from "./slice_sets.ts";
import {
  addChanges,
  type ChangedSlice,
  deleteEmpty,
  deleteLeftovers,
  deleteOtherSets,
  END_OF_TIME,
  insertSet,
  lockWriters,
  rebuildRange,
  restartSets,
  selectSets,
  selectSlices,
  selectTimeAfter,
  type StoredSet,
  tryLockSlices,
  updateBuilt,
} from "./slice_statements.ts";

/** Of what slices are kept. */
export interface SliceOptions {
  readonly filters: readonly SetFilter[];
  /** Kinds that not everybody may read: they are in no slice. */
  readonly privateKinds: ReadonlySet<number>;
  /** About how many events a slice has. */
  readonly sliceEvents: number;
  /**
   * How many events are read in one step to build slices, and how many changes are added up in one.
   * Default: 20,000.
   */
  readonly stepRows?: number;
  /** Whether another store of this process tends them. Default: no. */
  readonly isTended?: boolean;
}

/** What it works with. */
export interface SlicePorts {
  readonly database: Database;
  readonly hashText: HashText;
  readonly clock: StoreClock;
  /** Which lists of bans have entries. */
  readonly banned: () => BannedLists;
}

const DEFAULT_STEP_ROWS = 20_000;

const NO_ITEMS = new ItemSet(new Float64Array(), new Uint8Array());

/** A slice with so many times as many events as it should have is cut. */
const CUT_AT = 2;

/** The slices of one database. Several instances may keep them together, with the same settings. */
export class KeptSlices implements Slices {
  readonly #ports: SlicePorts;
  readonly #sliceEvents: number;
  readonly #stepRows: number;
  /** By definition. */
  readonly #sets: ReadonlyMap<string, SliceSetRow>;
  /** Whether nothing is kept, and nothing is left of what was. */
  #isOff = false;
  /** Whether somebody in this process calls {@link tend}. */
  #isTended: boolean;
  /** Events that were written since changes were added up last. */
  #written = 0;

  constructor(options: SliceOptions, ports: SlicePorts) {
    const { filters, privateKinds, sliceEvents, stepRows = DEFAULT_STEP_ROWS } = options;
    this.#isTended = options.isTended === true;
    this.#ports = ports;
    this.#sliceEvents = sliceEvents;
    this.#stepRows = stepRows;
    const rows = filters.map((filter) => sliceSetRow(filter, privateKinds, ports.hashText));
    this.#sets = new Map(rows.map((row) => [row.definition, row]));
  }

  async of(filter: ReqFilter, options: QueryOptions): Promise<SliceSums | undefined> {
    const definition = definitionFor(filter, options);
    if (definition === undefined || !this.#sets.has(definition)) return undefined;
    const statement = selectSlices(definition, nowS(this.#ports.clock));
    const [slices] = await this.#ask(statement, options);
    if (slices === undefined || slices.length === 0) return undefined;
    return slices.areExact ? slices : undefined;
  }

  async itemsIn(
    { kinds, authors, tags }: ReqFilter,
    ranges: readonly TimeRange[],
    { maxItems, ...options }: ItemsOptions,
  ): Promise<readonly (ItemSet | undefined)[]> {
    const { hashText, clock, banned } = this.#ports;
    const plain = { tags, ...kinds && { kinds }, ...authors && { authors } };
    const asking = { nowS: nowS(clock), reader: options.reader, banned: banned() };
    // Without ids and tags there is one at most.
    const [plan] = plansOf(plain, hashText, asking);
    if (plan === undefined) return ranges.map(() => NO_ITEMS);
    return await this.#ask(selectItems({ plan, ranges, maxItems }), options);
  }

  #ask<Row>(
    statement: Statement<Row>,
    { signal, source, timeoutMs, onWork }: QueryOptions,
  ): Promise<readonly Row[]> {
    const { database, clock } = this.#ports;
    const timeBudget = timeoutMs === undefined ? undefined : new TimeBudget(timeoutMs, clock);
    onWork?.({
      plan: "slices",
      get databaseMs() {
        return timeBudget?.usedMs ?? 0;
      },
    });
    return database.query(statement, { signal, source, timeBudget });
  }

  async tend(): Promise<boolean> {
    this.#isTended = true;
    if (this.#isOff) return false;
    const { database } = this.#ports;
    const stored = await database.query(selectSets);
    if (stored.length !== this.#sets.size || !stored.every((set) => this.#has(set))) {
      await database.transaction((session) => this.#register(session));
      return true;
    }
    this.#isOff = this.#sets.size === 0;
    if (this.#isOff) return false;
    return await database.transaction(
      async (session) => await this.#isAlone(session) && await this.#step(session),
      { isUnhurried: true },
    );
  }

  /**
   * To be told of events that were written. Where nobody tends the slices, as in a command that imports, this
   * adds up their changes from time to time: all that are not added up are read for each answer, and events
   * of a slice that is cut are read in one statement.
   */
  async noteWritten(count: number): Promise<void> {
    if (this.#isTended) return;
    this.#written += count;
    if (this.#written >= this.#stepRows) await this.addWritten();
  }

  /** Adds up the changes that {@link noteWritten} has left. Of sets that the settings do not name, too. */
  async addWritten(): Promise<void> {
    if (this.#written === 0) return;
    this.#written = 0;
    await this.#inSteps((session) => this.#add(session));
  }

  /** Builds all slices anew: those of a database into which so much was written that to read it is cheaper. */
  async rebuild(): Promise<void> {
    const { database } = this.#ports;
    if ((await database.query(selectSets)).length === 0) return;
    this.#written = 0;
    await database.transaction(async (session) => {
      if (!await this.#isAlone(session)) return;
      await session.query(restartSets);
      await session.query(deleteLeftovers);
    }, { isUnhurried: true });
    await this.#inSteps((session) => this.#step(session));
  }

  /** Does all steps, as far as nobody else is at it. */
  async #inSteps(step: (session: Session) => Promise<boolean>): Promise<void> {
    const run = async (session: Session) => await this.#isAlone(session) && await step(session);
    while (await this.#ports.database.transaction(run, { isUnhurried: true }));
  }

  /** Whether nobody else changes slices until the end of this transaction, which may take its time. */
  async #isAlone(session: Session): Promise<boolean> {
    await session.script("set local statement_timeout = 0");
    return (await session.query(tryLockSlices))[0] === true;
  }

  #has({ definition }: StoredSet): boolean {
    return this.#sets.has(definition);
  }

  /** Makes the sets in the database those of the settings. */
  async #register(session: Session): Promise<void> {
    // First: to switch the triggers waits for who writes, and a writer would wait for the other lock.
    await session.query(deleteOtherSets([...this.#sets.keys()]));
    for (const row of this.#sets.values()) await session.query(insertSet(row));
    await session.query(lockWriters);
    await session.query(deleteLeftovers);
  }

  /** Builds some slices where any are to be built, else adds changes. Returns whether there is more to do. */
  async #step(session: Session): Promise<boolean> {
    const unbuilt = (await session.query(selectSets)).find(({ builtToS }) =>
      builtToS !== undefined
    );
    if (unbuilt !== undefined) {
      await this.#build(unbuilt, session);
      return true;
    }
    return await this.#add(session);
  }

  /** Adds changes to the slices that are built. Returns whether there is more to do. */
  async #add(session: Session): Promise<boolean> {
    const changed = await session.query(addChanges(this.#stepRows));
    for (const slice of changed) {
      if (this.#isToCut(slice)) await session.query(rebuildRange(slice, this.#sliceEvents));
    }
    if (changed.some(({ events }) => events === 0)) await session.query(deleteEmpty);
    return changed[0]?.changes === this.#stepRows;
  }

  /** Builds the next slices of a set. */
  async #build({ number, builtToS: fromS = 0 }: StoredSet, session: Session): Promise<void> {
    const [time = END_OF_TIME] = await session.query(selectTimeAfter(fromS, this.#stepRows));
    const toS = Math.max(time, fromS + 1);
    await session.query(rebuildRange({ number, fromS, toS }, this.#sliceEvents));
    await session.query(updateBuilt(number, toS));
  }

  /**
   * Whether the slice is too long. A second is not cut, so one that stays too long is tried again only when
   * it has doubled.
   */
  #isToCut({ events, before, fromS, toS }: ChangedSlice): boolean {
    const times = (count: number) => Math.floor(Math.log2(count / this.#sliceEvents / CUT_AT));
    return toS - fromS > 1 && events >= CUT_AT * this.#sliceEvents && times(events) > times(before);
  }
}
