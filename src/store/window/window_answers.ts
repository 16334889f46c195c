/**
 * What the window answers by itself.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import { countAuthor, emptyRegisters, hyperLogLogOffset } from "../../nostr/hyperloglog.ts";
import type { CountResult } from "../../nostr/relay_message.ts";
import type { Reader } from "../../nostr/visibility.ts";
import type { CountOptions, StoredEvent } from "../event_store.ts";
import { compare } from "../read/scan.ts";
import { nowS, type StoreClock } from "../store_clock.ts";
import { addressesOf, type AskedAddresses, type Lesson } from "./asked_addresses.ts";
import { type Budget, MAX_COST, TAGS_PER_COST } from "./conditions.ts";
import type { EventTable } from "./event_table.ts";
import type { Asking, Found, RecentEvents } from "./recent_events.ts";
import { NONE } from "./typed_arrays.ts";

/** As `MAX_COST`, for a list of ids: what is found costs little more, and there are fewer who ask. */
const MAX_IDENTIFY_COST = 50_000;

/** An answer, or the newer part of one. */
export interface WindowAnswer<Row> {
  readonly rows: readonly Row[];
  /** What is to be asked of the database, after these events; undefined if they are the whole answer. */
  readonly rest?: Rest | undefined;
}

/** What is left to the database. */
export interface Rest {
  readonly filter: ReqFilter;
  /** To be given the answer. */
  readonly lesson?: Lesson | undefined;
}

/** What was found, by slots. */
interface FoundAll {
  readonly slots: readonly number[];
  readonly rest?: Rest;
}

/** Answers from memory where that gives the same as the database. */
export class WindowAnswers {
  readonly #recent: RecentEvents;
  readonly #asked: AskedAddresses;
  readonly #clock: StoreClock;

  constructor(recent: RecentEvents, asked: AskedAddresses, clock: StoreClock) {
    this.#recent = recent;
    this.#asked = asked;
    this.#clock = clock;
  }

  /** The events, and the filter to ask the database for the rest; undefined where it has to answer all. */
  find(
    filters: readonly ReqFilter[],
    reader: Reader | undefined,
  ): WindowAnswer<StoredEvent> | undefined {
    const found = this.#found(filters, this.#asking(reader));
    if (found !== undefined && found.rest === undefined) {
      return { rows: this.#recent.table.rowsOf(found.slots) };
    }
    const known = this.#known(filters, reader);
    if (known !== undefined) return { rows: known };
    return found &&
      {
        rows: this.#recent.table.rowsOf(found.slots),
        rest: this.#taught(found.rest!, filters, reader),
      };
  }

  /** As {@link find}, with nothing but ids and times. */
  identify(
    filters: readonly ReqFilter[],
    reader: Reader | undefined,
  ): WindowAnswer<Pick<StoredEvent, "id" | "createdAt">> | undefined {
    const found = this.#found(filters, this.#asking(reader, MAX_IDENTIFY_COST));
    return found && { rows: this.#recent.table.placesOf(found.slots), rest: found.rest };
  }

  /**
   * The exact count; undefined where the database has to count, because not all that may match is here or
   * more than `maxRows` match.
   *
   * @see NIP-45
   */
  count(
    filters: readonly ReqFilter[],
    { reader, maxRows }: Pick<CountOptions, "reader" | "maxRows">,
  ): CountResult | undefined {
    if (filters.some(({ search }) => search !== undefined)) return undefined;
    // A count says how many there are whatever the limit.
    const unlimited = filters.map(({ limit: _, ...filter }) => filter);
    const slots = this.#union(unlimited, this.#asking(reader), maxRows);
    if (slots === undefined) return undefined;
    const result = { count: slots.size, isApproximate: false };
    const offset = filters.length === 1 ? hyperLogLogOffset(filters[0]!) : undefined;
    return offset === undefined
      ? result
      : { ...result, registers: this.#registersOf(slots, offset) };
  }

  #found(filters: readonly ReqFilter[], asking: Asking): FoundAll | undefined {
    if (filters.some(({ search }) => search !== undefined)) return undefined;
    const [filter] = filters;
    if (filter !== undefined && filters.length === 1) {
      const found = this.#recent.find(filter, asking);
      return found && this.#withRest(filter, found);
    }
    const slots = this.#union(filters, asking);
    const { table } = this.#recent;
    return slots && { slots: [...slots].sort((a, b) => table.compare(a, b)) };
  }

  /** What matches any of the filters; undefined unless it is all here, and no more than `most` for each. */
  #union(
    filters: readonly ReqFilter[],
    asking: Asking,
    most = Infinity,
  ): ReadonlySet<number> | undefined {
    const all = new Set<number>();
    for (const filter of filters) {
      const found = this.#recent.find(filter, asking);
      if (!found?.isWhole || found.slots.length > most) return undefined;
      for (const slot of found.slots) all.add(slot);
    }
    return all;
  }

  #withRest(filter: ReqFilter, { slots, isWhole }: Found): FoundAll | undefined {
    const { horizon } = this.#recent;
    if (isWhole) return { slots };
    // Ids that are not here may be of any time.
    if (filter.ids !== undefined || horizon === Infinity) return undefined;
    const { limit, until = Infinity } = filter;
    const rest = {
      ...filter,
      until: Math.min(until, horizon - 1),
      ...limit !== undefined && { limit: limit - slots.length },
    };
    return { slots, rest: { filter: rest } };
  }

