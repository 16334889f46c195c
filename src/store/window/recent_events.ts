/**
 * The newest events in memory.
 *
 * Every event that is not older than the horizon is here, so a filter that asks for nothing older is
 * answered in full. Some older events may be here too; that others are missing says nothing.
 *
 * @module
 */

import type { Random } from "../../base/random.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { GIFT_WRAP } from "../../nostr/gift_wrap.ts";
import { type Address, addressOf, isNewer, kindClass } from "../../nostr/kind.ts";
import type { LateEvent, ToldRecord } from "../event_store.ts";
import { type Budget, Conditions, laneCountOf } from "./conditions.ts";
import { EventTable } from "./event_table.ts";
import { eventsIn, type Period } from "./merged_lanes.ts";
import { KeyedHash, NONE } from "./typed_arrays.ts";

/** The answer to a filter. */
export interface Found {
  /** The slots of the events, in the order of answers. They are valid until others have had their turn. */
  readonly slots: readonly number[];
  /** Whether these are all events that match, or as many as the limit. */
  readonly isWhole: boolean;
}

/** How a question is asked. */
export interface Asking {
  /** Whether an event may be in the answer. */
  readonly isShown: (slot: number) => boolean;
  /** What the query may still cost; what is looked at is taken from it. */
  readonly budget: Budget;
}

/** An answer as far as it is known. */
interface Answer {
  readonly slots: number[];
  readonly limit: number;
  readonly period: Period;
  /** The last event that was looked at: all that come before it are in the answer or do not match. */
  last: number;
}

/**
 * How many of the newest events are examined before the lanes of a feed's authors are, for each of
 * these lanes.
 */
const LOOKS_PER_LANE = 4;

/**
 * How much is listed or removed at once, counted in lanes that contain the events: this takes some
 * milliseconds of the thread.
 */
const MAX_LANES = 50_000;

/** Holds the newest events, up to so many bytes. */
export class RecentEvents {
  readonly #maxBytes: number;
  readonly #hash: KeyedHash;
  #table: EventTable;
  #horizon = Infinity;
  /** An event of the second before was evicted: the horizon is never lower than this. */
  #evictedTo = -Infinity;

  constructor(maxBytes: number, random: Random) {
    this.#maxBytes = maxBytes;
    this.#hash = new KeyedHash(random);
    this.#table = new EventTable(this.#hash);
  }

  /** The events, for those that look at single ones. Another table after {@link clear}. */
  get table(): EventTable {
    return this.#table;
  }

  get size(): number {
    return this.#table.size;
  }

  get bytes(): number {
    return this.#table.bytes;
  }

  /**
   * Whether more than half of the memory is free space within the arrays, as after many events of
   * another size.
   */
  get isWasteful(): boolean {
    return this.#table.freeBytes > this.#maxBytes / 2;
  }

  /** Every event that is not older than this is here, seconds since 1970; infinite while that is unknown. */
  get horizon(): number {
    return this.#horizon;
  }

  /** Notes that every event down to this time is here. */
  lowerHorizon(createdAt: number): void {
    this.#horizon = Math.max(Math.min(this.#horizon, createdAt), this.#evictedTo);
  }

  /** Removes all events and forgets the horizon. */
  clear(): void {
    this.#table = new EventTable(this.#hash);
    this.#horizon = Infinity;
    this.#evictedTo = -Infinity;
  }

  has(id: string): boolean {
    return this.#table.find(id) !== NONE;
  }

  /**
   * Those of these events that are here, as deletions look at them.
   *
   * @return undefined when that is too much to be looked at
   */
  described(ids: Iterable<string>): readonly LateEvent[] | undefined {
    return this.#describedAll(this.#slotsOf(ids));
  }

  /**
   * Those of these events that a request of this author may delete, as deletions look at them. What others
   * wrote is not counted: anybody can name it.
   *
   * @return undefined when there are too many
   */
  ownedAmong(ids: Iterable<string>, pubkey: string): readonly LateEvent[] | undefined {
    const { author, recipient } = this.#lanesOf(pubkey);
    const owned = new Set<number>();
    for (const slot of this.#slotsOf(ids)) {
      const isOwned = this.#table.authorLaneOf(slot) === author ||
        this.#isGiftWrap(slot) && this.#table.isInTagLane(slot, recipient);
      if (isOwned) owned.add(slot);
    }
    return this.#describedAll(owned);
  }

