import { deepEqual, equal } from "node:assert/strict";
import { hexToBytes } from "../../../src/nostr/hex.ts";
import type { ItemSet } from "../../../src/nostr/negentropy/item_set.ts";
import { SliceSums } from "../../../src/nostr/negentropy/slice_set.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import {
  type QueryOptions,
  QueryTimedOut,
  StoreUnavailable,
  type TimeRange,
} from "../../../src/store/event_store.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { FakeRelay, settle } from "../../kit/fake_relay.ts";
import { itemSetOf } from "../../kit/reconciling_client.ts";
import { testLimits } from "../../kit/limits.ts";
import { recordOf, someEvent } from "../../kit/records.ts";

/** Nothing, from the beginning to the end of time. */
const NOTHING = "6100000200";
/** Nothing before 40, and no more. */
const UNTIL_40 = "6129000200";
/** Nothing before 40, and nothing from then on. */
const IN_TWO_RANGES = `${UNTIL_40}00000200`;

/** Memory that gives slices of ten seconds, and counts what is listed. */
class SlicedStore extends MemoryStore {
  readonly listed: ReqFilter[] = [];
  onList = () => Promise.resolve();
  /** How many items a slice may have that are not listed in pages. */
  most = Infinity;
  /** How long the database works for each slice. */
  workMs = 0;

  readonly slices = {
    of: async (filter: ReqFilter, options: QueryOptions): Promise<SliceSums> => {
      const { since: _, until: __, ...all } = filter;
      const rows = (await Array.fromAsync(super.identify([all], options))).flat();
      const slices = Array.from({ length: 10 }, (_, at) => {
        const fromS = 10 * at;
        const ids = rows.filter(({ createdAt }) => Math.floor(createdAt / 10) === at)
          .map(({ id }) => new DataView(hexToBytes(id).buffer));
        const words = Array.from(
          { length: 8 },
          (_, word) => ids.reduce((sum, view) => sum + view.getUint32(4 * word, true), 0),
        );
        return [fromS, ids.length, ...words];
      });
      return new SliceSums(Float64Array.from(slices.flat()));
    },
    itemsIn: async (
      filter: ReqFilter,
      ranges: readonly TimeRange[],
      { maxItems, ...options }: QueryOptions & { readonly maxItems: number },
    ): Promise<readonly (ItemSet | undefined)[]> => {
      const filters = ranges.map(({ fromS, toS }) => ({
        ...{ ...filter, since: fromS },
        ...toS < Infinity && { until: toS - 1 },
      }));
      const rows = (await Array.fromAsync(this.identify(filters, options))).flat();
      return ranges.map(({ fromS, toS }) => {
        const inside = rows.filter(({ createdAt }) => createdAt >= fromS && createdAt < toS);
        return inside.length > Math.min(this.most, maxItems) ? undefined : itemSetOf(inside);
      });
    },
    tend: () => Promise.resolve(false),
  };

  override async *identify(filters: readonly ReqFilter[], options?: QueryOptions) {
    this.listed.push(...filters);
    const { timeoutMs = Infinity, onWork } = options ?? {};
    const databaseMs = this.workMs * filters.length;
    onWork?.({ plan: "", databaseMs });
    if (databaseMs > timeoutMs) throw new QueryTimedOut(timeoutMs);
    await this.onList();
    yield* super.identify(filters, options);
  }
}

async function withEvents(count: number) {
  const store = new SlicedStore();
  await store.put(
    Array.from({ length: count }, (_, at) => recordOf(someEvent({ created_at: at }))),
  );
  return { store, world: new FakeRelay({ store }) };
}

async function said(peer: ReturnType<FakeRelay["connect"]>, text: string): Promise<unknown[][]> {
  peer.say(text);
  await settle();
  return peer.takeSent().map((each) => JSON.parse(each));
}

Deno.test("NEG-12 by slices more events are compared than may be listed", async () => {
  const { store, world } = await withEvents(80);
  const peer = world.connect();
  const [[verb, , message]] = await said(peer, `["NEG-OPEN","n",{},"${NOTHING}"]`) as [string[]];
  equal(verb, "NEG-MSG");
  equal(message!.length, 2 * (1 + 2 + 1 + 1) + 80 * 64);
  deepEqual(store.listed.map(({ since, until }) => [since, until]).slice(0, 2), [[0, 9], [10, 19]]);
  peer.hangUp();
  await settle();
  equal(world.clock.timerCount, 0);
});

