/**
 * What every store promises about events that expire, and about being kept tidy.
 *
 * @see NIP-40
 * @module
 */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { hasExpired } from "../../src/nostr/expiration.ts";
import { matches } from "../../src/nostr/match.ts";
import type { EventStore } from "../../src/store/event_store.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { compare, type Place } from "../../src/store/read/scan.ts";
import type { StoreClock } from "../../src/store/store_clock.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { idsIn, newKey, recordOf, someEvent } from "../kit/records.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";

/** When the clocks of this suite begin, seconds since 1970. */
const START_S = 1_000;

const NEWEST: Place = { createdAt: Number.MAX_SAFE_INTEGER + 1, id: "" };

/** Registers the suite for stores that `open` gives, each empty. */
export function testTidying(name: string, open: (clock: StoreClock) => Promise<TidyStore>): void {
  const test: Test = (sentence, work) => {
    Deno.test(`${name}: ${sentence}`, async () => {
      const clock = new FakeClock(START_S * 1_000);
      const store = await open(clock);
      try {
        await work(store, clock);
      } finally {
        await store.close();
      }
    });
  };
  testHiding(test);
  testRemoving(test);
  testFilling(test);
  testErasing(test);
  testProbing(test);
}

type Test = (
  sentence: string,
  work: (store: TidyStore, clock: FakeClock) => Promise<void>,
) => void;

function testHiding(test: Test): void {
  test(
    "NIP40-02 NIP40-03 NIP40-04 an event is gone from the second that it names",
    async (store, clock) => {
      const event = expiring(START_S + 1, { tags: [["t", "x"], ["p", newKey()]] });
      await put(store, event);
      const filters = [
        {},
        { ids: new Set([event.id]) },
        { authors: new Set([event.pubkey]) },
        { kinds: new Set([1]) },
        { authors: new Set([event.pubkey]), kinds: new Set([1]) },
        { tags: new Map([["t", new Set(["x"])]]) },
        { tags: new Map([["t", new Set(["x", "y"])]]), kinds: new Set([1, 2]) },
      ];
      for (const filter of filters) deepEqual(await idsIn(store, filter), [event.id]);
      clock.advance(999);
      for (const filter of filters) deepEqual(await idsIn(store, filter), [event.id]);
      clock.advance(1);
      for (const filter of filters) {
        deepEqual(await idsIn(store, filter), []);
        equal(await countOf(store, filter), 0);
      }
      equal(await countOf(store, {}, { kinds: new Set([1]) }), 0);
    },
  );

  test("what has expired takes nothing from the limit", async (store, clock) => {
    const events = Array.from({ length: 900 }, (_, i) => {
      const fields = { created_at: 2_000 - i, tags: [["t", "x"]] };
      return i % 3 === 2 ? someEvent(fields) : expiring(START_S + 1, fields);
    });
    await put(store, ...events);
    clock.advance(1_000);
    const lasting = events.filter((_, i) => i % 3 === 2).map(({ id }) => id);
    for (const limit of [1, 7, 250, 300, 301]) {
      for (const filter of [{}, { tags: new Map([["t", new Set(["x"])]]) }]) {
        deepEqual(await idsIn(store, { ...filter, limit }), lasting.slice(0, limit));
      }
    }
  });

  test("X-06 when the newest version expires, no older one comes back", async (store, clock) => {
    const old = someEvent({ kind: 0, created_at: 1 });
    const young = expiring(START_S + 5, { kind: 0, created_at: 2 });
    await put(store, old);
    await put(store, young);
    clock.advance(5_000);
    deepEqual(await idsIn(store, { kinds: new Set([0]) }), []);
    deepEqual(await put(store, old), ["superseded"]);
    const newest = someEvent({ kind: 0, created_at: 3 });
    deepEqual(await put(store, newest), ["stored"]);
    clock.advance(100_000);
    deepEqual(await idsIn(store, { kinds: new Set([0]) }), [newest.id]);
  });

  const seed = drawSeed();
  test(`random filters find what has not expired (seed ${seed})`, async (store, clock) => {
    const random = new SeededRandom(seed);
    const distinct = new Map(generateEvents(random, 400).map((event) => [event.id, event]));
    const events = [...distinct.values()].map((event) =>
      random.chance(0.5) ? event : withExpiry(event, START_S + random.int(20))
    );
    await put(store, ...events);
    const all = new Set(await idsIn(store, {}));
    for (let i = 0; i < 60; i++) {
      if (i % 6 === 0) clock.advance(2_000);
      const { limit: _, ...filter } = generateFilter(random, events);
      const nowS = clock.nowMs() / 1_000;
      const expected = events.filter((event) =>
        all.has(event.id) && matches(filter, event) && !hasExpired(event, nowS)
      );
      const found = new Set(await idsIn(store, filter));
      deepEqual(found, new Set(expected.map(({ id }) => id)), `seed ${seed}, filter ${i}`);
    }
  });
}

