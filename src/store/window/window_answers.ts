/**
 * What the window answers by itself.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import type { Reader } from "../../nostr/visibility.ts";
import type { StoredEvent } from "../event_store.ts";
import { nowS, type StoreClock } from "../store_clock.ts";
import { type Budget, MAX_COST, TAGS_PER_COST } from "./conditions.ts";
import type { EventTable } from "./event_table.ts";
import type { Asking, Found, RecentEvents } from "./recent_events.ts";
import { NONE } from "./typed_arrays.ts";

/** An answer, or the newer part of one. */
export interface WindowAnswer {
  readonly rows: readonly StoredEvent[];
  /** What is to be asked of the database, after these events; undefined if they are the whole answer. */
  readonly rest?: ReqFilter;
}

/** Answers from memory where that gives the same as the database. */
export class WindowAnswers {
  readonly #recent: RecentEvents;
  readonly #clock: StoreClock;

  constructor(recent: RecentEvents, clock: StoreClock) {
    this.#recent = recent;
    this.#clock = clock;
  }

  /** The answer, and the filter to ask the database for the rest; undefined where it has to answer all. */
  find(
    filters: readonly ReqFilter[],
    reader: Reader | undefined,
  ): WindowAnswer | undefined {
    if (filters.some(({ search }) => search !== undefined)) return undefined;
    const asking = this.#asking(reader);
    const [filter] = filters;
    if (filter !== undefined && filters.length === 1) {
      const found = this.#recent.find(filter, asking);
      return found && this.#withRest(filter, found);
    }
    const slots = this.#union(filters, asking);
    return slots && { rows: this.#recent.table.rowsOf(slots) };
  }

  /** What matches any of the filters, in order; undefined unless it is all here. */
  #union(filters: readonly ReqFilter[], asking: Asking): number[] | undefined {
    const all = new Set<number>();
    for (const filter of filters) {
      const found = this.#recent.find(filter, asking);
      if (!found?.isWhole) return undefined;
      for (const slot of found.slots) all.add(slot);
    }
    const { table } = this.#recent;
    return [...all].sort((a, b) => table.compare(a, b));
  }

  #withRest(filter: ReqFilter, { slots, isWhole }: Found): WindowAnswer | undefined {
    const { horizon, table } = this.#recent;
    if (isWhole) return { rows: table.rowsOf(slots) };
    // Ids that are not here may be of any time.
    if (filter.ids !== undefined || horizon === Infinity) return undefined;
    const { limit, until = Infinity } = filter;
    const rest = {
      ...filter,
      until: Math.min(until, horizon - 1),
      ...limit !== undefined && { limit: limit - slots.length },
    };
    return { rows: table.rowsOf(slots), rest };
  }

  #asking(reader: Reader | undefined): Asking {
    const { table } = this.#recent;
    const now = nowS(this.#clock);
    const budget = { left: MAX_COST };
    const isVisible = reader && visibleTo(reader, table, budget);
    const isShown = (slot: number) =>
      table.expiresAtOf(slot) > now && (isVisible === undefined || isVisible(slot));
    return { isShown, budget };
  }
}

/** The rule of `nostr/visibility.ts` for events in the window. */
function visibleTo(
  { privateKinds, keys }: Reader,
  table: EventTable,
  budget: Budget,
): (slot: number) => boolean {
  const { lanes } = table;
  const authors = new Set<number>();
  const named = new Set<number>();
  for (const key of keys) {
    const value = lanes.valueOf(key);
    if (value === NONE) continue;
    authors.add(lanes.ofAuthor(value));
    named.add(lanes.ofTag("p", value));
  }
  return (slot) => {
    if (!privateKinds.has(table.kindOf(slot))) return true;
    if (authors.has(table.authorLaneOf(slot))) return true;
    budget.left -= Math.floor(table.tagCountOf(slot) / TAGS_PER_COST);
    return table.isInAnyTagLane(slot, named);
  };
}