  /** The answer where the database was asked for some of it before; undefined where it was not. */
  #known(filters: readonly ReqFilter[], reader: Reader | undefined): StoredEvent[] | undefined {
    const isOfAddresses = (filter: ReqFilter) => addressesOf(filter, reader) !== undefined;
    // A filter of another kind that stands alone was tried before.
    if (!filters.some(isOfAddresses)) return undefined;
    const rows = new Map<string, StoredEvent>();
    const asking = this.#asking(reader);
    for (const filter of filters) {
      const known = this.#atAddresses(filter, reader, asking) ?? this.#whole(filter, asking);
      if (known === undefined) return undefined;
      for (const row of known) rows.set(row.id, row);
    }
    return [...rows.values()].sort(compare);
  }

  #whole(filter: ReqFilter, asking: Asking): StoredEvent[] | undefined {
    const found = filter.search === undefined ? this.#recent.find(filter, asking) : undefined;
    return found?.isWhole ? this.#recent.table.rowsOf(found.slots) : undefined;
  }

  /** The answer to a filter that asks for addresses, if all of them are known. */
  #atAddresses(
    filter: ReqFilter,
    reader: Reader | undefined,
    { budget }: Asking,
  ): StoredEvent[] | undefined {
    const addresses = addressesOf(filter, reader);
    if (addresses === undefined) return undefined;
    budget.left -= addresses.authors.size * addresses.kinds.size;
    if (budget.left < 0) return undefined;
    const { table } = this.#recent;
    const now = nowS(this.#clock);
    const { since = 0, until = Infinity, limit } = filter;
    const slots: number[] = [];
    const asked: StoredEvent[] = [];
    for (const pubkey of addresses.authors) {
      for (const kind of addresses.kinds) {
        const slot = table.atAddress({ kind, pubkey, d: "" });
        const event = slot === NONE ? this.#asked.get(pubkey, kind) : undefined;
        if (event === "unknown") return undefined;
        if (slot !== NONE && table.expiresAtOf(slot) > now) slots.push(slot);
        if (event !== undefined && event.expiresAtS > now) asked.push(event);
      }
    }
    return [...asked, ...table.rowsOf(slots)]
      .filter(({ createdAt }) => createdAt >= since && createdAt <= until)
      .sort(compare).slice(0, limit);
  }

  /** Has what the database answers be remembered, where that is about addresses. */
  #taught({ filter }: Rest, [asked]: readonly ReqFilter[], reader: Reader | undefined): Rest {
    const addresses = addressesOf(filter, reader);
    const isBounded = asked?.since !== undefined || asked?.until !== undefined;
    if (addresses === undefined || isBounded) return { filter };
    const { table } = this.#recent;
    const isHeld = (pubkey: string, kind: number) =>
      table.atAddress({ kind, pubkey, d: "" }) !== NONE;
    return { filter, lesson: this.#asked.learn(addresses, filter.limit ?? Infinity, isHeld) };
  }

  /** @see NIP-45 "HyperLogLog" */
  #registersOf(slots: Iterable<number>, offset: number): Uint8Array {
    const { table } = this.#recent;
    const registers = emptyRegisters();
    const authors = new Set<number>();
    for (const slot of slots) {
      const author = table.authorLaneOf(slot);
      if (authors.has(author)) continue;
      authors.add(author);
      countAuthor(registers, table.authorOf(slot), offset);
    }
    return registers;
  }

  #asking(reader: Reader | undefined, maxCost = MAX_COST): Asking {
    const { table } = this.#recent;
    const now = nowS(this.#clock);
    const budget = { left: maxCost, trialLooks: maxCost };
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