function testRemoving(test: Test): void {
  test(
    "expired events are removed, the first to expire first, a few at a time",
    async (store, clock) => {
      const events = [3, 1, 2, 50].map((second) =>
        expiring(START_S + second, { tags: [["t", "x"]] })
      );
      const lasting = someEvent();
      await put(store, ...events, lasting);
      equal(await store.removeExpired(10), 0);
      clock.advance(10_000);
      equal(await store.removeExpired(2), 2);
      deepEqual((await surveyAll(store)).length, 3);
      equal(await store.removeExpired(2), 1);
      equal(await store.removeExpired(2), 0);
      deepEqual(new Set(await idsIn(store, {})), new Set([events[3]!.id, lasting.id]));
    },
  );

  test("a survey shows all events, the newest first, page by page", async (store) => {
    const events = Array.from({ length: 25 }, (_, i) => someEvent({ created_at: i >> 2, kind: i }));
    await put(store, ...events.filter(({ kind }) => kind !== 5));
    const seen = await surveyAll(store, 4);
    deepEqual(seen.toSorted(compare), seen);
    equal(seen.length, 24);
    const { id, pubkey, kind, created_at } = events[24]!;
    const { bytes, ...rest } = seen[0]!;
    deepEqual(rest, { id, pubkey, kind, createdAt: created_at });
    equal(bytes, recordOf(events[24]!).json.length);
  });

  test("an audit goes through all events, page by page, and finds nothing wrong", async (store) => {
    const random = new SeededRandom(11);
    const events = generateEvents(random, 200);
    await put(
      store,
      ...events,
      expiring(START_S + 9),
      someEvent({ kind: 30_023, tags: [["d", "x"]] }),
    );
    const stored = await surveyAll(store);
    const seen: string[] = [];
    for (let from: number | undefined = 0; from !== undefined;) {
      const page = await store.audit(from, 30);
      deepEqual(page.events.flatMap(({ faults }) => faults), []);
      equal(page.strayTags, 0);
      seen.push(...page.events.map(({ id }) => id));
      from = page.next;
    }
    deepEqual(seen.toSorted(), stored.map(({ id }) => id).toSorted());
  });

  test("what is rewritten is stored anew, and nothing comes back that is gone", async (store) => {
    const tags = [["t", "x"]];
    const [note, gone] = [someEvent({ tags }), someEvent({ tags })];
    const version = (created_at: number) => someEvent({ kind: 0, created_at, tags });
    const [old, newest] = [version(1), version(2)];
    await put(store, note, gone, newest);
    await store.remove([gone.id]);
    equal(await store.rewrite(note.id, recordOf(note)), "stored");
    equal(await store.rewrite(newest.id, recordOf(newest)), "stored");
    equal(await store.rewrite(gone.id, recordOf(gone)), undefined);
    equal(await store.rewrite(old.id, recordOf(old)), undefined);
    const found = await idsIn(store, { tags: new Map([["t", new Set(["x"])]]) });
    deepEqual(found.toSorted(), [note.id, newest.id].toSorted());
  });

  test("what was removed leaves no trace and may come again", async (store) => {
    const [gone, stays] = [0, 1].map(() => someEvent({ tags: [["t", "x"]] }));
    const version = someEvent({ kind: 0 });
    await put(store, gone!, stays!, version);
    equal(await store.remove([gone!.id, version.id, newKey()]), 2);
    equal(await store.remove([gone!.id]), 0);
    deepEqual(await idsIn(store, { tags: new Map([["t", new Set(["x"])]]) }), [stays!.id]);
    deepEqual(await put(store, gone!, version), ["stored", "stored"]);
  });
}