  /** Adds an event, unless a newer version of it is here, and removes the version that it replaces. */
  add(record: ToldRecord): void {
    const { event } = record;
    if (event.created_at < this.#evictedTo || this.#table.find(event.id) !== NONE) return;
    const current = this.#versionOf(event);
    if (current !== NONE) {
      if (!this.#isOlder(current, event)) return;
      this.#table.remove(current);
    }
    this.#table.add(record);
    this.#evict();
  }

  /**
   * Removes events that are no longer stored, or must not be shown.
   *
   * @return false when there is too much to remove at once, and nothing was removed
   */
  delete(ids: Iterable<string>): boolean {
    const slots = this.#slotsOf(ids);
    if (this.#areTooMany(slots)) return false;
    for (const slot of slots) this.#table.remove(slot);
    return true;
  }

  /** Removes the version at an event's address if it is older than the event. */
  deleteOlder(event: LateEvent): void {
    const current = this.#versionOf(event);
    if (current !== NONE && this.#isOlder(current, event)) this.#table.remove(current);
  }

  /** Removes the version at an event's address if it has expired by then, seconds since 1970. */
  deleteExpired(event: LateEvent, nowS: number): void {
    const current = this.#versionOf(event);
    if (current !== NONE && this.#table.expiresAtOf(current) <= nowS) this.#table.remove(current);
  }

  /** The current version at an address, if it is here. */
  atAddress(address: Address): LateEvent | undefined {
    return this.#described(this.#table.atAddress(address));
  }

  /** The ids of the replaceable and addressable events of an author that are here. */
  versionsOf(pubkey: string): readonly string[] {
    const table = this.#table;
    const ids: string[] = [];
    for (const slot of this.#slotsIn(this.#lanesOf(pubkey).author)) {
      const kind = kindClass(table.kindOf(slot));
      if (kind === "replaceable" || kind === "addressable") ids.push(table.idOf(slot));
    }
    return ids;
  }

  /**
   * The ids of the events here that an author wrote.
   *
   * @return undefined when there are too many
   */
  writtenBy(pubkey: string): readonly string[] | undefined {
    const lane = this.#lanesOf(pubkey).author;
    return this.#areTooMany(this.#slotsIn(lane))
      ? undefined
      : Array.from(this.#slotsIn(lane), (slot) => this.#table.idOf(slot));
  }

  /**
   * The events here that an author wrote and the gift wraps that the author received, as deletions look at
   * them. Other events that name the author are not counted: anybody can write them.
   *
   * @return undefined when there are too many
   */
  ownedBy(pubkey: string): readonly LateEvent[] | undefined {
    const { author, recipient } = this.#lanesOf(pubkey);
    if (this.#areTooMany(this.#slotsIn(author))) return undefined;
    const owned = new Set(this.#slotsIn(author));
    for (const slot of this.#slotsIn(recipient)) {
      if (this.#isGiftWrap(slot)) owned.add(slot);
    }
    return this.#describedAll(owned);
  }

  /**
   * What a filter without a search matches here, in order, up to its limit.
   *
   * @return undefined when too much would have to be looked at
   */
  find(filter: ReqFilter, asking: Asking): Found | undefined {
    const { limit = Infinity, since = 0, until = Infinity, ids } = filter;
    if (ids !== undefined) return this.#findIds(ids, filter, asking);
    const { isShown, budget } = asking;
    const isWhole = since >= this.#horizon;
    const period = { since: Math.max(since, this.#horizon), until };
    const answer: Answer = { slots: [], limit, period, last: NONE };
    const { slots } = answer;
    const feed = Conditions.ofFeed(this.#table, filter);
    if (feed !== undefined) {
      // Most feeds are full of what was written lately. What is looked at for nothing costs less than the
      // lanes of the authors, which are only needed then. A query of many such filters has a bound for all.
      const most = Math.min(budget.left, budget.trialLooks);
      const looks = Math.min(most, LOOKS_PER_LANE * laneCountOf(filter));
      const trial = { left: looks, trialLooks: 0 };
      const end = this.#fill(answer, feed, { isShown, budget: trial });
      budget.trialLooks -= looks - Math.max(0, trial.left);
      if (end !== "too much") {
        budget.left -= looks - trial.left;
        return { slots, isWhole: end === "full" || isWhole };
      }
    }
    const conditions = Conditions.of(this.#table, filter, budget);
    if (conditions === undefined) return { slots, isWhole: slots.length >= limit || isWhole };
    const end = this.#fill(answer, conditions, asking);
    return end === "too much" ? undefined : { slots, isWhole: end === "full" || isWhole };
  }

  /** Adds what meets the conditions to an answer, until that is full or nothing is left. */
  #fill(
    answer: Answer,
    conditions: Conditions,
    { isShown, budget }: Asking,
  ): "full" | "all" | "too much" {
    const table = this.#table;
    const { slots, limit, period, last } = answer;
    // What was looked at before is not looked at again.
    const until = last === NONE ? period.until : table.createdAtOf(last);
    const events = eventsIn(table, conditions.lanes, { ...period, until });
    while (slots.length < limit) {
      const slot = events.next();
      if (slot === NONE) return "all";
      if (answer.last !== NONE && table.compare(slot, answer.last) <= 0) continue;
      budget.left -= conditions.costOf(slot);
      if (budget.left < 0) return "too much";
      answer.last = slot;
      if (conditions.areMetBy(slot) && isShown(slot)) slots.push(slot);
    }
    return "full";
  }

  #findIds(ids: ReadonlySet<string>, filter: ReqFilter, { isShown, budget }: Asking): Found {
    const conditions = Conditions.of(this.#table, filter, budget);
    const slots: number[] = [];
    let isWhole = true;
    for (const slot of this.#table.findAll(ids)) {
      if (slot === NONE) isWhole = false;
      else if (conditions?.areMetBy(slot) && isShown(slot)) slots.push(slot);
    }
    if (slots.length > 1) slots.sort((a, b) => this.#table.compare(a, b));
    return { slots: slots.slice(0, filter.limit), isWhole };
  }

  #described(slot: number): LateEvent | undefined {
    return slot === NONE ? undefined : this.#table.describe(slot);
  }

  #versionOf(event: LateEvent): number {
    const address = addressOf(event);
    return address === undefined ? NONE : this.#table.atAddress(address);
  }

  #isOlder(slot: number, event: LateEvent): boolean {
    const created_at = this.#table.createdAtOf(slot);
    return isNewer(event, { created_at, id: this.#table.idOf(slot) });
  }

  /** The lanes of what a key wrote and of what has it in a `p` tag. */
  #lanesOf(pubkey: string): { readonly author: number; readonly recipient: number } {
    const { lanes } = this.#table;
    const value = lanes.valueOf(pubkey);
    return { author: lanes.ofAuthor(value), recipient: lanes.ofTag("p", value) };
  }

  #isGiftWrap(slot: number): boolean {
    return this.#table.kindOf(slot) === GIFT_WRAP;
  }

  /** The events of a lane, oldest first. */
  *#slotsIn(lane: number): Generator<number, void> {
    if (lane === NONE) return;
    for (const { entries, start, end } of this.#table.lanes.entries.piecesOf(lane)) {
      yield* entries.subarray(start, end);
    }
  }

  #slotsOf(ids: Iterable<string>): ReadonlySet<number> {
    const slots = new Set<number>();
    for (const id of ids) slots.add(this.#table.find(id));
    slots.delete(NONE);
    return slots;
  }

  #describedAll(slots: ReadonlySet<number>): readonly LateEvent[] | undefined {
    if (this.#areTooMany(slots)) return undefined;
    return Array.from(slots, (slot) => this.#table.describe(slot));
  }

  #areTooMany(slots: Iterable<number>): boolean {
    let lanes = 0;
    for (const slot of slots) {
      lanes += this.#table.laneCountOf(slot);
      if (lanes > MAX_LANES) return true;
    }
    return false;
  }

  /** Removes the oldest events until the rest fits. */
  #evict(): void {
    while (this.bytes > this.#maxBytes && this.size > 0) {
      const { oldest } = this.#table;
      const createdAt = this.#table.createdAtOf(oldest);
      this.#table.remove(oldest);
      // Some events of its second may still be here.
      this.#evictedTo = Math.max(this.#evictedTo, createdAt + 1);
      this.#horizon = Math.max(this.#horizon, this.#evictedTo);
    }
    // What the arrays have grown to stays with them, so they go when nothing is left in them.
    if (this.size === 0) this.#table = new EventTable(this.#hash);
  }
}
