/**
 * What every store promises of searching, of counting, and of tags that must all be there.
 *
 * @module
 */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { countAuthor, emptyRegisters, hyperLogLogOffset } from "../../src/nostr/hyperloglog.ts";
import { parseSearch } from "../../src/nostr/search.ts";
import type { EventRecord, EventStore } from "../../src/store/event_store.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { DEFAULT_SEARCH_CANDIDATES } from "../../src/store/search/search_walk.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { filterOf, idsIn, newKey, recordOf, someEvent } from "../kit/records.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";
import { eventsFor } from "./random_part.ts";

/** The kinds that a store under this suite makes searchable. */
export const SEARCHABLE_KINDS: ReadonlySet<number> = new Set([0, 1, 30_023]);

/** More than any test has events. */
const NO_BOUND = { maxRows: 100_000 };

/** Registers the suite for stores that `open` gives, each empty; with a part of the random rounds. */
export function testSearchAndCount(
  name: string,
  open: () => Promise<EventStore>,
  part = 1,
): void {
  const test = (sentence: string, work: (store: EventStore) => Promise<void>) => {
    Deno.test(`${name}: ${sentence}`, async () => {
      const store = await open();
      try {
        await work(store);
      } finally {
        await store.close();
      }
    });
  };
  testSearch(test);
  testAnswers(test);
  testCount(test);
  testRegisters(test);
  testAllTags(test);
  testSearchOracle(test, part);
}

/** A database on which stores are opened with kinds that are searchable. */
export type OpenWith = (searchableKinds?: ReadonlySet<number>) => Promise<EventStore>;

/** Registers the tests of stores that keep words apart from events; `place` gives an empty database. */
export function testWordIndex(name: string, place: () => Promise<OpenWith>): void {
  Deno.test(`${name}: NIP50 reindex finds what was stored while search was off, and only that`, async () => {
    const open = await place();
    await using off = ending(await open());
    const batch = Array.from({ length: 1_200 }, (_, i) => note({ content: `number${i} word` }));
    await off.store.put([...batch, note({ kind: 7, content: "word" })]);
    await using on = ending(await open(SEARCHABLE_KINDS));
    const fresh = note({ content: "a fresh word" });
    await on.store.put([fresh]);
    deepEqual(await found(on.store, "word"), ids([fresh]));
    let indexed = 0;
    for await (const count of on.store.reindex()) indexed += count;
    equal(indexed, 1_200);
    equal((await found(on.store, "word")).length, 1_201);
    deepEqual(await found(on.store, "number700"), ids([batch[700]!]));
    for await (const count of on.store.reindex()) equal(count, 0);
  });

  Deno.test(`${name}: NIP50-05 a version that replaces another while search is off takes its words along`, async () => {
    const open = await place();
    await using on = ending(await open(SEARCHABLE_KINDS));
    await using off = ending(await open());
    const version = (content: string, created_at: number) =>
      note({ kind: 30_023, content, created_at });
    await on.store.put([version("old words", 1)]);
    const young = version("young words", 2);
    await off.store.put([young]);
    deepEqual(await found(on.store, "words"), []);
    for await (const _ of on.store.reindex());
    deepEqual(await found(on.store, "words"), ids([young]));
    deepEqual(await found(on.store, "old"), []);
  });

  Deno.test(`${name}: reindex may be broken off and begun again`, async () => {
    const open = await place();
    await using off = ending(await open());
    await off.store.put(Array.from({ length: 1_100 }, () => note({ content: "word" })));
    await using on = ending(await open(SEARCHABLE_KINDS));
    for await (const count of on.store.reindex()) {
      equal(count, 500);
      break;
    }
    const reason = new Error("enough");
    await rejects(Array.fromAsync(on.store.reindex({ signal: AbortSignal.abort(reason) })), reason);
    equal((await found(on.store, "word")).length, 500);
    const counts = await Array.fromAsync(on.store.reindex());
    deepEqual(counts, [0, 500, 100]);
  });

  Deno.test(`${name}: NIP50 a common word is found among the newest events`, async () => {
    const open = await place();
    await using on = ending(await open(SEARCHABLE_KINDS));
    const batch = Array.from(
      { length: 10_500 },
      (_, i) =>
        note({
          content: i % 2_000 === 0 ? "common rare" : "common",
          pubkey: i % 1_000 === 0 ? BOB : ALICE,
        }),
    );
    await on.store.put(batch);
    const newest = ids(batch).reverse();
    deepEqual(await found(on.store, "common", { limit: 20 }), newest.slice(0, 20));
    const ofBob = ids(batch.filter(({ event }) => event.pubkey === BOB)).reverse();
    // The shorter ones are better.
    deepEqual(
      (await found(on.store, "common", { authors: new Set([BOB]) })).toSorted(),
      ofBob.toSorted(),
    );
    equal((await found(on.store, "common rare")).length, 6);
  });
}