/** Events that the operator deletes, and what is banned. */
function testErasing(test: Test): void {
  test("what the operator deleted stays deleted, deletion requests too", async (store) => {
    const [gone, stays] = [0, 1].map(() => someEvent({ tags: [["t", "x"]] }));
    const request = someEvent({ kind: 5, tags: [["e", newKey()]] });
    await put(store, gone!, stays!, request);
    const ids = [gone!.id, request.id, newKey()];
    equal(await store.erase({ ids, isRemembered: true }), 2);
    equal(await store.erase({ ids, isRemembered: true }), 0);
    deepEqual(await idsIn(store, { tags: new Map([["t", new Set(["x"])]]) }), [stays!.id]);
    deepEqual(await put(store, gone!, request), ["deleted", "deleted"]);
    deepEqual(await put(store, stays!), ["duplicate"]);
    deepEqual(await idsIn(store, {}), [stays!.id]);
  });

  test("a version that the operator deleted brings no older one back", async (store) => {
    const profile = (created_at: number) => someEvent({ kind: 0, created_at });
    const [old, erased, newer] = [profile(1), profile(2), profile(3)];
    await put(store, old, erased);
    equal(await store.erase({ ids: [erased.id], isRemembered: true }), 1);
    deepEqual(await put(store, old), ["deleted"]);
    deepEqual(await put(store, erased), ["deleted"]);
    deepEqual(await idsIn(store, {}), []);
    deepEqual(await put(store, newer), ["stored"]);
    deepEqual(await idsIn(store, {}), [newer.id]);
  });

  test("what the operator deleted and did not have remembered may come again", async (store) => {
    const [note, version] = [someEvent(), someEvent({ kind: 0 })];
    await put(store, note, version);
    equal(await store.erase({ ids: [note.id, version.id], isRemembered: false }), 2);
    deepEqual(await idsIn(store, {}), []);
    deepEqual(await put(store, note, version), ["stored", "stored"]);
    deepEqual(await idsIn(store, {}), [note.id, version.id].toSorted());
  });

  test("what the operator deleted may come again when that is taken back, and nothing else", async (store) => {
    const profile = (created_at: number) => someEvent({ kind: 0, created_at });
    const [old, version] = [profile(1), profile(2)];
    const [note, other] = [someEvent(), someEvent()];
    const request = someEvent({ kind: 5, tags: [["e", other.id]] });
    await put(store, old, note, other);
    await put(store, version, request);
    await store.erase({ ids: [version.id, note.id, other.id], isRemembered: true });
    deepEqual(await put(store, version, note, other), ["deleted", "deleted", "deleted"]);
    equal(await store.restore([version.id, note.id, other.id, newKey()]), 3);
    equal(await store.restore([version.id]), 0);
    // The author asked for the deletion of one, and what the version had replaced does not come back.
    deepEqual(await put(store, old), ["deleted"]);
    deepEqual(await put(store, version, note, other), ["stored", "stored", "deleted"]);
    deepEqual(new Set(await idsIn(store, {})), new Set([version.id, note.id, request.id]));
  });

  test("a version that its author deleted as well stays deleted", async (store) => {
    const version = someEvent({ kind: 0, created_at: 2 });
    await put(store, version);
    await store.erase({ ids: [version.id], isRemembered: true });
    await put(store, someEvent({ kind: 5, tags: [["e", version.id]] }));
    equal(await store.restore([version.id]), 1);
    deepEqual(await put(store, version), ["deleted"]);
  });

  test("many are deleted at once, each told to whoever listens", async (store) => {
    const events = Array.from({ length: 300 }, (_, at) => someEvent({ created_at: at }));
    await put(store, ...events);
    const erasure = { ids: events.slice(10).map(({ id }) => id), isRemembered: true };
    const told = new Set<string>();
    await store.feed.start({
      clock: new FakeClock(),
      log: silentLog,
      onErased: ({ ids }) => ids.forEach((id) => told.add(id)),
    });
    equal(await store.erase(erasure), 290);
    deepEqual(await idsIn(store, {}), events.slice(0, 10).map(({ id }) => id).toReversed());
    deepEqual(told, new Set(erasure.ids));
  });

  test("what is banned is found where it is asked for", async (store) => {
    const [banned, spam, other] = [someEvent(), someEvent({ pubkey: newKey() }), someEvent()];
    await put(store, banned, spam, other);
    const rules = [
      { list: "banned-event" as const, value: banned.id, reason: "" },
      { list: "banned-key" as const, value: spam.pubkey, reason: "" },
    ];
    await store.changeRules(rules, { who: "test", atS: 1 });
    await store.rules();
    deepEqual(await idsIn(store, {}), [other.id]);
    const filters = [{ tags: new Map() }];
    const options = { includesBanned: true };
    const all = [banned, spam, other].map(({ id }) => id).toSorted();
    deepEqual(
      (await Array.fromAsync(store.query(filters, options))).flat().map(({ id }) => id),
      all,
    );
    const named = await Array.fromAsync(store.identify(filters, options));
    deepEqual(named.flat().map(({ id }) => id), all);
    equal((await store.count(filters, { ...options, maxRows: 10 })).count, 3);
  });
}

