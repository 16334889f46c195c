/**
 * What every store promises that keeps counts and sums of ids by time.
 *
 * @see NIP-77
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { bytesToHex, hexToBytes } from "../../src/nostr/hex.ts";
import type { ItemSet } from "../../src/nostr/negentropy/item_set.ts";
import { SliceSums } from "../../src/nostr/negentropy/slice_set.ts";
import type { Reader } from "../../src/nostr/visibility.ts";
import type { TimeRange } from "../../src/store/event_store.ts";
import type { SliceOptions } from "../../src/store/slices/kept_slices.ts";
import type { StoreClock } from "../../src/store/store_clock.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { itemSetOf } from "../kit/reconciling_client.ts";
import { recordOf } from "../kit/records.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";

const STRANGER: Reader = { privateKinds: new Set([4, 1059, 21_059]), keys: new Set() };
const by = { who: "admin", atS: 1_700_000_000 };
const SECONDS = 6_000;

/** What a store is opened with. */
export interface SlicedOptions {
  readonly slices: SliceOptions;
  readonly clock: StoreClock;
}

/**
 * Registers the suite.
 *
 * @param open gives a place with what opens a store there: an empty one for the first that is opened.
 * @param writers how many stores write to a place at once.
 */
export function testSlices(
  name: string,
  place: () => Promise<(options: SlicedOptions) => Promise<TidyStore>>,
  writers: number,
): void {
  const seed = drawSeed();

  Deno.test(`${name}: NEG-15 NEG-16 NEG-17 slices are the sums of what is listed, whatever happens (seed ${seed})`, async () => {
    const world = await World.open(place, { seed, writers });
    try {
      for (let round = 0; round < 9; round++) {
        await world.change();
        await world.check(`seed ${seed}, round ${round}`);
      }
      await world.settle();
      await world.check(`seed ${seed}, at the end`);
      await world.checkLengths(`seed ${seed}`);
    } finally {
      await world.close();
    }
  });

  Deno.test(`${name}: slices are kept for the filters of the settings alone, and for no reader with more rights`, async () => {
    const world = await World.open(place, { seed: 3, writers: 1 });
    try {
      await world.change();
      await world.settle();
      const { slices } = world.store;
      const ask = (filter: Partial<ReqFilter>, reader: Reader = STRANGER) =>
        slices!.of({ tags: new Map(), ...filter }, { reader });
      ok(await ask({}) !== undefined);
      ok(await ask({ since: 5, until: 9 }) !== undefined);
      ok(await ask({ kinds: new Set([1, 0]) }) !== undefined);
      const somebody = { ...STRANGER, keys: new Set(["a".repeat(64)]) };
      ok(await ask({ kinds: new Set([1, 0]) }, somebody) !== undefined, "nothing of it is private");
      for (
        const other of [
          { kinds: new Set([1]) },
          { limit: 5 },
          { ids: new Set(["a".repeat(64)]) },
          { tags: new Map([["t", new Set(["x"])]]) },
        ]
      ) equal(await ask(other), undefined);
      equal(await ask({}, somebody), undefined);
      equal(await ask({}, { ...STRANGER, privateKinds: new Set([4]) }), undefined);
      equal(await slices!.of({ tags: new Map() }, {}), undefined);
    } finally {
      await world.close();
    }
  });

  Deno.test(`${name}: items are listed by slices for any range of time, as far as there are no more than asked for`, async () => {
    const world = await World.open(place, { seed: 6, writers: 1 });
    try {
      await world.store.put(world.records(0, 200));
      await world.settle();
      for (const filter of world.filters) {
        const slices = (await world.slicesOf(filter))!;
        const size = sizeOf(slices);
        const lastS = slices.from(slices.length - 1);
        const ranges = [{ fromS: 0, toS: Infinity }, { fromS: lastS, toS: lastS + 1 }];
        const ask = (maxItems: number) => world.itemsIn(filter, ranges, maxItems);
        equal((await ask(size))[0]!.size, size);
        ok((await ask(size))[1]!.size < size);
        equal((await ask(size - 1))[0], undefined);
        deepEqual(await world.itemsIn(filter, [], 1), []);
      }
      const nothing = { tags: new Map(), kinds: new Set<number>() };
      equal((await world.itemsIn(nothing, [{ fromS: 0, toS: 9 }], 1))[0]!.size, 0);
    } finally {
      await world.close();
    }
  });

  Deno.test(`${name}: whoever writes much and tends no slices adds its changes to them all the same`, async () => {
    const open = await place();
    const world = await World.open(() => Promise.resolve(open), { seed: 5, writers: 1 });
    const slices = { ...world.options.slices, stepRows: 50 };
    const importer = await open({ ...world.options, slices });
    try {
      await world.settle();
      // Into an empty database, the indexes of which are built afterwards.
      await importer.fill(() => importer.put(world.records(0, 300)));
      await world.check("filled");
      await world.checkLengths("filled");
      for (let from = 300; from < 600; from += 60) {
        await importer.put(world.records(from, from + 60));
      }
      await world.check("written");
      await world.checkLengths("written");
    } finally {
      await importer.close();
      await world.close();
    }
  });

  Deno.test(`${name}: what is summed up goes when the settings no longer name it, and is built when they do`, async () => {
    const open = await place();
    const world = await World.open(() => Promise.resolve(open), { seed: 4, writers: 1 });
    const none = await open({
      slices: { ...world.options.slices, filters: [] },
      clock: world.options.clock,
    });
    const again = await open(world.options);
    try {
      await world.change();
      await world.settle();
      const all = { tags: new Map() };
      const before = await world.slicesOf(all);
      ok(before !== undefined);
      while (await none.slices!.tend());
      equal(await world.slicesOf(all), undefined);
      await world.change();
      while (await again.slices!.tend());
      ok(await world.slicesOf(all) !== undefined);
      await world.check("built again");
    } finally {
      await none.close();
      await again.close();
      await world.close();
    }
  });
}