Deno.test("a slice that has more items by now than are read at once is listed in pages", async () => {
  const { store, world } = await withEvents(80);
  store.most = 9;
  const peer = world.connect();
  const [[, , message]] = await said(peer, `["NEG-OPEN","n",{},"${NOTHING}"]`) as [string[]];
  equal(message!.length, 2 * (1 + 2 + 1 + 1) + 80 * 64);
  // All eight at once, and then one by one.
  equal(store.listed.length, 16);
  peer.hangUp();
});

Deno.test("NEG-15 since and until cut the first slice and the last one", async () => {
  const { store, world } = await withEvents(80);
  const peer = world.connect();
  const [[, , message]] = await said(
    peer,
    `["NEG-OPEN","n",{"since":15,"until":24},"${NOTHING}"]`,
  ) as [string[]];
  equal(message, `610000020a${message!.slice(10)}`);
  equal(message!.length, 10 + 10 * 64);
  deepEqual(store.listed.map(({ since, until }) => [since, until]), [[15, 19], [20, 24]]);
  const [[, , one]] = await said(
    peer,
    `["NEG-OPEN","n",{"since":33,"until":33},"${NOTHING}"]`,
  ) as [string[]];
  equal(one!.length, 10 + 64);
  peer.hangUp();
});

Deno.test("a message that comes before the answer to the last one ends the session, and what it held is free", async () => {
  const { store, world } = await withEvents(80);
  const peer = world.connect();
  await said(peer, `["NEG-OPEN","n",{},"61"]`);
  const { promise, resolve } = Promise.withResolvers<void>();
  store.onList = () => promise;
  deepEqual(await said(peer, `["NEG-MSG","n","6142000200"]`), []);
  // While it is the relay's turn, nobody was silent.
  world.clock.advance(20_000);
  await settle();
  deepEqual(peer.takeSent().filter((each) => each.startsWith('["NEG')), []);
  deepEqual(await said(peer, `["NEG-MSG","n","${NOTHING}"]`), [
    ["NEG-ERR", "n", "invalid: the answer to the message before has not been sent"],
  ]);
  resolve();
  await settle();
  deepEqual(peer.takeSent(), []);
  store.onList = () => Promise.resolve();
  for (let i = 0; i < 20; i++) {
    equal((await said(peer, `["NEG-OPEN","n",{},"${NOTHING}"]`))[0]![0], "NEG-MSG");
  }
  peer.hangUp();
});

Deno.test("a database that fails while slices are read ends the session, error:", async () => {
  const { store, world } = await withEvents(80);
  store.onList = () => Promise.reject(new StoreUnavailable("away"));
  const peer = world.connect();
  const [[verb, id, why]] = await said(peer, `["NEG-OPEN","n",{},"${NOTHING}"]`) as [string[]];
  deepEqual([verb, id, why!.split(":")[0]], ["NEG-ERR", "n", "error"]);
  peer.hangUp();
});

Deno.test("all that is read for one message has one time limit, and each message has its own", async () => {
  const { store, world } = await withEvents(80);
  const peer = world.connect();
  store.workMs = testLimits.syncTimeoutMs / 5;
  // Of eight slices with events each message reads four.
  equal((await said(peer, `["NEG-OPEN","n",{},"${UNTIL_40}"]`))[0]![0], "NEG-MSG");
  equal((await said(peer, `["NEG-MSG","n","${NOTHING}"]`))[0]![0], "NEG-MSG");
  store.listed.length = 0;
  // Four for each range.
  deepEqual(await said(peer, `["NEG-OPEN","n",{},"${IN_TWO_RANGES}"]`), [
    [
      "NEG-ERR",
      "n",
      `error: the database worked longer than ${testLimits.syncTimeoutMs} ms for it`,
    ],
  ]);
  equal(store.listed.length, 8);
  peer.hangUp();
});
