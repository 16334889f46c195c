/**
 * How many filter values are registered for live events: of one connection, of one client, of all.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { ReqFilter } from "../nostr/filter.ts";

/** The bounds of {@link FilterValues}. */
export interface FilterValueLimits {
  /** Of all subscriptions of one connection. */
  readonly maxConnectionFilterValues: number;
  /** Of all connections. */
  readonly maxTotalFilterValues: number;
}

/** The values of one connection. */
export interface FilterValueAccount {
  /** What it has taken. */
  readonly taken: number;
  /** Takes so many more, all or none. */
  take(count: number): boolean;
  /** Gives back what was taken. */
  give(count: number): void;
}

/** Who has none to begin with may always have as many: what a client needs at the least. */
const LEAST_SHARE = 2_000;

/**
 * Counts filter values. What one client may have depends on what is free: at most half of it. So one
 * client alone gets a third of all, a hundred clients get a hundredth each, and whoever comes last still
 * finds room, whatever the others have taken.
 */
export class FilterValues {
  readonly #limits: FilterValueLimits;
  readonly #clients = new Map<string, number>();
  #total = 0;

  constructor(limits: FilterValueLimits) {
    this.#limits = limits;
  }

  /** How many values are taken, by all together. */
  get total(): number {
    return this.#total;
  }

  /** The account of a new connection; without a `client`, it is a client by itself. */
  open(client?: string): FilterValueAccount {
    let own = 0;
    return {
      get taken() {
        return own;
      },
      take: (count) => {
        const { maxConnectionFilterValues, maxTotalFilterValues } = this.#limits;
        const clients = client === undefined ? own : this.#clients.get(client) ?? 0;
        const free = maxTotalFilterValues - this.#total;
        const share = Math.max(free / 2, LEAST_SHARE);
        const fits = own + count <= maxConnectionFilterValues &&
          clients + count <= share && count <= Math.max(free, LEAST_SHARE);
        if (!fits) return false;
        own += count;
        this.#add(client, count);
        return true;
      },
      give: (count) => {
        assert(count <= own, "no more is given back than was taken");
        own -= count;
        this.#add(client, -count);
      },
    };
  }

  #add(client: string | undefined, count: number): void {
    this.#total += count;
    if (client === undefined) return;
    const values = (this.#clients.get(client) ?? 0) + count;
    if (values === 0) this.#clients.delete(client);
    else this.#clients.set(client, values);
  }
}

/**
 * How many values a subscription holds; each filter counts for one more.
 */
export function filterValueCount(filters: readonly ReqFilter[]): number {
  let count = filters.length;
  for (const { ids, authors, kinds, tags, allTags, search } of filters) {
    count += (ids?.size ?? 0) + (authors?.size ?? 0) + (kinds?.size ?? 0) + (search?.size ?? 0);
    for (const values of tags.values()) count += values.size;
    for (const values of allTags?.values() ?? []) count += values.size;
  }
  return count;
}