/** A place with stores on it, and what may happen there. */
class World {
  readonly #random: SeededRandom;
  readonly #stores: readonly TidyStore[];
  readonly #clock: FakeClock;
  /** Whatever may be put, often several times. */
  readonly #events: readonly NostrEvent[];
  readonly filters: readonly ReqFilter[];
  readonly options: SlicedOptions;

  /** Use {@link World.open}. */
  constructor(
    stores: readonly TidyStore[],
    parts: Pick<World, "filters" | "options"> & {
      readonly random: SeededRandom;
      readonly clock: FakeClock;
      readonly events: readonly NostrEvent[];
    },
  ) {
    this.#stores = stores;
    this.#random = parts.random;
    this.#clock = parts.clock;
    this.#events = parts.events;
    this.filters = parts.filters;
    this.options = parts.options;
  }

  static async open(
    place: () => Promise<(options: SlicedOptions) => Promise<TidyStore>>,
    { seed, writers }: { readonly seed: number; readonly writers: number },
  ): Promise<World> {
    const random = new SeededRandom(seed);
    const clock = new FakeClock(1_700_000_000_000);
    const events = eventsFor(random);
    const keys = [...new Set(events.map(({ pubkey }) => pubkey))];
    const filters = [
      {},
      { kinds: new Set([0, 1]) },
      { authors: new Set(keys.slice(0, 3)) },
      { kinds: new Set([1, 4, 7]), authors: new Set(keys.slice(2, 9)) },
    ];
    const options = {
      slices: { filters, privateKinds: STRANGER.privateKinds, sliceEvents: 10 },
      clock,
    };
    const open = await place();
    const stores: TidyStore[] = [];
    for (let i = 0; i < writers; i++) stores.push(await open(options));
    return new World(stores, {
      ...{ random, clock, events, options },
      filters: filters.map((filter) => ({ tags: new Map(), ...filter })),
    });
  }

  get store(): TidyStore {
    return this.#stores[0]!;
  }

  records(from: number, to: number) {
    return this.#events.slice(from, to).map(recordOf);
  }

  slicesOf(filter: ReqFilter) {
    return this.store.slices!.of(filter, { reader: STRANGER });
  }

  itemsIn(filter: ReqFilter, ranges: readonly TimeRange[], maxItems: number) {
    return this.store.slices!.itemsIn(filter, ranges, { reader: STRANGER, maxItems });
  }

  /** Several things at once, in several stores. */
  async change(): Promise<void> {
    const random = this.#random;
    await Promise.all(this.#stores.flatMap((store) =>
      Array.from({ length: 4 }, async () => {
        await this.#happen(store);
        if (random.chance(0.5)) await store.slices!.tend();
      })
    ));
    // What an instance knows of the bans it reads when it is told of a change.
    for (const store of this.#stores) await store.rules();
    if (random.chance(0.3)) this.#clock.advance(1_000 * random.int(SECONDS / 4));
  }