function ending(store: EventStore): AsyncDisposable & { readonly store: EventStore } {
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

type Test = (sentence: string, work: (store: EventStore) => Promise<void>) => void;

function testSearch(test: Test): void {
  test("NIP50-01 a search finds words of the content, whatever their case", async (store) => {
    const [fox, dog] = [note({ content: "The quick brown Fox" }), note({ content: "A lazy dog" })];
    await store.put([fox, dog]);
    deepEqual(await found(store, "QUICK fox"), ids([fox]));
    deepEqual(await found(store, "quick dog"), []);
    deepEqual(await found(store, "qui"), []);
    deepEqual(new Set(await found(store, "a")), new Set(ids([dog])));
  });

  test("NIP50 short words, accents, other scripts and emoji are found", async (store) => {
    const texts = ["gm", "Über café", "東京都は大きい", "สวัสดีครับ", "한국어", "go 🎉 now", "x_1"];
    const batch = texts.map((content) => note({ content }));
    await store.put(batch);
    const searches = ["gm", "uber CAFÉ", "京都", "สวัสดี", "국어", "🎉", "x_1"];
    for (const [place, search] of searches.entries()) {
      deepEqual(await found(store, search), ids([batch[place]!]), search);
    }
    deepEqual(await found(store, "都京"), []);
  });

  test("NIP50-02 a search holds beside every other condition", async (store) => {
    const match = note({ content: "hello", tags: [["t", "x"], ["p", ALICE]], created_at: 500 });
    const others = [
      note({ content: "hello", pubkey: BOB }),
      note({ content: "hello", kind: 30_023 }),
      note({ content: "hello", tags: [["t", "y"]] }),
      note({ content: "hello", created_at: 499 }),
      note({ content: "bye", tags: [["t", "x"], ["p", ALICE]], created_at: 500 }),
    ];
    await store.put([match, ...others]);
    const t = new Map([["t", new Set(["x"])]]);
    const filters: readonly Partial<ReqFilter>[] = [
      { authors: new Set([ALICE]), kinds: new Set([1]), tags: t },
      { kinds: new Set([1]), since: 500, until: 500 },
      { tags: t, allTags: new Map([["p", new Set([ALICE])]]) },
      { ids: new Set(ids([match, others[4]!])) },
      { ids: new Set(ids([match])), authors: new Set([ALICE]), tags: t },
    ];
    for (const filter of filters) deepEqual(await found(store, "hello", filter), ids([match]));
    deepEqual(await found(store, "hello", { ids: new Set() }), []);
    deepEqual(await found(store, "hello", { limit: 0 }), []);
  });

  test("NIP50 kinds that are not searchable are not found", async (store) => {
    const batch = [note({ kind: 1, content: "hello" }), note({ kind: 7, content: "hello" })];
    await store.put(batch);
    deepEqual(await found(store, "hello"), ids([batch[0]!]));
  });

  test("NIP50 profiles are found by names, address and about, and by nothing else", async (store) => {
    const content = '{"name":"ann","nip05":"ann@flock.example","about":"bakes","picture":"zzz"}';
    const profile = note({ kind: 0, content });
    await store.put([profile, note({ kind: 0, pubkey: BOB, content: "bakes, but not as JSON" })]);
    for (const search of ["Ann", "flock.example", "bakes"]) {
      deepEqual(await found(store, search), ids([profile]), search);
    }
    deepEqual(await found(store, "zzz"), []);
  });

  test("NIP50-05 words of a version that was replaced are not found any more", async (store) => {
    const version = (content: string, created_at: number) =>
      note({ kind: 30_023, content, created_at, tags: [["d", "x"]] });
    await store.put([version("old words", 1)]);
    const young = version("young words", 2);
    await store.put([young]);
    await store.put([version("late words", 1)]);
    deepEqual(await found(store, "old"), []);
    deepEqual(await found(store, "late"), []);
    deepEqual(await found(store, "words"), ids([young]));
  });

  test("NIP50-05 NIP45-05 what was deleted is neither found nor counted", async (store) => {
    const [gone, stays] = [note({ content: "one word" }), note({ content: "two words, a word" })];
    await store.put([gone, stays]);
    await store.put([note({ kind: 5, tags: [["e", gone.event.id]] })]);
    deepEqual(await found(store, "word"), ids([stays]));
    deepEqual(await found(store, "one"), []);
    equal((await countOf(store, { kinds: new Set([1]) })).count, 1);
    equal((await countOf(store, { search: new Set(["word"]), kinds: SEARCHABLE_KINDS })).count, 1);
  });

  test("NIP50-07 signs of the database's own search syntax mean nothing", async (store) => {
    const event = note({ content: "alpha's (beta) & gamma:* | 'delta\\' <-> !" });
    await store.put([event]);
    for (
      const search of ["alpha's", "'", "(beta", "gamma:*", "| & !", "delta\\", "a:b:c beta", "<->"]
    ) {
      const words = parseSearch(search);
      const expected = words !== undefined && words.size > 0 ? ids([event]) : [];
      if (words !== undefined) deepEqual(await found(store, search), expected, search);
    }
    deepEqual(await found(store, "alpha OR nothing"), []);
  });

  test("NIP50 an event of many words is found by all that are looked at", async (store) => {
    const words = Array.from({ length: 6_000 }, (_, i) => `word${i}`);
    const event = note({ content: words.join(" ") });
    await store.put([event, note({ content: "same ".repeat(6_000) })]);
    deepEqual(await found(store, "word0 word3999"), ids([event]));
    deepEqual(await found(store, "word5000"), []);
    equal((await found(store, "same")).length, 1);
  });
}

function testAnswers(test: Test): void {
  test("NIP50-03 the best come first, and limit keeps them", async (store) => {
    const best = note({ kind: 30_023, content: "long text", tags: [["title", "Fox"], ["d", "1"]] });
    const good = note({ content: "fox fox fox" });
    const rest = Array.from(
      { length: 5 },
      () => note({ content: `a fox in ${"other ".repeat(200)}` }),
    );
    await store.put([best, good, ...rest]);
    deepEqual((await found(store, "fox")).slice(0, 2), ids([best, good]));
    deepEqual(await found(store, "fox", { limit: 1 }), ids([best]));
    equal((await found(store, "fox", { limit: 100 })).length, 7);
  });

  test("NIP50 of equally good ones the newest come first", async (store) => {
    const batch = Array.from({ length: 20 }, () => note({ content: "same words" }));
    await store.put(batch);
    deepEqual(await found(store, "words"), ids(batch).reverse());
    deepEqual(await found(store, "words", { limit: 3 }), ids(batch).reverse().slice(0, 3));
  });

  test("NIP50 of more than are compared the newest are", async (store) => {
    const batch = Array.from(
      { length: DEFAULT_SEARCH_CANDIDATES + 200 },
      (_, i) => note({ content: i < 300 ? "fox" : "fox and more words" }),
    );
    await store.put(batch);
    const [best, others] = [ids(batch.slice(200, 300)).reverse(), ids(batch.slice(300)).reverse()];
    deepEqual(await found(store, "fox"), [...best, ...others]);
    deepEqual(
      await found(store, "fox", { limit: 500 }),
      [...best, ...others.slice(0, 400)],
    );
  });

  test("NIP50 the best are chosen among four times as many as are wanted", async (store) => {
    const content = (i: number) => i % 350 === 0 ? "fox" : "fox and more words";
    const batch = Array.from({ length: 700 }, (_, i) => note({ content: content(i) }));
    await store.put(batch);
    const newest = ids(batch).reverse();
    // The better ones are the 350th and the 700th newest.
    const [better, oldest] = [newest[349]!, newest[699]!];
    deepEqual(await found(store, "fox", { limit: 3 }), newest.slice(0, 3));
    deepEqual(await found(store, "fox", { limit: 80 }), newest.slice(0, 80));
    deepEqual(await found(store, "fox", { limit: 100 }), [better, ...newest.slice(0, 99)]);
    deepEqual((await found(store, "fox", { limit: 200 })).slice(0, 2), [better, oldest]);
  });

  test("NIP50 several filters answer in turn, each event once", async (store) => {
    const batch = [note({ content: "one fox" }), note({ content: "two dogs" }), note()];
    await store.put(batch);
    const [fox, dogs, last] = ids(batch);
    const search = (text: string) => ({ tags: new Map(), search: parseSearch(text)! });
    deepEqual(await idsIn(store, search("dogs"), search("fox"), { limit: 10 }), [dogs, fox, last]);
  });
}

function testCount(test: Test): void {
  test("NIP45-01 NIP45-02 counts what matches, each event once", async (store) => {
    const batch = [1, 1, 7].map((kind) => note({ kind, tags: [["t", "a"], ["t", "b"]] }));
    await store.put(batch);
    const kind = (kind: number) => ({ kinds: new Set([kind]) });
    const counts: readonly (readonly [readonly Partial<ReqFilter>[], number])[] = [
      [[{}], 3],
      [[kind(1)], 2],
      [[kind(1), {}], 3],
      [[kind(1), kind(7)], 3],
      [[kind(1), kind(1)], 2],
      [[{ tags: new Map([["t", new Set(["a", "b"])]]) }], 3],
      [[{ ids: new Set(ids(batch)) }, { ids: new Set([newKey()]) }], 3],
      [[{ ids: new Set() }], 0],
      [[{ limit: 1 }], 3],
      [[{ limit: 0 }], 3],
      [[], 0],
    ];
    for (const [filters, count] of counts) {
      deepEqual(await countOf(store, ...filters), { count, isApproximate: false });
    }
  });

  test("NIP45-05 replaced versions do not count", async (store) => {
    for (const created_at of [1, 2, 3]) await store.put([note({ kind: 0, created_at })]);
    equal((await countOf(store, {})).count, 1);
  });

  test("NIP45 a count that meets its bound says so, and is not above the truth", async (store) => {
    await store.put(Array.from({ length: 30 }, () => note({ tags: [["t", "x"]] })));
    const filters = [{}, { kinds: new Set([1]) }, { tags: new Map([["t", new Set(["x"])]]) }];
    for (const filter of filters) {
      const bounded = (maxRows: number) => store.count([filterOf(filter)], { maxRows });
      const { count, isApproximate } = await bounded(30);
      deepEqual([count, isApproximate], [30, false]);
      const less = await bounded(20);
      ok(less.isApproximate && less.count >= 20 && less.count <= 30);
    }
    const several = await store.count([filterOf({}), filterOf({ since: 1 })], { maxRows: 20 });
    ok(several.isApproximate && several.count >= 20 && several.count <= 30);
  });

  test("NIP45 what is searched is counted", async (store) => {
    await store.put([
      note({ content: "fox" }),
      note({ content: "a fox" }),
      note({ content: "dog" }),
    ]);
    const search = new Set(["fox"]);
    equal((await countOf(store, { search, kinds: SEARCHABLE_KINDS })).count, 2);
    equal((await countOf(store, { search: new Set() })).count, 0);
  });

  test("a count that was aborted rejects with the signal's reason", async (store) => {
    const reason = new Error("no longer wanted");
    const options = { ...NO_BOUND, signal: AbortSignal.abort(reason) };
    await rejects(store.count([filterOf({})], options), reason);
  });

  test("a closed store does not count", async (store) => {
    await store.close();
    await rejects(countOf(store, {}), { name: "StoreUnavailable" });
  });
}

function testRegisters(test: Test): void {
  test("NIP45-08 registers are those of the authors of what matches", async (store) => {
    const tags = [["p", ALICE]];
    const batch = Array.from(
      { length: 300 },
      (_, i) => note({ kind: i % 3 === 0 ? 3 : 1, pubkey: newKey(), tags }),
    );
    const twice = note({ pubkey: batch[1]!.event.pubkey, tags });
    await store.put([...batch, twice, note({ pubkey: newKey(), tags: [["p", BOB]] })]);
    const p = new Map([["p", new Set([ALICE])]]);
    for (const filter of [{ tags: p }, { tags: p, kinds: new Set([3]) }, { tags: p, since: 150 }]) {
      const matching = [...batch, twice].filter(({ event }) =>
        (filter.kinds?.has(event.kind) ?? true) && event.created_at >= (filter.since ?? 0)
      );
      const registers = emptyRegisters();
      const offset = hyperLogLogOffset(filter)!;
      for (const { event } of matching) countAuthor(registers, event.pubkey, offset);
      const counted = await countOf(store, filter);
      deepEqual(counted, { count: matching.length, isApproximate: false, registers });
    }
  });

  test("NIP45-08 nobody is an empty register", async (store) => {
    await store.put([note({ tags: [["t", "x"]] })]);
    const { count, registers } = await countOf(store, { tags: new Map([["t", new Set(["y"])]]) });
    equal(count, 0);
    deepEqual(registers, emptyRegisters());
  });

  test("NIP45-09 there are none for filters that cannot be merged", async (store) => {
    await store.put([note({ tags: [["t", "x"]] })]);
    const t = new Map([["t", new Set(["x"])]]);
    const questions = [[{}], [{ tags: t }, { tags: t }], [{
      tags: new Map([["t", new Set("xy")]]),
    }]];
    for (const filters of questions) {
      equal("registers" in await countOf(store, ...filters), false);
    }
  });
}

function testAllTags(test: Test): void {
  test("NIP91-01 NIP91-02 every value of &t is there, beside one of #t", async (store) => {
    const with_ = (...values: readonly string[]) =>
      note({ tags: values.map((value) => ["t", value]) });
    const [ab, abc, a, bcd] = [
      with_("a", "b"),
      with_("a", "b", "c"),
      with_("a", "a"),
      with_("b", "c", "d"),
    ];
    await store.put([ab, abc, a, bcd]);
    const all = (...values: readonly string[]) => ({ allTags: new Map([["t", new Set(values)]]) });
    deepEqual(await idsIn(store, all("a", "b")), ids([abc, ab]));
    deepEqual(await idsIn(store, all("a")), ids([a, abc, ab]));
    deepEqual(await idsIn(store, all("a", "d")), []);
    deepEqual(await idsIn(store, all()), []);
    const tags = new Map([["t", new Set(["c", "d"])]]);
    deepEqual(await idsIn(store, { ...all("a", "b"), tags }), ids([abc]));
    deepEqual(
      await idsIn(store, { ...all("b", "c"), tags: new Map([["t", new Set(["d"])]]) }),
      ids([bcd]),
    );
    equal((await countOf(store, all("a", "b"))).count, 2);
  });

  test("NIP91-04 of several letters, with every other condition", async (store) => {
    const tags = [["e", "1"], ["e", "2"], ["p", ALICE], ["p", BOB]];
    const [one, list] = [note({ tags }), note({ kind: 3, tags, pubkey: BOB })];
    await store.put([one, list, note({ tags: tags.slice(1) })]);
    const allTags = new Map([["e", new Set(["1", "2"])], ["p", new Set([ALICE, BOB])]]);
    deepEqual(await idsIn(store, { allTags }), ids([list, one]));
    deepEqual(await idsIn(store, { allTags, kinds: new Set([3]) }), ids([list]));
    deepEqual(await idsIn(store, { allTags, authors: new Set([BOB]) }), ids([list]));
    deepEqual(await idsIn(store, { allTags, ids: new Set(ids([one])) }), ids([one]));
    deepEqual(await idsIn(store, { allTags, until: list.event.created_at, limit: 1 }), ids([list]));
  });
}

/** A seed of its own for each run, named in every failure; many rounds in tests/long/oracle_test.ts. */
export function testSearchOracle(test: Test, part: number): void {
  const seed = drawSeed();
  test(`random searches and counts agree with the oracle (seed ${seed})`, async (store) => {
    const random = new SeededRandom(seed);
    const oracle = new MemoryStore();
    const events = generateEvents(random, eventsFor(part, 1_500));
    for (const each of [store, oracle]) await each.put(events.map(recordOf));
    for (let i = 0; i < 60 * part; i++) {
      const asked = Array.from({ length: random.between(1, 3) }, () => question(random, events));
      const where = `seed ${seed}, question ${i}`;
      deepEqual(await countOf(store, ...asked), await countOf(oracle, ...asked), where);
      const unlimited = asked.map(({ limit: _, ...filter }) => filter);
      const [answer, expected] = await Promise.all([
        idsIn(store, ...unlimited),
        idsIn(oracle, ...unlimited),
      ]);
      // The order of what was searched for is each store's own.
      deepEqual(answer.toSorted(), expected.toSorted(), where);
    }
  });
}

function question(random: SeededRandom, events: readonly NostrEvent[]): ReqFilter {
  const filter = generateFilter(random, events);
  const tags = random.pick(events).tags.filter(([name, value]) => /^[a-z]$/.test(name!) && value);
  const letter = tags[0]?.[0];
  const values = tags.filter(([name]) => name === letter).slice(0, 3).map(([, value]) => value!);
  const search = new Set(
    random.sample(["relay", "everyone", "naive", "alice", "🎉", "no"], random.between(1, 2)),
  );
  return {
    ...filter,
    ...(letter !== undefined && random.chance(0.3) &&
      { allTags: new Map([[letter, new Set(values)]]) }),
    ...(random.chance(0.4) &&
      { search, kinds: filter.kinds?.intersection(SEARCHABLE_KINDS) ?? SEARCHABLE_KINDS }),
  };
}

const ALICE = newKey();
const BOB = newKey();
let clock = 100;

/** An event of ALICE's that is newer than those before; fields as given. */
function note(fields: Partial<NostrEvent> = {}): EventRecord {
  return recordOf(someEvent({ pubkey: ALICE, created_at: clock++, ...fields }));
}

function ids(records: readonly EventRecord[]): string[] {
  return records.map(({ event }) => event.id);
}

function found(
  store: EventStore,
  text: string,
  fields: Partial<ReqFilter> = {},
): Promise<string[]> {
  const kinds = fields.kinds ?? SEARCHABLE_KINDS;
  return idsIn(store, { ...fields, kinds, search: parseSearch(text)! });
}

function countOf(store: EventStore, ...filters: readonly Partial<ReqFilter>[]) {
  return store.count(filters.map(filterOf), NO_BOUND);
}
