import { deepEqual, equal, ok } from "node:assert/strict";
import { silentLog } from "../../../src/base/log.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import type { CountResult } from "../../../src/nostr/relay_message.ts";
import type {
  CountOptions,
  EventRecord,
  EventStore,
  QueryOptions,
  StoredEvent,
} from "../../../src/store/event_store.ts";
import { LocalFeed } from "../../../src/store/feed/local_feed.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { timeless } from "../../../src/store/store_clock.ts";
import { WindowStore } from "../../../src/store/window/window_store.ts";
import { disputedEvents } from "../../kit/disputed_events.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { generateFilter } from "../../kit/filter_generator.ts";
import { idsIn, newKey, recordOf, someEvent } from "../../kit/records.ts";
import { drawSeed, SeededRandom } from "../../kit/seeded_random.ts";

const seed = drawSeed();

/** Of promises, from one page to the next: as many as a batch that is put takes, about. */
const TURNS = 20;

/** Gives a few events at a time of what was there when it was asked, each time after others had their turn. */
class SlowStore extends MemoryStore {
  queries = 0;
  counts = 0;

  override count(filters: readonly ReqFilter[], options: CountOptions): Promise<CountResult> {
    this.counts++;
    return super.count(filters, options);
  }

  override async *query(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly StoredEvent[]> {
    this.queries++;
    const rows = (await Array.fromAsync(super.query(filters, options))).flat();
    for (let at = 0; at < rows.length; at += 7) {
      yield rows.slice(at, at + 7);
      for (let turn = 0; turn < TURNS; turn++) await undefined;
    }
  }
}

/** Of other instances' events, it never tells some. */
class DeafFeed extends LocalFeed {
  override readonly isShared = true;
  readonly untold = new Set<string>();

