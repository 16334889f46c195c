/**
 * The items of a reconciliation that knows them by slices and reads those that it needs.
 *
 * @see NIP-77
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { type ItemSet, ItemSetBuilder, MAX_ITEMS } from "../../nostr/negentropy/item_set.ts";
import {
  type Answered,
  answerInSteps,
  type ReconcileOptions,
} from "../../nostr/negentropy/reconcile.ts";
import { SliceSet, type SliceSums } from "../../nostr/negentropy/slice_set.ts";
import type { DatabaseWork, EventStore, QueryOptions, TimeRange } from "../../store/event_store.ts";

/** A slice that is not read takes as much memory as so many items. */
const SLICE_ITEMS = 3;

/** How many slices are read for one message, about. */
const MAX_SLICES = 256;

/** How many fingerprints are computed in one turn: some milliseconds. */
const TURN_FINGERPRINTS = 256;

/** So many items, about, are read together, and in one turn: some milliseconds of the database and of this thread. */
const TURN_ITEMS = 4_096;

/** What {@link SlicedItems} works with. */
export interface SlicedItemsOptions {
  readonly store: EventStore;
  readonly filter: ReqFilter;
  /** Of each reading. The time limit is that of all that is read for one message. */
  readonly asked: QueryOptions & { readonly timeoutMs: number };
  /**
   * Slices that were read stay in memory as long as they have no more items together. A later message asks for
   * parts of what an earlier one was about: where many slices differ, reading them again took most of the time.
   */
  readonly maxHeldItems: number;
  /** Reserves memory for items, all or none. */
  readonly take: (items: number) => boolean;
  readonly give: (items: number) => void;
  readonly clock: Pick<Clock, "after">;
}

/** There is no memory for what is to be read. */
export class NoRoom extends Error {
  override readonly name = "NoRoom";
}

/**
 * Items in slices of time. A slice counts as it was when the session began until it is read, and from then
 * on as it was when it was read last. An event that is there all the time is in it, and one that never was
 * is not, whatever else comes and goes.
 */
export class SlicedItems {
  readonly #set: SliceSet;
  readonly #options: SlicedItemsOptions;
  readonly #time: MessageTime;
  /** The slices that stay in memory until the next step. */
  #needed: readonly number[] = [];
  /** How many items were read in this turn, about. */
  #turnItems = 0;

  /** Use {@link SlicedItems.open}. */
  constructor(slices: SliceSums, time: MessageTime, options: SlicedItemsOptions) {
    this.#set = new SliceSet(slices);
    this.#time = time;
    this.#options = options;
  }

  /**
   * Undefined where the store keeps no slices for this filter and reader. Rejects as the store does, and with
   * {@link NoRoom}.
   */
  static async open(options: SlicedItemsOptions): Promise<SlicedItems | undefined> {
    const { store, filter, asked } = options;
    const time = new MessageTime(asked);
    const all = await store.slices?.of(filter, time.ofNext());
    if (all === undefined) return undefined;
    const { since = 0, until = Infinity } = filter;
    const slices = all.within(since, until);
    if (slices.length === 0) return undefined;
    if (!options.take(SLICE_ITEMS * slices.length)) throw new NoRoom();
    const items = new SlicedItems(slices, time, options);
    await items.#readEdges(since, until);
    return items;
  }

  /** Answers a message. Rejects as the store does, and with {@link NoRoom}. */
  async answer(message: Uint8Array, options: ReconcileOptions): Promise<Answered> {
    const limits = { maxSlices: MAX_SLICES, turnFingerprints: TURN_FINGERPRINTS };
    const steps = answerInSteps(this.#set, message, { ...options, ...limits });
    for (let step = steps.next();; step = steps.next()) {
      if (step.done) {
        this.#time.renew();
        return step.value;
      }
      if (step.value.length === 0) {
        await this.#takeTurns();
        continue;
      }
      this.#needed = step.value;
      this.#forgetDownTo(this.#options.maxHeldItems);
      await this.#read(step.value.filter((slice) => !this.#set.isRead(slice)));
    }
  }

  /** Lets others have their turn. */
  #takeTurns(): Promise<void> {
    this.#turnItems = 0;
    const { asked: { signal }, clock } = this.#options;
    return new Promise((resolve, reject) => {
      clock.after(0, () => signal?.aborted ? reject(signal.reason) : resolve());
    });
  }

