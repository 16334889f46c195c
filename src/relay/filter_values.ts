/**
 * Limits the filter values that subscriptions hold: per connection, per client and in total.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { KeySet } from "../nostr/key_set.ts";

interface FilterValueLimits {
  readonly maxConnectionFilterValues: number;
  readonly maxTotalFilterValues: number;
}

/** The filter values of one connection. */
export interface FilterValueAccount {
  /** How many values it holds. */
  readonly taken: number;
  /** Reserves `count` values, all or none. */
  take(count: number): boolean;
  /** Returns reserved values. */
  give(count: number): void;
}

/** A client that holds nothing can always reserve this many. */
const LEAST_SHARE = 2_000;

/**
 * Counts filter values. A client may hold at most half of what is free, so one client alone gets a
 * third of the total, a hundred clients a hundredth each, and a new client always finds room.
 */
export class FilterValues {
  readonly #limits: FilterValueLimits;
  readonly #clients = new Map<string, number>();
  #total = 0;

  constructor(limits: FilterValueLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /**
   * The account of a new connection. Without `client` the connection counts as a client of its own.
   */
  open(client?: string): FilterValueAccount {
    return new Account(this, client);
  }

  /** Whether a connection that holds `own` values may have `count` more. */
  hasRoom(count: number, own: number, client: string | undefined): boolean {
    const { maxConnectionFilterValues, maxTotalFilterValues } = this.#limits;
    const clients = client === undefined ? own : this.#clients.get(client) ?? 0;
    const free = maxTotalFilterValues - this.#total;
    const share = Math.max(free / 2, LEAST_SHARE);
    return own + count <= maxConnectionFilterValues &&
      clients + count <= share && count <= Math.max(free, LEAST_SHARE);
  }

  /** Counts values that were taken, or given back where `count` is negative. */
  add(client: string | undefined, count: number): void {
    this.#total += count;
    if (client === undefined) return;
    const values = (this.#clients.get(client) ?? 0) + count;
    if (values === 0) this.#clients.delete(client);
    else this.#clients.set(client, values);
  }
}

class Account implements FilterValueAccount {
  readonly #all: FilterValues;
  readonly #client: string | undefined;
  #taken = 0;

  constructor(all: FilterValues, client: string | undefined) {
    this.#all = all;
    this.#client = client;
  }

  get taken(): number {
    return this.#taken;
  }

  take(count: number): boolean {
    if (!this.#all.hasRoom(count, this.#taken, this.#client)) return false;
    this.#taken += count;
    this.#all.add(this.#client, count);
    return true;
  }

  give(count: number): void {
    assert(count <= this.#taken, "no more is given back than was taken");
    this.#taken -= count;
    this.#all.add(this.#client, -count);
  }
}
/** A longer value counts as several. */
const VALUE_CHARACTERS = 64;

/**
 * The values that filters hold: one for each filter and one for each value in its lists, or for each 64
 * characters of it.
 */
export function filterValueCount(filters: readonly ReqFilter[]): number {
  let count = filters.length;
  for (const { ids, authors, kinds, tags, allTags, search } of filters) {
    count += (ids?.size ?? 0) + (authors?.size ?? 0) + (kinds?.size ?? 0) + (search?.size ?? 0);
    for (const values of tags.values()) count += textCount(values);
    for (const values of allTags?.values() ?? []) count += textCount(values);
  }
  return count;
}

function textCount(values: ReadonlySet<string>): number {
  // Keys are of one length.
  if (values instanceof KeySet) return values.size;
  let count = 0;
  for (const { length } of values) count += Math.max(1, Math.ceil(length / VALUE_CHARACTERS));
  return count;
}
