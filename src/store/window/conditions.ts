/**
 * The conditions of a filter in terms of lanes, and the lanes to look through for what meets them.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import type { EventTable } from "./event_table.ts";
import { NONE } from "./typed_arrays.ts";

/** What all filters of a query may cost together: lanes, events that are looked at, and their tags. */
export const MAX_COST = 10_000;

/** So many tags cost as much as an event. */
export const TAGS_PER_COST = 16;

/** From so many lanes of authors on a filter is a feed, see {@link Conditions.ofFeed}. */
const MANY_LANES = 32;

/** What a query may still cost. */
export interface Budget {
  left: number;
  /** How many events feeds may look at for nothing, all together: these are not taken from `left`. */
  trialLooks: number;
}

/** A filter without its `ids`, `search` and `limit`, by the lanes that the table has at the moment. */
export class Conditions {
  /** Together these lanes hold every event that meets the conditions. */
  readonly lanes: readonly number[];
  readonly #table: EventTable;
  readonly #since: number;
  readonly #until: number;
  // What all events of `lanes` meet is not looked at again.
  readonly #kinds: ReadonlySet<number> | undefined;
  /** The numbers of their public keys. */
  readonly #authors: ReadonlySet<number> | undefined;
  /** Of each letter, the lanes of which an event must stand in one. */
  readonly #tags: ReadonlySet<number>[] = [];
  /** The lanes of which an event must stand in each. */
  readonly #allTags: number[] = [];

  /** Those of a filter beyond what each event of the chosen lanes meets. */
  constructor(table: EventTable, filter: ReqFilter, { lanes, meets }: Choice) {
    this.#table = table;
    this.lanes = lanes;
    const { since = 0, until = Infinity, kinds, authors, tags, allTags } = filter;
    this.#since = since;
    this.#until = until;
    this.#kinds = meets.kinds ? undefined : kinds;
    this.#authors = meets.authors || authors === undefined
      ? undefined
      : new Set(table.lanes.valuesOf(authors));
    for (const [letter, values] of tags) {
      if (letter !== meets.letter) this.#tags.push(new Set(tagLanes(table, letter, values)));
    }
    for (const [letter, values] of allTags ?? []) {
      for (const value of values) this.#allTags.push(tagLane(table, letter, value));
    }
  }

  /**
   * Chooses the lanes with the fewest events; of a filter with ids, which are looked up one by one, the lane
   * of all. What it costs is taken from the budget.
   *
   * @return undefined when no event that is here meets the conditions
   */
  static of(table: EventTable, filter: ReqFilter, budget: Budget): Conditions | undefined {
    let shortest: Choice = { lanes: [table.lanes.all], meets: {} };
    let least = table.size;
    const { authors, kinds, tags, allTags } = filter;
    const hasLists = authors !== undefined || kinds !== undefined || tags.size > 0 ||
      allTags !== undefined;
    if (!hasLists) return new Conditions(table, filter, shortest);
    for (const choice of choices(table, filter, budget)) {
      let size = 0;
      for (const lane of choice.lanes) size += table.lanes.sizeOf(lane);
      if (size === 0) return undefined;
      if (size <= least && filter.ids === undefined) [shortest, least] = [choice, size];
    }
    return new Conditions(table, filter, shortest);
  }

  /**
   * Those of a feed, by the lanes of what everybody wrote: to find them takes a lookup for each author,
   * and the lanes of authors and kinds take several for each.
   *
   * @return undefined for any other filter
   */
  static ofFeed(table: EventTable, filter: ReqFilter): Conditions | undefined {
    const { authors, kinds, tags, allTags, limit } = filter;
    if (limit === undefined || tags.size > 0 || allTags !== undefined) return undefined;
    if (authors === undefined || laneCountOf(filter) < MANY_LANES) return undefined;
    const lanes = kinds === undefined ? [table.lanes.all] : kindLanes(table, kinds);
    return new Conditions(table, filter, { lanes, meets: { kinds: true } });
  }

