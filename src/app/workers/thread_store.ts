/**
 * The store of a relay thread where another thread has the database.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { ItemSet } from "../../nostr/negentropy/item_set.ts";
import { SliceSums } from "../../nostr/negentropy/slice_set.ts";
import type {
  EventFeed,
  EventRecord,
  FeedOptions,
  ItemsOptions,
  PutOutcome,
  QueryOptions,
  Slices,
  TimeRange,
  ToldRecord,
} from "../../store/event_store.ts";
import type { DiskSpace } from "../../store/write/upkeep.ts";
import { recordsOf } from "../control/lent_store.ts";
import { RemoteStore, sentOptions } from "../control/remote_store.ts";
import type { DiskWatch } from "../database/disk_watch.ts";
import { type News, type Packed, type StoreAccess, unpack } from "./store_messages.ts";
import { ThreadLink } from "./thread_link.ts";

/** After so many bytes of news a thread says that it has taken them. */
const TOOK_BYTES = 262_144;

/** How many ephemeral events are sent in a message, at the end of the turn in which they came. */
const MAX_EPHEMERAL = 1_000;

/** Asks the thread that has the store. Its feed tells what any thread stores. */
export class ThreadStore extends RemoteStore {
  readonly slices: Slices | undefined;
  readonly #feed: ThreadFeed;
  readonly #disk: DiskWatch | undefined;

  /** @param disk on which the database is; it ends with the store */
  constructor(access: StoreAccess, disk?: DiskWatch) {
    const link = new ThreadLink(access, (news) => feed.take(news));
    const feed = new ThreadFeed(link);
    super(link, feed);
    this.#feed = feed;
    this.#disk = disk;
    this.slices = access.hasSlices ? slicesBehind(link) : undefined;
  }

  get disk(): DiskSpace | undefined {
    return this.#disk;
  }

  override put(batch: readonly EventRecord[]): Promise<readonly PutOutcome[]> {
    return this.#feed.whilePutting(batch, () => super.put(batch));
  }

  override async close(): Promise<void> {
    this.#disk?.close();
    await super.close();
  }
}

function slicesBehind(link: ThreadLink): Slices {
  return {
    async of(filter: ReqFilter, options: QueryOptions) {
      const args = [filter, sentOptions(options)];
      const numbers = await link.call<Float64Array | undefined>("slicesOf", args, options);
      return numbers && new SliceSums(numbers);
    },
    async itemsIn(filter: ReqFilter, ranges: readonly TimeRange[], options: ItemsOptions) {
      const { maxItems } = options;
      const args = [filter, ranges, { ...sentOptions(options), maxItems }];
      const sets = await link.call<readonly (ItemSet["columns"] | undefined)[]>(
        "itemsIn",
        args,
        options,
      );
      return sets.map((columns) => columns && new ItemSet(...columns));
    },
    tend: () => link.call("tendSlices", []),
  };
}

/**
 * Announces what the thread that has the store tells. That comes in order with its answers: what a query
 * finds has been told.
 */
class ThreadFeed implements EventFeed {
  readonly isShared = false;
  readonly isCurrent = true;
  readonly #link: ThreadLink;
  readonly #subscribers: ((events: readonly ToldRecord[]) => void)[] = [];
  /** The events that this thread is storing, which need not be sent back, by id. */
  readonly #putting = new Set<ReadonlyMap<string, EventRecord>>();
  #options: Partial<FeedOptions> = {};
  #ephemeral: Uint8Array[] = [];
  /** Bytes of news that were taken since the store was told so. */
  #tookBytes = 0;

  constructor(link: ThreadLink) {
    this.#link = link;
  }

  catchUp(): boolean {
    return this.#link.catchUp();
  }

  subscribe(onEvents: (events: readonly ToldRecord[]) => void): void {
    this.#subscribers.push(onEvents);
  }

  async start(options: FeedOptions): Promise<void> {
    this.#options = options;
    await this.#link.call("hear", []);
    // They may have changed since they were read, and nobody was told.
    options.onRulesChanged?.();
  }

  wasDelivered(_seq: number): boolean {
    return true;
  }

  publishEphemeral(record: EventRecord): void {
    this.#tell([record]);
    if (this.#ephemeral.length >= MAX_EPHEMERAL) return;
    this.#ephemeral.push(record.json);
    if (this.#ephemeral.length > 1) return;
    queueMicrotask(() => {
      this.#link.sendEphemeral(this.#ephemeral);
      this.#ephemeral = [];
    });
  }

  async whilePutting<T>(batch: readonly EventRecord[], work: () => Promise<T>): Promise<T> {
    const own = new Map(batch.map((record) => [record.event.id, record]));
    this.#putting.add(own);
    try {
      return await work();
    } finally {
      this.#putting.delete(own);
    }
  }

  take(news: News): void {
    const { onLateEvent, onRulesChanged, onErased, onRestored } = this.#options;
    switch (news.type) {
      case "told":
        return this.#takeTold(news);
      case "ephemeral":
        return this.#tell(this.#read(news.jsons));
      case "late":
        for (const { event } of this.#read(news.jsons)) onLateEvent?.(event);
        return;
      case "rules":
        return onRulesChanged?.();
      case "erased":
        return onErased?.(news.erasure);
      case "restored":
        return onRestored?.(news.ids);
    }
  }

  #takeTold({ events, jsons }: News & { readonly type: "told" }): void {
    const others = this.#read(jsons).values();
    this.#tell(events.map(({ seq, own }) => {
      const record = own === undefined ? others.next().value : this.#own(own);
      assert(record !== undefined, "what is told is there");
      return { ...record, ...seq !== undefined && { seq } };
    }));
  }

  /** The events of news. */
  #read(jsons: Packed): readonly EventRecord[] {
    this.#noteTaken(jsons.bytes.length);
    return recordsOf(unpack(jsons));
  }

  #own(id: string): EventRecord | undefined {
    for (const records of this.#putting) {
      const record = records.get(id);
      if (record !== undefined) return record;
    }
    return undefined;
  }

  #tell(events: readonly ToldRecord[]): void {
    if (events.length === 0) return;
    for (const onEvents of this.#subscribers) onEvents(events);
  }

  #noteTaken(bytes: number): void {
    this.#tookBytes += bytes;
    if (this.#tookBytes < TOOK_BYTES) return;
    this.#link.took(this.#tookBytes);
    this.#tookBytes = 0;
  }
}