function testFilling(test: Test): void {
  test("what a store was filled with is found as in memory", async (store, clock) => {
    const random = new SeededRandom(7);
    const events = generateEvents(random, 300);
    const vanishing = { pubkey: events[40]!.pubkey, created_at: events[150]!.created_at };
    const vanish = someEvent({ ...vanishing, kind: 62, tags: [["relay", "ALL_RELAYS"]] });
    const batches = [events.slice(0, 150), [...events.slice(150, 200), vanish], events.slice(200)];
    const oracle = new MemoryStore(clock);
    const outcomes = await store.fill(async () => {
      const outcomes = [];
      for (const batch of batches) outcomes.push(await put(store, ...batch));
      return outcomes;
    });
    for (const [place, batch] of batches.entries()) {
      deepEqual(outcomes[place], await put(oracle, ...batch));
    }
    for (let i = 0; i < 100; i++) {
      const filter = generateFilter(random, events);
      deepEqual(await idsIn(store, filter), await idsIn(oracle, filter));
    }
  });

  test("what goes wrong while a store is filled is told, and what was written stays", async (store) => {
    const event = someEvent({ tags: [["t", "x"]] });
    const filling = store.fill(async () => {
      await put(store, event);
      throw new Error("no more lines");
    });
    await rejects(filling, { message: "no more lines" });
    deepEqual(await idsIn(store, { tags: new Map([["t", new Set(["x"])]]) }), [event.id]);
  });
}

function testProbing(test: Test): void {
  test("a probe of a store that works says so and changes nothing", async (store) => {
    await put(store, someEvent({}));
    for (const ability of ["read", "write"] as const) equal(await store.probe(ability), undefined);
    equal(await countOf(store, {}), 1);
  });

  test("how much is held is told", async (store) => {
    await put(store, someEvent({}));
    const { events, bytes } = await store.size();
    // A database estimates the events, and has none counted yet.
    ok(events === 0 || events === 1);
    ok(bytes > 100);
  });
}

async function surveyAll(store: TidyStore, limit = 100) {
  const seen = [];
  for (let place = NEWEST;;) {
    const page = await store.survey(place, limit);
    seen.push(...page);
    if (page.length < limit) return seen;
    place = page.at(-1)!;
  }
}

async function countOf(store: EventStore, ...filters: Parameters<typeof idsIn>[1][]) {
  const asked = filters.map((filter) => ({ tags: new Map(), ...filter }));
  return (await store.count(asked, { maxRows: 1_000 })).count;
}

async function put(store: EventStore, ...events: readonly NostrEvent[]) {
  return await store.put(events.map(recordOf));
}

function expiring(atS: number, fields: Partial<NostrEvent> = {}): NostrEvent {
  return withExpiry(someEvent(fields), atS);
}

function withExpiry(event: NostrEvent, atS: number): NostrEvent {
  return { ...event, tags: [...event.tags, ["expiration", `${atS}`]] };
}