  /** Whether an event meets them. */
  areMetBy(slot: number): boolean {
    const table = this.#table;
    const createdAt = table.createdAtOf(slot);
    if (createdAt < this.#since || createdAt > this.#until) return false;
    if (this.#kinds !== undefined && !this.#kinds.has(table.kindOf(slot))) return false;
    if (this.#authors !== undefined && !this.#authors.has(table.authorValueOf(slot))) return false;
    for (const lanes of this.#tags) {
      if (!table.isInAnyTagLane(slot, lanes)) return false;
    }
    for (const lane of this.#allTags) {
      if (!table.isInTagLane(slot, lane)) return false;
    }
    return true;
  }

  /** What it costs to ask that of an event. */
  costOf(slot: number): number {
    const lists = this.#tags.length + this.#allTags.length;
    return lists === 0 ? 1 : 1 + Math.floor(lists * this.#table.tagCountOf(slot) / TAGS_PER_COST);
  }
}

/** Lanes that together hold everything that a filter can match. */
interface Choice {
  readonly lanes: readonly number[];
  /** Which conditions each event of the lanes meets. */
  readonly meets: {
    readonly kinds?: boolean;
    readonly authors?: boolean;
    /** The letter of a condition on tags of which one value is asked for. */
    readonly letter?: string;
  };
}

/** By kinds and authors, by each letter of which one value is asked for, and by each tag that must be there. */
function* choices(
  table: EventTable,
  { authors, kinds, tags, allTags }: ReqFilter,
  budget: Budget,
): Generator<Choice, void> {
  if (authors !== undefined) {
    // Few authors and kinds make many pairs.
    const pairs = kinds !== undefined && authors.size * kinds.size <= budget.left;
    budget.left -= pairs ? authors.size * kinds.size : authors.size;
    yield pairs
      ? { lanes: pairLanes(table, authors, kinds), meets: { kinds: true, authors: true } }
      : { lanes: authorLanes(table, authors), meets: { authors: true } };
  } else if (kinds !== undefined) {
    budget.left -= kinds.size;
    yield { lanes: kindLanes(table, kinds), meets: { kinds: true } };
  }
  for (const [letter, values] of tags) {
    budget.left -= values.size;
    yield { lanes: tagLanes(table, letter, values), meets: { letter } };
  }
  for (const [letter, values] of allTags ?? []) {
    budget.left -= values.size;
    // As in any list, an empty one matches nothing.
    if (values.size === 0) yield { lanes: [], meets: {} };
    for (const value of values) {
      yield { lanes: [tagLane(table, letter, value)].filter(isLane), meets: {} };
    }
  }
}

/** In how many lanes the events of a filter's authors and kinds stand, at most. */
export function laneCountOf({ authors, kinds }: ReqFilter): number {
  return (authors?.size ?? 0) * Math.max(1, kinds?.size ?? 1);
}

function isLane(lane: number): boolean {
  return lane !== NONE;
}

function kindLanes({ lanes }: EventTable, kinds: ReadonlySet<number>): number[] {
  return [...kinds].map((kind) => lanes.ofKind(kind)).filter(isLane);
}

function authorLanes({ lanes }: EventTable, authors: ReadonlySet<string>): number[] {
  return lanes.valuesOf(authors).map((author) => lanes.ofAuthor(author)).filter(isLane);
}

function pairLanes(
  { lanes }: EventTable,
  authors: ReadonlySet<string>,
  kinds: ReadonlySet<number>,
): number[] {
  const found: number[] = [];
  for (const author of lanes.valuesOf(authors)) {
    for (const kind of kinds) {
      const lane = lanes.ofKindAndAuthor(kind, author);
      if (lane !== NONE) found.push(lane);
    }
  }
  return found;
}

function tagLanes({ lanes }: EventTable, letter: string, values: ReadonlySet<string>): number[] {
  return lanes.valuesOf(values).map((value) => lanes.ofTag(letter, value)).filter(isLane);
}

function tagLane({ lanes }: EventTable, letter: string, value: string): number {
  return lanes.ofTag(letter, lanes.valueOf(value));
}
