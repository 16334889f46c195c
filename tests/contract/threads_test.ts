import { deepEqual, equal } from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { timeless } from "../../src/store/store_clock.ts";
import { WindowStore } from "../../src/store/window/window_store.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { disputedEvents } from "../kit/disputed_events.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { lentTo } from "../kit/lent_threads.ts";
import { idsIn, newKey, recordOf, someEvent } from "../kit/records.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { ToldEvents } from "../kit/told_events.ts";
import { testEventStore } from "./event_store_contract.ts";
import { testSearchAndCount } from "./search_contract.ts";
import { testTidying } from "./tidying_contract.ts";

const name = "memory, of another thread";

async function lent(inner: TidyStore): Promise<TidyStore> {
  return (await lentTo(1, inner))[0]!;
}

testEventStore({
  name,
  place: () =>
    Promise.resolve({
      open: () => lent(new MemoryStore()),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  keeps: false,
  shares: false,
});

testSearchAndCount(name, () => lent(new MemoryStore()));

testTidying(name, (clock) => lent(new MemoryStore(clock)));

/** Windows over one store in memory, as those of the threads of a relay. */
async function windows(count: number, memory = new MemoryStore()): Promise<WindowStore[]> {
  const stores = await lentTo(count, memory);
  return await Promise.all(stores.map(async (inner) => {
    const random = new SeededRandom(1);
    const options = { maxBytes: 100 * 1_048_576, clock: timeless, random };
    const window = new WindowStore(inner, options);
    const onRulesChanged = () => void window.rules();
    await window.feed.start({ clock: new FakeClock(), log: silentLog, onRulesChanged });
    while (window.window.horizon > 0) await nextTurn();
    return window;
  }));
}

const nextTurn = () => new Promise((resolve) => setTimeout(resolve));

const seed = Number(Deno.env.get("SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);

Deno.test(`what one thread is given, changes and deletes, the window of the other shows at once (seed ${seed})`, async () => {
  const random = new SeededRandom(seed);
  const oracle = new MemoryStore();
  const threads = await windows(2);
  const events = disputedEvents(random, 600);
  const filters = Array.from({ length: 20 }, () => generateFilter(random, events));
  for (let at = 0; at < events.length; at += 20) {
    const batch = events.slice(at, at + 20).map(recordOf);
    const writer = random.int(2);
    deepEqual(await threads[writer]!.put(batch), await oracle.put(batch));
    const sent = events.slice(0, at + 20);
    const ids = [0, 1, 2].map(() => random.pick(sent).id);
    const decides = random.int(4);
    for (const store of [threads[writer]!, oracle]) {
      if (decides === 0) await store.erase({ ids, isRemembered: true });
      if (decides === 1) await store.restore(ids);
      if (decides === 2) await store.remove(ids);
    }
    const expected = await Promise.all(filters.map((filter) => idsIn(oracle, filter)));
    const other = threads[1 - writer]!;
    deepEqual(await Promise.all(filters.map((filter) => idsIn(other, filter))), expected);
  }
  await Promise.all(threads.map((thread) => thread.close()));
});

Deno.test("a thread that answers from memory first takes what was sent to it", async () => {
  const memory = new MemoryStore();
  const [window] = await windows(1, memory);
  const events = Array.from({ length: 5 }, (_, at) => someEvent({ created_at: at }));
  for (const [at, event] of events.entries()) {
    // In one turn: the runtime cannot have handed it over. It may be at it where others came before.
    if (at % 2 === 1) await Promise.resolve();
    void memory.put([recordOf(event)]);
    const [newest] = window!.query([{ tags: new Map(), limit: 1 }]).whole!()!;
    equal(newest!.id, event.id);
  }
  await window!.close();
});

Deno.test("a ban of one thread hides events from the readers of the other", async () => {
  const [one, other] = await windows(2);
  const [spam, good] = [someEvent({ pubkey: newKey() }), someEvent()];
  await one!.put([spam, good].map(recordOf));
  const by = { who: "admin", atS: 1 };
  await one!.changeRules([{ list: "banned-key", value: spam.pubkey, reason: "" }], by);
  deepEqual(await idsIn(one!, {}), [good.id]);
  // It is told that there are other rules, and reads them.
  while ((await idsIn(other!, {})).length > 1) await nextTurn();
  deepEqual(await idsIn(other!, {}), [good.id]);
  await Promise.all([one!.close(), other!.close()]);
});

Deno.test("a thread that begins to listen reads the rules again", async () => {
  const [one, other] = await lentTo(2, new MemoryStore());
  const by = { who: "admin", atS: 1 };
  await one!.changeRules([{ list: "banned-key", value: newKey(), reason: "" }], by);
  const read = Promise.withResolvers<number>();
  const onRulesChanged = () => void other!.rules().then(({ length }) => read.resolve(length));
  await other!.feed.start({ clock: new FakeClock(), log: silentLog, onRulesChanged });
  equal(await read.promise, 1);
  await Promise.all([one!.close(), other!.close()]);
});

Deno.test("an event that came after its deletion is known to all threads", async () => {
  const [one, other] = await windows(2);
  const { pubkey } = someEvent();
  const address = { pubkey, kind: 30_000, tags: [["d", "x"]] };
  const [old, late] = [1, 3].map((created_at) => someEvent({ ...address, created_at }));
  const deletion = someEvent({ kind: 5, pubkey, created_at: 4, tags: [["e", late!.id]] });
  await one!.put([old!, deletion].map(recordOf));
  deepEqual(await other!.put([recordOf(late!)]), ["deleted"]);
  deepEqual(await idsIn(one!, { kinds: new Set([30_000]) }), []);
  await Promise.all([one!.close(), other!.close()]);
});

Deno.test("ephemeral events reach the other threads once, and nobody who has not begun to listen", async () => {
  const [one, two, deaf] = await lentTo(3, new MemoryStore());
  const told = [one!, two!, deaf!].map(({ feed }) => new ToldEvents(feed));
  const ports = { clock: new FakeClock(), log: silentLog };
  await Promise.all([one!.feed.start(ports), two!.feed.start(ports)]);
  const [first, second] = [someEvent({ kind: 20_000 }), someEvent({ kind: 20_000 })];
  one!.feed.publishEphemeral(recordOf(first));
  one!.feed.publishEphemeral(recordOf(second));
  await told[1]!.reached(2);
  // An answer comes after what was sent before.
  await Promise.all([one!, deaf!].map((store) => store.rules()));
  deepEqual(told.map(({ ids }) => ids), [[first.id, second.id], [first.id, second.id], []]);
  await Promise.all([one!, two!, deaf!].map((store) => store.close()));
});

Deno.test("a query that nobody reads on is ended in the thread that has the store", async () => {
  const inner = new MemoryStore();
  const ended = Promise.withResolvers<void>();
  const reads = { count: 0 };
  const query: TidyStore["query"] = async function* (_, { signal } = {}) {
    try {
      for (;; reads.count++) yield [{ seq: 1, id: "", createdAt: 1, json: new Uint8Array(1) }];
    } finally {
      equal(signal?.aborted, true);
      ended.resolve();
    }
  };
  const store = await lent(Object.assign(inner, { query }));
  for await (const _ of store.query([{ tags: new Map() }])) break;
  await ended.promise;
  equal(reads.count, 0, "nothing is read ahead");
  await store.close();
});