  async #happen(store: TidyStore): Promise<void> {
    const random = this.#random;
    const ids = await this.#listed({ tags: new Map() });
    const some = ids.length === 0 ? [] : random.sample(ids.map(({ id }) => id), 5);
    switch (random.int(9)) {
      case 0:
        // Banned ones and such that are not there, too.
        await store.remove([...some, ...random.sample(this.#events, 40).map(({ id }) => id)]);
        return;
      case 1:
        await store.erase({ ids: some, isRemembered: random.chance(0.5) });
        return;
      case 2: {
        const value = random.pick(this.#events).pubkey;
        await store.changeRules([{ list: "banned-key", value, reason: "spam" }], by);
        return;
      }
      case 3: {
        const bans = (await store.rules()).map(({ list, value }) => ({ list, value }));
        const lifted = bans.map((ban) => ({ ...ban, reason: undefined }));
        const banned = [...some, random.pick(this.#events).id].map((value) => ({
          list: "banned-event" as const,
          value,
          reason: "",
        }));
        await store.changeRules(random.sample([...lifted, ...banned], 3), by);
        return;
      }
      case 4:
        await store.removeExpired(20);
        return;
      default: {
        const from = random.int(this.#events.length);
        const batch = this.#events.slice(from, from + random.int(120));
        await store.put(batch.map(recordOf));
      }
    }
  }

  /** Has all that happened added up. */
  async settle(): Promise<void> {
    for (let i = 0; i < 3; i++) while (await this.store.slices!.tend());
  }

  async check(where: string): Promise<void> {
    for (const filter of this.filters) {
      const slices = await this.slicesOf(filter);
      // Not built yet.
      if (slices === undefined) continue;
      const rows = await this.#listed(filter);
      const ranges = rangesOf(slices);
      const inside = ranges.map(({ fromS, toS }) =>
        rows.filter(({ createdAt }) => createdAt >= fromS && createdAt < toS)
      );
      const expected = ranges.map(({ fromS }, at) => {
        const ids = inside[at]!.map(({ id }) => id);
        return [fromS, ids.length, ...wordsOf(ids)];
      });
      deepEqual(slices, new SliceSums(Float64Array.from(expected.flat())), where);
      equal(sizeOf(slices), rows.length, where);
      const items = await this.itemsIn(filter, ranges, sizeOf(slices));
      deepEqual(items.map(idsOf), inside.map((each) => idsOf(itemSetOf(each))), where);
    }
  }

  /** That slices are short, but for those that have a second with many events. */
  async checkLengths(where: string): Promise<void> {
    const { sliceEvents } = this.options.slices;
    for (const filter of this.filters) {
      const slices = (await this.slicesOf(filter))!;
      equal(slices.from(0), 0, where);
      const times = (await this.#listed(filter)).map(({ createdAt }) => createdAt);
      for (const [at, { fromS, toS }] of rangesOf(slices).entries()) {
        const count = slices.count(at);
        const inside = times.filter((time) => time >= fromS && time < toS);
        const sameSecond = Math.max(
          0,
          ...Map.groupBy(inside, (time) => time).values().map((each) => each.length),
        );
        ok(count <= 3 * Math.max(sliceEvents, sameSecond), `${count} from ${fromS}, ${where}`);
      }
    }
  }

  async #listed(filter: ReqFilter) {
    return (await Array.fromAsync(this.store.identify([filter], { reader: STRANGER }))).flat();
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
  }
}

function rangesOf(slices: SliceSums): readonly TimeRange[] {
  const froms = Array.from({ length: slices.length }, (_, at) => slices.from(at));
  return froms.map((fromS, at) => ({ fromS, toS: froms[at + 1] ?? Infinity }));
}

function sizeOf(slices: SliceSums): number {
  return rangesOf(slices).reduce((size, _, at) => size + slices.count(at), 0);
}

/** In the order of the set, each with its time. */
function idsOf(items: ItemSet | undefined): readonly string[] | undefined {
  return items && Array.from(
    { length: items.size },
    (_, at) => `${items.timestamp(at)} ${bytesToHex(items.id(at))}`,
  );
}

/** Some share a second, some expire, some delete others. */
function eventsFor(random: SeededRandom): readonly NostrEvent[] {
  const events = [0, 1, 20].flatMap((pace) =>
    generateEvents(random, 300, { authors: 12, pace, deletions: true })
  );
  return random.shuffled(events).map((event) => {
    const expiration = `${event.created_at + random.int(SECONDS)}`;
    return random.chance(0.1)
      ? { ...event, tags: [...event.tags, ["expiration", expiration]] }
      : event;
  });
}

/** The sums in the plainest way. */
function wordsOf(ids: readonly string[]): readonly number[] {
  return Array.from(
    { length: 8 },
    (_, word) =>
      ids.reduce(
        (sum, id) => sum + new DataView(hexToBytes(id).buffer).getUint32(4 * word, true),
        0,
      ),
  );
}