  /** Of the first slice and the last one, `since` and `until` may leave out a part. */
  async #readEdges(since: number, until: number): Promise<void> {
    const last = this.#set.sliceCount - 1;
    const isCutBefore = this.#set.timesOf(0).fromS < since;
    const isCutAfter = this.#set.timesOf(last).toS - 1 > until;
    const edges = new Set<number>();
    if (isCutBefore) edges.add(0);
    if (isCutAfter) edges.add(last);
    await this.#read([...edges]);
  }

  /** Forgets the slices that were read longest ago, but for those that are needed now. */
  #forgetDownTo(items: number): void {
    if (this.#set.heldItems <= items) return;
    for (const slice of [...this.#set.readSlices]) {
      if (this.#set.heldItems <= items) return;
      if (!this.#needed.includes(slice)) this.#forget(slice);
    }
  }

  /** Where there is no memory, slices that are not needed now are forgotten for it. */
  #take(items: number): boolean {
    if (this.#options.take(items)) return true;
    this.#forgetDownTo(0);
    return this.#options.take(items);
  }

  #forget(slice: number): void {
    const before = this.#set.heldItems;
    this.#set.forget(slice);
    this.#options.give(before - this.#set.heldItems);
  }

  /** Reads what is in these slices now. */
  async #read(slices: readonly number[]): Promise<void> {
    let group: number[] = [];
    for (const slice of slices) {
      group.push(slice);
      this.#turnItems += this.#set.countOf(slice);
      if (this.#turnItems < TURN_ITEMS) continue;
      await this.#readTogether(group);
      await this.#takeTurns();
      group = [];
    }
    if (group.length > 0) await this.#readTogether(group);
  }

  async #readTogether(slices: readonly number[]): Promise<void> {
    const { store, filter } = this.#options;
    const short = slices.filter((slice) => this.#set.countOf(slice) <= TURN_ITEMS);
    const ranges = short.map((slice) => this.#rangeOf(slice));
    const options = { ...this.#time.ofNext(), maxItems: 2 * TURN_ITEMS };
    const found = short.length === 0 ? [] : await store.slices!.itemsIn(filter, ranges, options);
    const sets = new Map(short.map((slice, at) => [slice, found[at]]));
    for (const slice of slices) await this.#hold(slice, sets.get(slice));
  }

  /** Of a slice that has more items than are read at once, they are listed in pages. */
  async #hold(slice: number, items: ItemSet | undefined): Promise<void> {
    if (items === undefined) items = await this.#list(slice);
    else if (!this.#take(items.size)) throw new NoRoom();
    this.#forget(slice);
    this.#set.read(slice, items);
  }

  async #list(slice: number): Promise<ItemSet> {
    const { store, filter } = this.#options;
    const { fromS: since, toS } = this.#rangeOf(slice);
    const range = { ...filter, since, ...toS < Infinity && { until: toS - 1 } };
    const builder = new ItemSetBuilder();
    for await (const rows of store.identify([range], this.#time.ofNext())) {
      const isTooMany = builder.size + rows.length > MAX_ITEMS;
      if (isTooMany || !this.#take(rows.length)) throw new NoRoom();
      for (const { createdAt, id } of rows) builder.add(createdAt, id);
    }
    return builder.build();
  }

  #rangeOf(slice: number): TimeRange {
    const { since = 0, until = Infinity } = this.#options.filter;
    const { fromS, toS } = this.#set.timesOf(slice);
    return { fromS: Math.max(fromS, since), toS: Math.min(toS, until + 1) };
  }
}

/** How long the database may work for one message, which has it read several times, one after the other. */
class MessageTime {
  readonly #asked: SlicedItemsOptions["asked"];
  #leftMs: number;
  #work: DatabaseWork | undefined = undefined;

  constructor(asked: SlicedItemsOptions["asked"]) {
    this.#asked = asked;
    this.#leftMs = asked.timeoutMs;
  }

  /** Begins with another message. */
  renew(): void {
    this.#leftMs = this.#asked.timeoutMs;
    this.#work = undefined;
  }

  /** For the next reading: it has what those before it left. */
  ofNext(): QueryOptions {
    this.#leftMs -= this.#work?.databaseMs ?? 0;
    this.#work = undefined;
    const onWork = (work: DatabaseWork) => {
      this.#work = work;
      this.#asked.onWork?.(work);
    };
    return { ...this.#asked, timeoutMs: Math.max(0, this.#leftMs), onWork };
  }
}