  override tell(events: readonly EventRecord[]): void {
    super.tell(events.filter(({ event }) => !this.untold.has(event.id)));
  }
}

class OthersStore extends SlowStore {
  override readonly feed = new DeafFeed();
}

function start(inner: SlowStore, maxBytes: number) {
  const clock = new FakeClock();
  const store = new WindowStore(inner, { maxBytes, clock: timeless, random: new SeededRandom(2) });
  return { clock, store, started: store.feed.start({ clock, log: silentLog }) };
}

async function untilFilled(store: WindowStore): Promise<void> {
  while (store.window.horizon > 0) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** The ids and times that the store lists. */
async function placesIn(store: EventStore, filters: readonly ReqFilter[]) {
  const rows = (await Array.fromAsync(store.identify(filters))).flat();
  return rows.map(({ id, createdAt }) => ({ id, createdAt }));
}

for (const [size, maxBytes] of [["a full", 150_000], ["an unbounded", 1e9]] as const) {
  Deno.test(`${size} window that fills while others write agrees with its store (seed ${seed})`, async () => {
    const random = new SeededRandom(seed);
    for (let round = 0; round < 12; round++) {
      const events = disputedEvents(random, 300);
      const inner = new SlowStore();
      const before = events.slice(0, random.int(events.length));
      await inner.put(before.map(recordOf));
      const { clock, store, started } = start(inner, maxBytes);
      await started;
      for (let at = before.length; at < events.length;) {
        const next = at + random.between(1, 20);
        await store.put(events.slice(at, next).map(recordOf));
        at = next;
        if (random.chance(0.2)) {
          const ids = [0, 1, 2].map(() => events[random.int(Math.min(at, events.length))]!.id);
          await store.erase({ ids, isRemembered: random.chance(0.5) });
          if (random.chance(0.5)) await store.restore(events.slice(0, at).map(({ id }) => id));
        }
        if (random.chance(0.1)) await changeBan(store, random.pick(events), random.chance(0.5));
        if (random.chance(0.1)) clock.advance(10_000);
        const filter = generateFilter(random, events);
        const [found, expected] = [await idsIn(store, filter), await idsIn(inner, filter)];
        const where = `seed ${seed}, round ${round}, event ${at}`;
        deepEqual(found, expected, where);
        const filters = Array.from({ length: random.between(1, 3) }, () => ({
          ...generateFilter(random, events),
          ...random.chance(0.7) && { since: store.window.horizon },
        }));
        deepEqual(await placesIn(store, filters), await placesIn(inner, filters), where);
        const bound = { maxRows: 1_000 };
        deepEqual(await store.count(filters, bound), await inner.count(filters, bound), where);
      }
      await store.close();
    }
  });
}

/** Bans a single event, or lets it be shown again. */
function changeBan(store: WindowStore, { id }: { id: string }, isBanned: boolean): Promise<void> {
  const change = { list: "banned-event", value: id, reason: isBanned ? "" : undefined } as const;
  return store.changeRules([change], { who: "", atS: 0 });
}

/** Asks for replaceable events of some authors, as clients do for profiles and lists. */
function askForAddresses(random: SeededRandom, authors: readonly string[]): ReqFilter {
  return {
    authors: new Set(random.sample(authors, random.between(1, 4))),
    kinds: new Set(random.sample([0, 3, 10_002, 10_003], random.between(1, 3))),
    tags: new Map(),
    ...random.chance(0.3) && { limit: random.between(1, 4) },
    ...random.chance(0.1) && { since: 1_700_000_500 },
  };
}

Deno.test(`what was asked of addresses agrees with the store, whatever happens (seed ${seed})`, async () => {
  const random = new SeededRandom(seed);
  let [asked, forwarded] = [0, 0];
  for (let round = 0; round < 10; round++) {
    const events = disputedEvents(random, 400);
    const authors = [...new Set(events.map(({ pubkey }) => pubkey)), "ee".repeat(32)];
    const inner = new SlowStore();
    const { clock, store, started } = start(inner, 150_000);
    await started;
    await untilFilled(store);
    for (let at = 0; at < events.length;) {
      const next = at + random.between(1, 6);
      const batch = events.slice(at, next).map(recordOf);
      at = next;
      const filters = Array.from(
        { length: random.between(1, 2) },
        () => askForAddresses(random, authors),
      );
      // Some are asked for while others are written.
      const early = idsIn(store, ...filters);
      if (random.chance(0.7)) await store.put(batch);
      else await Promise.all([store.put(batch), ...filters.map((filter) => idsIn(store, filter))]);
      if (random.chance(0.05)) await store.remove([random.pick(events).id]);
      if (random.chance(0.1)) {
        const ids = random.sample(events.slice(0, at), 5).map(({ id }) => id);
        await store.erase({ ids, isRemembered: random.chance(0.5) });
      }
      if (random.chance(0.05)) await store.restore(events.map(({ id }) => id));
      if (random.chance(0.03)) {
        await changeBan(store, random.pick(events), random.chance(0.7));
        clock.advance(10_000);
      }
      await early;
      const before = inner.queries;
      const found = await idsIn(store, ...filters);
      forwarded += inner.queries - before;
      asked++;
      deepEqual(found, await idsIn(inner, ...filters), `seed ${seed}, round ${round}, event ${at}`);
    }
    await store.close();
  }
  // It is no use if the store is asked all the same.
  ok(forwarded < 0.6 * asked, `${forwarded} of ${asked}`);
});

/** A store that is full of newer events, and one old profile. */
async function withOldProfile() {
  const inner = new SlowStore();
  const profile = someEvent({ kind: 0, created_at: 1 });
  const notes = Array.from({ length: 300 }, (_, i) => someEvent({ created_at: 1_000 + i }));
  await inner.put([profile, ...notes].map(recordOf));
  const { store, clock, started } = start(inner, 100_000);
  await started;
  while (store.window.horizon === Infinity || store.window.horizon < 1_000) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const ask = async (kind = 0, authors = [profile.pubkey]) => {
    inner.queries = 0;
    const kinds = new Set([kind]);
    return await idsIn(store, { authors: new Set(authors), kinds, limit: authors.length + 1 });
  };
  return { inner, store, clock, profile, ask };
}

Deno.test("a profile below the horizon is asked of the database once, and so is one that is not there", async () => {
  const { inner, store, profile, ask } = await withOldProfile();
  for (const [kind, found] of [[0, [profile.id]], [3, []]] as const) {
    deepEqual(await ask(kind), found);
    equal(inner.queries, 1);
    deepEqual(await ask(kind), found);
    equal(inner.queries, 0);
  }
  const list = someEvent({ kind: 3, created_at: 2 });
  await store.put([recordOf(list)]);
  deepEqual(await ask(3), [list.id]);
  equal(inner.queries, 1);
  await store.put([recordOf(someEvent({ kind: 5, created_at: 3, tags: [["e", list.id]] }))]);
  deepEqual(await ask(3), []);
  equal(inner.queries, 1);
  await store.close();
});

Deno.test("a profile below the horizon is not remembered beyond a ban, its removal or a request to vanish", async () => {
  const { store, profile, ask } = await withOldProfile();
  const rule = { list: "banned-key", value: profile.pubkey } as const;
  deepEqual(await ask(), [profile.id]);
  await store.changeRules([{ ...rule, reason: "" }], { who: "", atS: 0 });
  deepEqual(await ask(), []);
  await store.changeRules([{ ...rule, reason: undefined }], { who: "", atS: 0 });
  deepEqual(await ask(), [profile.id]);
  await store.close();

  const removed = await withOldProfile();
  deepEqual(await removed.ask(), [removed.profile.id]);
  await removed.store.remove([removed.profile.id]);
  deepEqual(await removed.ask(), []);
  await removed.store.close();

  const vanished = await withOldProfile();
  deepEqual(await vanished.ask(), [vanished.profile.id]);
  const request = someEvent({ kind: 62, created_at: 2, tags: [["relay", "ALL_RELAYS"]] });
  await vanished.store.put([recordOf(request)]);
  deepEqual(await vanished.ask(), []);
  await vanished.store.close();
});

Deno.test("a profile below the horizon is not remembered beyond what the operator decides about it", async () => {
  for (const isRemembered of [true, false]) {
    const { inner, store, profile, ask } = await withOldProfile();
    deepEqual(await ask(), [profile.id]);
    await store.erase({ ids: [profile.id], isRemembered });
    deepEqual(await ask(), []);
    equal(inner.queries, 1);
    deepEqual(await ask(), []);
    equal(inner.queries, 0);
    await store.restore([profile.id]);
    deepEqual(await store.put([recordOf(profile)]), ["stored"]);
    deepEqual(await ask(), [profile.id]);
    await store.close();
  }
  const { store, profile, ask } = await withOldProfile();
  deepEqual(await ask(), [profile.id]);
  await changeBan(store, profile, true);
  deepEqual(await ask(), []);
  await changeBan(store, profile, false);
  deepEqual(await ask(), [profile.id]);
  await store.close();
});

Deno.test("an answer that met its limit does not say what there is not", async () => {
  const { inner, store, profile } = await withOldProfile();
  const authors = new Set([profile.pubkey, newKey()]);
  for (let time = 0; time < 2; time++) {
    inner.queries = 0;
    deepEqual(await idsIn(store, { authors, kinds: new Set([0]), limit: 1 }), [profile.id]);
    equal(inner.queries, 1);
  }
  await store.close();
});

Deno.test("when the newest version has expired and was removed, an older one may be stored again", async () => {
  const clock = new FakeClock();
  const inner = new MemoryStore(clock);
  const store = new WindowStore(inner, { maxBytes: 1e6, clock, random: new SeededRandom(2) });
  await store.feed.start({ clock, log: silentLog });
  await untilFilled(store);
  const now = Math.floor(clock.nowMs() / 1_000);
  const older = someEvent({ kind: 0, created_at: now - 2 });
  const newer = someEvent({
    kind: 0,
    created_at: now - 1,
    tags: [["expiration", String(now + 5)]],
  });
  await store.put([recordOf(older)]);
  await store.put([recordOf(newer)]);
  clock.advance(10_000);
  deepEqual(await idsIn(store, {}), []);
  await store.removeExpired(10);
  await store.put([recordOf(older)]);
  deepEqual(await idsIn(store, {}), [older.id]);
  await store.close();
});

Deno.test("what the window has in full is not asked of the database", async () => {
  const inner = new SlowStore();
  const events = Array.from({ length: 50 }, (_, i) => someEvent({ created_at: 100 + i }));
  await inner.put(events.map(recordOf));
  const { store, started } = start(inner, 1e9);
  await started;
  await untilFilled(store);
  inner.queries = 0;
  equal((await idsIn(store, { limit: 10 })).length, 10);
  equal((await idsIn(store, { ids: new Set([events[7]!.id]) })).length, 1);
  equal((await idsIn(store, { kinds: new Set([7]) })).length, 0);
  equal((await placesIn(store, [{ tags: new Map(), since: 120 }])).length, 30);
  const tags = new Map([["t", new Set(["none"])]]);
  const counts = { count: 0, isApproximate: false, registers: new Uint8Array(256) };
  deepEqual(await store.count([{ tags }], { maxRows: 10 }), counts);
  equal(inner.queries, 0);
  equal(inner.counts, 0);
  // It counts no more than the database would.
  equal((await store.count([{ tags: new Map() }], { maxRows: 49 })).isApproximate, true);
  equal(inner.counts, 1);
  const sources: string[] = [];
  const onSource = (source: string) => void sources.push(source);
  const newest: ReqFilter = { tags: new Map(), limit: 1 };
  const searched: ReqFilter = { tags: new Map(), search: new Set(["x"]) };
  for (const filter of [newest, searched]) {
    await Array.fromAsync(store.query([filter], { onSource }));
  }
  deepEqual(sources, ["memory", "database"]);
  const rows = (filter: Partial<ReqFilter>, pieceBytes = 1e6) =>
    store.query([{ tags: new Map(), ...filter }], { pieceBytes: () => pieceBytes }).whole?.()
      ?.length;
  equal(rows({ limit: 10 }), 10, "at once");
  equal(rows({ kinds: new Set([7]) }), 0, "that there is nothing, too");
  equal(rows({ limit: 10 }, 100), undefined, "not what is longer than a piece");
  const steps: string[] = [];
  const options = { pieceBytes: () => 1, onLast: () => void steps.push("last") };
  for await (const rows of store.query([{ tags: new Map(), limit: 2 }], options)) {
    steps.push(...rows.map(({ id }) => id));
  }
  deepEqual(steps, [events[49]!.id, "last", events[48]!.id]);
  await store.close();
});

Deno.test("an event that is removed and comes again while the window fills is in it", async () => {
  const inner = new SlowStore();
  const events = Array.from({ length: 50 }, (_, i) => someEvent({ created_at: 100 + i }));
  await inner.put(events.map(recordOf));
  const { store, started } = start(inner, 1e9);
  await started;
  for (const event of [events[0]!, events[49]!]) {
    equal(await store.remove([event.id]), 1);
    deepEqual(await store.put([recordOf(event)]), ["stored"]);
  }
  await untilFilled(store);
  inner.queries = 0;
  equal((await idsIn(store, {})).length, 50);
  equal(inner.queries, 0);
  await store.close();
});

Deno.test("a window that fills keeps what it has when more is deleted than can be noted", async () => {
  const inner = new SlowStore();
  const events = Array.from({ length: 200 }, (_, i) => someEvent({ created_at: 100 + i }));
  await inner.put(events.map(recordOf));
  const { clock, store, started } = start(inner, 1e9);
  await started;
  while (store.window.horizon === Infinity) await undefined;
  const tags = () => Array.from({ length: 10_000 }, () => ["e", newKey()]);
  const requests = [1, 2, 3].map((second) =>
    someEvent({ kind: 5, pubkey: newKey(), created_at: 1_000 + second, tags: tags() })
  );
  await store.put(requests.map(recordOf));
  await new Promise((resolve) => setTimeout(resolve, 10));
  const { horizon, events: held } = store.window;
  ok(horizon > 0 && horizon < Infinity && held > requests.length, `${held} down to ${horizon}`);
  await store.put([recordOf(someEvent({ created_at: 50 }))]);
  clock.advance(10_000);
  await untilFilled(store);
  equal(store.window.events, 204);
  deepEqual(await idsIn(store, {}), await idsIn(inner, {}));
  await store.close();
});

Deno.test("a question that would look at too much is asked of the database", async () => {
  const inner = new SlowStore();
  const tags = Array.from({ length: 2_000 }, (_, i) => ["t", String(i)]);
  const tagged = Array.from({ length: 100 }, () => someEvent({ tags }));
  const naming = Array.from({ length: 101 }, () => someEvent({ tags: [["p", "x"]] }));
  await inner.put([...tagged, ...naming].map(recordOf));
  const { store, started } = start(inner, 1e9);
  await started;
  await untilFilled(store);
  inner.queries = 0;
  const both = new Map([["t", new Set(["7"])], ["p", new Set(["x"])]]);
  equal((await idsIn(store, { tags: both })).length, 0);
  equal(inner.queries, 1);
  await store.close();
});

Deno.test("a ban takes events out of the window, and its end brings them back", async () => {
  const inner = new SlowStore();
  const [banned, other] = [someEvent(), someEvent({ pubkey: "cd".repeat(32) })];
  await inner.put([banned, other].map(recordOf));
  const { clock, store, started } = start(inner, 1e9);
  await started;
  await untilFilled(store);
  const rule = { list: "banned-key", value: banned.pubkey } as const;
  await store.changeRules([{ ...rule, reason: "" }], { who: "", atS: 0 });
  equal(store.window.events, 1);
  const late = someEvent();
  await store.put([recordOf(late)]);
  deepEqual(await idsIn(store, {}), [other.id]);
  await store.changeRules([{ ...rule, reason: undefined }], { who: "", atS: 0 });
  deepEqual((await idsIn(store, {})).length, 3);
  clock.advance(10_000);
  await untilFilled(store);
  equal(store.window.events, 3);
  await store.close();
});

Deno.test("a version that is banned takes the one before with it", async () => {
  for (const isFilled of [true, false]) {
    const inner = new SlowStore();
    const notes = Array.from({ length: 50 }, (_, i) => someEvent({ created_at: 100 + i }));
    const older = someEvent({ kind: 0, created_at: 1 });
    const newer = someEvent({ kind: 0, created_at: 120 });
    await inner.put([older, ...notes].map(recordOf));
    const { clock, store, started } = start(inner, 1e9);
    await started;
    if (isFilled) await untilFilled(store);
    await changeBan(store, newer, true);
    await store.put([recordOf(newer)]);
    while (store.window.horizon > 0) {
      clock.advance(10_000);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    deepEqual(await idsIn(store, { tags: new Map(), kinds: new Set([0]) }), []);
    await store.close();
  }
});

Deno.test("who asks for what is banned, too, is answered by the database", async () => {
  const inner = new SlowStore();
  const [banned, other] = [someEvent({ created_at: 1 }), someEvent({ created_at: 2 })];
  await inner.put([banned, other].map(recordOf));
  const { store, started } = start(inner, 1e9);
  await started;
  await untilFilled(store);
  await changeBan(store, banned, true);
  for (const includesBanned of [true, false]) {
    const expected = includesBanned ? [other.id, banned.id] : [other.id];
    const sources: string[] = [];
    const onSource = (source: string) => void sources.push(source);
    const filters = [{ tags: new Map() }];
    const asked = { includesBanned, onSource };
    const found = (await Array.fromAsync(store.query(filters, asked))).flat();
    deepEqual(found.map(({ id }) => id), expected);
    deepEqual(sources, [includesBanned ? "database" : "memory"]);
    const named = (await Array.fromAsync(store.identify(filters, { includesBanned }))).flat();
    deepEqual(named.map(({ id }) => id), expected);
    const { count } = await store.count(filters, { maxRows: 10, includesBanned });
    equal(count, expected.length);
  }
  await store.close();
});

Deno.test("memory that is held for events of another shape is given up", async () => {
  const inner = new SlowStore();
  const { store, started } = start(inner, 2_000_000);
  await started;
  await untilFilled(store);
  for (let round = 0; round < 8; round++) {
    const tags = Array.from({ length: 1_000 }, (_, i) => ["t", `${round} ${i}`]);
    await store.put([recordOf(someEvent({ tags, created_at: 100 + round }))]);
  }
  equal(store.window.events, 8);
  for (let i = 0; i < 60; i++) {
    await store.put([recordOf(someEvent({ content: "x".repeat(30_000), created_at: 200 + i }))]);
  }
  // It is filled again, later.
  equal(store.window.horizon, Infinity);
  deepEqual((await idsIn(store, { limit: 100 })).length, 68);
  await store.close();
});

Deno.test("an author of very much who vanishes has the window filled again, later", async () => {
  const inner = new SlowStore();
  const theirs = Array.from({ length: 17_000 }, () => someEvent());
  const other = someEvent({ pubkey: "cd".repeat(32) });
  await inner.put([...theirs, other].map(recordOf));
  const { clock, store, started } = start(inner, 1e9);
  await started;
  await untilFilled(store);
  const request = someEvent({ kind: 62, tags: [["relay", "ALL_RELAYS"]] });
  await store.put([recordOf(request)]);
  deepEqual(store.window.events, 0);
  deepEqual(new Set(await idsIn(store, {})), new Set([request.id, other.id]));
  clock.advance(10_000);
  await untilFilled(store);
  deepEqual(store.window.events, 2);
  await store.close();
});

Deno.test("a request that names what others wrote does not cost the window, however much that is", async () => {
  const inner = new OthersStore();
  const [stranger, recipient] = [newKey(), newKey()];
  const tags = Array.from({ length: 1_000 }, () => ["p", newKey()]);
  const mentions = Array.from(
    { length: 60 },
    () => someEvent({ tags: [...tags, ["p", stranger]] }),
  );
  const wraps = Array.from({ length: 60 }, () => someEvent({ kind: 1059, tags }));
  const own = someEvent({ pubkey: stranger });
  const received = someEvent({ kind: 1059, tags: [["p", recipient]] });
  await inner.put([...mentions, ...wraps, own, received].map(recordOf));
  const { store, started } = start(inner, 1e9);
  await started;
  await untilFilled(store);
  const names = [...mentions, ...wraps, own].map(({ id }) => ["e", id]);
  const [relay, created_at] = [[["relay", "ALL_RELAYS"]], 200];
  await store.put([
    someEvent({ kind: 5, pubkey: stranger, created_at, tags: names }),
    someEvent({ kind: 5, pubkey: recipient, created_at, tags: [["e", received.id]] }),
    someEvent({ kind: 62, pubkey: stranger, created_at, tags: relay }),
  ].map(recordOf));
  equal(store.window.horizon, 0);
  const ids = new Set(await idsIn(store, {}));
  ok([...mentions, ...wraps].every(({ id }) => ids.has(id)));
  ok(!ids.has(own.id) && !ids.has(received.id));
  await store.close();
});

Deno.test("a version that was stored and deleted unheard takes the one before with it", async () => {
  const inner = new OthersStore();
  const [before, after, kept] = [
    someEvent({ kind: 0, created_at: 1 }),
    someEvent({ kind: 0, created_at: 2 }),
    someEvent({ kind: 3, created_at: 1 }),
  ];
  await inner.put([before, kept].map(recordOf));
  const { store, started } = start(inner, 1e9);
  await started;
  await untilFilled(store);
  inner.feed.untold.add(after.id);
  await inner.put([recordOf(after)]);
  const request = someEvent({ kind: 5, created_at: 3, tags: [["e", after.id]] });
  await inner.put([recordOf(request)]);
  await new Promise((resolve) => setTimeout(resolve, 10));
  deepEqual(await idsIn(store, {}), [request.id, kept.id]);
  await store.close();
});

Deno.test("an event that is removed and comes again while it is looked up stays in the window", async () => {
  const inner = new OthersStore();
  const profiles = Array.from({ length: 50 }, (_, i) => someEvent({ kind: 10_000 + i }));
  await inner.put(profiles.map(recordOf));
  const { store, started } = start(inner, 1e9);
  await started;
  await untilFilled(store);
  const removed = profiles[49]!;
  await inner.remove([removed.id]);
  const request = someEvent({ kind: 5, tags: [["e", newKey()]] });
  await store.put([recordOf(request)]);
  await store.put([recordOf(removed)]);
  await new Promise((resolve) => setTimeout(resolve, 10));
  equal((await idsIn(store, {})).length, 51);
  equal(store.window.events, 51);
  await store.close();
});

Deno.test("an event that is told after it was deleted and forgotten is not shown", async () => {
  const inner = new OthersStore();
  const { clock, store, started } = start(inner, 1e9);
  await started;
  await untilFilled(store);
  const event = someEvent();
  inner.feed.untold.add(event.id);
  await inner.put([recordOf(event)]);
  await store.erase({ ids: [newKey()], isRemembered: false });
  clock.advance(9_000);
  await store.erase({ ids: [event.id], isRemembered: false });
  clock.advance(1_000);
  inner.feed.untold.clear();
  inner.feed.tell([recordOf(event)]);
  clock.advance(9_000);
  await untilFilled(store);
  deepEqual(await idsIn(store, {}), []);
  await store.close();
});

Deno.test("an event that is told after its deletion is not shown, nor is what it replaced", async () => {
  const inner = new OthersStore();
  const before = someEvent({ kind: 0, created_at: 1 });
  const after = someEvent({ kind: 0, created_at: 2 });
  await inner.put([recordOf(before)]);
  const { store, started } = start(inner, 1e9);
  await started;
  await untilFilled(store);
  inner.feed.untold.add(after.id);
  await inner.put([recordOf(after)]);
  const request = someEvent({ kind: 5, created_at: 3, tags: [["e", after.id]] });
  await inner.put([recordOf(request)]);
  inner.feed.untold.clear();
  inner.feed.tell([recordOf(after)]);
  deepEqual(await idsIn(store, {}), [request.id]);
  await store.close();
});

Deno.test("an answer that is being given in pieces lets go of what it was made of", async () => {
  const { store, started } = start(new SlowStore(), 1e6);
  await started;
  await untilFilled(store);
  await store.put([recordOf(someEvent()), recordOf(someEvent())]);
  const answer = store.query([{ tags: new Map() }]);
  equal(answer.whole?.()?.length, 2);
  const pieces = answer[Symbol.asyncIterator]();
  equal(answer.whole?.()?.length, 0, "the events are held once");
  equal((await pieces.next()).value?.length, 2);
  await pieces.return?.();
  await store.close();
});
