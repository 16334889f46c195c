/**
 * Keeps counts and sums of ids by time in the database.
 *
 * @see NIP-77
 * @module
 */

import type { HashText } from "../../nostr/event_id.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { MAX_ITEMS } from "../../nostr/negentropy/item_set.ts";
import type { Slice } from "../../nostr/negentropy/slice_set.ts";
import type { Database, Session } from "../database/database.ts";
import { TimeBudget } from "../database/time_budget.ts";
import type { QueryOptions, Slices } from "../event_store.ts";
import { nowS, type StoreClock } from "../store_clock.ts";
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
}

/** What it works with. */
export interface SlicePorts {
  readonly database: Database;
  readonly hashText: HashText;
  readonly clock: StoreClock;
}

/** How many events are read in one step to build slices, and how many changes are added up in one. */
const STEP_ROWS = 20_000;

/** A slice with so many times as many events as it should have is cut. */
const CUT_AT = 2;

/** The slices of one database. Several instances may keep them together, with the same settings. */
export class KeptSlices implements Slices {
  readonly #ports: SlicePorts;
  readonly #sliceEvents: number;
  /** By definition. */
  readonly #sets: ReadonlyMap<string, SliceSetRow>;
  /** Whether nothing is kept, and nothing is left of what was. */
  #isOff = false;

  constructor({ filters, privateKinds, sliceEvents }: SliceOptions, ports: SlicePorts) {
    this.#ports = ports;
    this.#sliceEvents = sliceEvents;
    const rows = filters.map((filter) => sliceSetRow(filter, privateKinds, ports.hashText));
    this.#sets = new Map(rows.map((row) => [row.definition, row]));
  }

  async of(filter: ReqFilter, options: QueryOptions): Promise<readonly Slice[] | undefined> {
    const definition = definitionFor(filter, options);
    if (definition === undefined || !this.#sets.has(definition)) return undefined;
    const { database, clock } = this.#ports;
    const { signal, source, timeoutMs } = options;
    const timeBudget = timeoutMs === undefined ? undefined : new TimeBudget(timeoutMs, clock);
    options.onWork?.({
      plan: "slices",
      get databaseMs() {
        return timeBudget?.usedMs ?? 0;
      },
    });
    const slices = await database.query(
      selectSlices(definition, nowS(clock)),
      { signal, source, timeBudget },
    );
    const isExact = slices.every(({ count }) => count <= MAX_ITEMS);
    return slices.length > 0 && isExact ? slices : undefined;
  }

  async tend(): Promise<boolean> {
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
      (session) => this.#step(session),
      { isUnhurried: true },
    );
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
    await session.script("set local statement_timeout = 0");
    const [isAlone] = await session.query(tryLockSlices);
    if (isAlone !== true) return false;
    const unbuilt = (await session.query(selectSets)).find(({ builtToS }) =>
      builtToS !== undefined
    );
    if (unbuilt !== undefined) {
      await this.#build(unbuilt, session);
      return true;
    }
    const changed = await session.query(addChanges(STEP_ROWS));
    for (const slice of changed) {
      if (this.#isToCut(slice)) await session.query(rebuildRange(slice, this.#sliceEvents));
    }
    if (changed.some(({ events }) => events === 0)) await session.query(deleteEmpty);
    return changed[0]?.changes === STEP_ROWS;
  }

  /** Builds the next slices of a set. */
  async #build({ number, builtToS: fromS = 0 }: StoredSet, session: Session): Promise<void> {
    const [time = END_OF_TIME] = await session.query(selectTimeAfter(fromS, STEP_ROWS));
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
