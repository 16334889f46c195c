/**
 * What every store promises, as one suite. A store's own test file calls {@link testEventStore}.
 *
 * @module
 */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { utf8Decode } from "../../src/base/bytes.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import type { EventRecord, EventStore, RuleStore } from "../../src/store/event_store.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { generateEvents, ODD_STRINGS } from "../kit/event_generator.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { filterOf, idsIn, newKey, recordOf, someEvent } from "../kit/records.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";
import { testDeletion, testDeletionOracle } from "./deletion_contract.ts";
import { testEventFeed } from "./feed_contract.ts";
import { testNewcomers } from "./newcomers_contract.ts";
import { eventsFor } from "./random_part.ts";
import { testRules } from "./rules_contract.ts";
import { testVisibility } from "./visibility_contract.ts";

/** An empty place for events. */
export interface Place extends AsyncDisposable {
  /** A store on this place. */
  open(): Promise<EventStore & RuleStore>;
}

/** A kind of store and what it does not promise. */
export interface Subject {
  readonly name: string;
  readonly place: () => Promise<Place>;
  /** Whether events are there again after the store was closed and opened. */
  readonly keeps: boolean;
  /** Whether several stores may be open on one place. */
  readonly shares: boolean;
  /** What part of the random rounds it goes through: for the SQL of another store, `FEWER`. */
  readonly part?: number;
}

/** Registers the suite for one kind of store. */
export function testEventStore(subject: Subject): void {
  const test = testOf(subject);
  testOutcomes(test);
  testVersions(test);
  testFilters(test);
  testOrder(test);
  testVisibility(test, subject.part ?? 1);
  testRules(test);
  testNewcomers(test);
  testDeletion(subject, test);
  testConnection(subject);
}

/**
 * Registers what a store owes to the way that it reaches its database, and whatever chance draws: enough
 * where another store goes through the whole suite with the same program of the same version.
 */
export function testConnection(subject: Subject): void {
  const test = testOf(subject);
  testStrings(test);
  testLife(test);
  testFilterOracle(test, subject.part ?? 1);
  testDeletionOracle(test, subject.part ?? 1);
  testEventFeed(subject);
  if (subject.keeps) testKeeping(subject);
  if (subject.shares) testSharing(subject);
}

type Test = (sentence: string, work: (store: EventStore & RuleStore) => Promise<void>) => void;

function testOf(subject: Subject): Test {
  return (sentence, work) => {
    Deno.test(`${subject.name}: ${sentence}`, async () => {
      await using place = await subject.place();
      const store = await place.open();
      try {
        await work(store);
      } finally {
        await store.close();
      }
    });
  };
}

function testOutcomes(test: Test): void {
  test("an empty batch has no outcomes", async (store) => {
    deepEqual(await store.put([]), []);
  });

  test("NIP01-14 a new event is stored, a known one is a duplicate", async (store) => {
    const [a, b] = [note(), note()];
    deepEqual(await store.put([a]), ["stored"]);
    deepEqual(await store.put([a, b]), ["duplicate", "stored"]);
    deepEqual(await idsIn(store, {}), ids(newest(a, b)));
  });

  test("an event that comes twice in a batch is a duplicate the second time", async (store) => {
    const a = note();
    deepEqual(await store.put([a, note(), a]), ["stored", "stored", "duplicate"]);
    equal((await idsIn(store, {})).length, 2);
  });

  test("a batch of a thousand events is stored whole", async (store) => {
    const batch = Array.from({ length: 1_000 }, (_, i) => note({ created_at: 1_000 + i }));
    deepEqual(new Set(await store.put(batch)), new Set(["stored"]));
    deepEqual(await idsIn(store, {}), ids(batch).reverse());
  });

  test("NIP01-65 what was stored is visible to a query that starts then", async (store) => {
    for (let i = 0; i < 20; i++) {
      const event = note({ created_at: 5_000 + i });
      await store.put([event]);
      deepEqual(await idsIn(store, { limit: 1 }), ids([event]));
    }
  });

  test("batches that are put at the same time are all stored", async (store) => {
    const batches = Array.from({ length: 10 }, () => [note(), note(), note()]);
    await Promise.all(batches.map((batch) => store.put(batch)));
    deepEqual(await idsIn(store, {}), ids(newest(...batches.flat())));
  });
}

function testVersions(test: Test): void {
  for (const kind of [0, 3, 10_000, 19_999]) {
    test(`NIP01-16 of kind ${kind} the newest is kept`, async (store) => {
      const [old, young] = [note({ kind, created_at: 1 }), note({ kind, created_at: 2 })];
      deepEqual(await store.put([old]), ["stored"]);
      deepEqual(await store.put([young]), ["stored"]);
      deepEqual(await idsIn(store, { kinds: new Set([kind]) }), ids([young]));
      deepEqual(await idsIn(store, { ids: new Set(ids([old])) }), []);
    });
  }

  test("NIP01-18 an older version that comes late is superseded", async (store) => {
    const [old, young] = [note({ kind: 0, created_at: 1 }), note({ kind: 0, created_at: 2 })];
    await store.put([young]);
    deepEqual(await store.put([old]), ["superseded"]);
    deepEqual(await store.put([old, young]), ["superseded", "duplicate"]);
    deepEqual(await store.put([old, old]), ["superseded", "superseded"]);
    deepEqual(await idsIn(store, {}), ids([young]));
  });

  for (const kind of [0, 30_000]) {
    test(`NIP01-17 X-17 of kind ${kind} at equal times the smaller id stays`, async (store) => {
      const [small, large] = [newKey(), newKey()].sort()
        .map((id) => note({ id, kind, created_at: 7 })) as [EventRecord, EventRecord];
      deepEqual(await store.put([large]), ["stored"]);
      deepEqual(await store.put([small]), ["stored"]);
      deepEqual(await store.put([large]), ["superseded"]);
      deepEqual(await idsIn(store, {}), ids([small]));
    });

    test(`NIP01-17 X-17 of kind ${kind} at equal times the larger id never gets in`, async (store) => {
      const [small, large] = [newKey(), newKey()].sort()
        .map((id) => note({ id, kind, created_at: 7 })) as [EventRecord, EventRecord];
      deepEqual(await store.put([small]), ["stored"]);
      deepEqual(await store.put([large, small]), ["superseded", "duplicate"]);
      deepEqual(await idsIn(store, {}), ids([small]));
    });
  }

  test("of two versions in one batch the newer is stored, in either order", async (store) => {
    for (
      const [kind, reverse] of [[0, false], [3, true], [30_023, false], [30_024, true]] as const
    ) {
      const batch = [note({ kind, created_at: 1 }), note({ kind, created_at: 2 })];
      const outcomes = ["superseded", "stored"];
      deepEqual(
        await store.put(reverse ? batch.toReversed() : batch),
        reverse ? outcomes.toReversed() : outcomes,
      );
      deepEqual(await idsIn(store, { kinds: new Set([kind]) }), ids([batch[1]!]));
    }
  });

  test("NIP01-21 addressable events with different d coexist", async (store) => {
    const [a, b] = ["a", "b"].map((d) => note({ kind: 30_000, tags: [["d", d]] }));
    deepEqual(await store.put([a!, b!]), ["stored", "stored"]);
    const again = note({ kind: 30_000, tags: [["d", "a"]] });
    deepEqual(await store.put([again]), ["stored"]);
    deepEqual(await idsIn(store, {}), ids(newest(again, b!)));
  });

  test("NIP01-20 no d, a d without value and an empty d are one address", async (store) => {
    const forms = [[], [["d"]], [["d", ""]], [["d", "", "x"], ["d", "y"]]];
    const versions = forms.map((tags, i) => note({ kind: 30_001, created_at: i, tags }));
    for (const version of versions) deepEqual(await store.put([version]), ["stored"]);
    deepEqual(await idsIn(store, {}), ids([versions.at(-1)!]));
  });

  test("authors and kinds have addresses of their own", async (store) => {
    const batch = [ALICE, BOB].flatMap((pubkey) =>
      [0, 3, 30_000, 30_001].map((kind) => note({ kind, pubkey, tags: [["d", "x"]] }))
    );
    deepEqual(new Set(await store.put(batch)), new Set(["stored"]));
  });

  test("NIP01-22 unclassified kinds and 41 are not collapsed", async (store) => {
    const batch = [41, 45, 999, 40_000, 65_535].flatMap((kind) => [note({ kind }), note({ kind })]);
    deepEqual(new Set(await store.put(batch)), new Set(["stored"]));
    equal((await idsIn(store, {})).length, 10);
  });

  test("a version that was replaced is not found by its tags any more", async (store) => {
    const tags = (value: string) => [["d", "x"], ["t", value]];
    await store.put([note({ kind: 30_000, created_at: 1, tags: tags("old") })]);
    const young = note({ kind: 30_000, created_at: 2, tags: tags("young") });
    await store.put([young]);
    deepEqual(await idsIn(store, tagged("t", "old")), []);
    deepEqual(await idsIn(store, tagged("t", "old", "young")), ids([young]));
    deepEqual(await idsIn(store, tagged("d", "x")), ids([young]));
  });

  test("long d values tell addresses apart by their last letter", async (store) => {
    const versions = ["a", "b"].map((end) =>
      note({ kind: 30_000, tags: [["d", "x".repeat(5_000) + end]] })
    );
    deepEqual(await store.put(versions), ["stored", "stored"]);
    deepEqual(await idsIn(store, tagged("d", "x".repeat(5_000) + "b")), ids([versions[1]!]));
  });
}

function testFilters(test: Test): void {
  test("NIP01-40 ids, authors and kinds, each alone and together", async (store) => {
    const a = note({ pubkey: ALICE, kind: 1 });
    const b = note({ pubkey: BOB, kind: 1 });
    const c = note({ pubkey: ALICE, kind: 7 });
    await store.put([a, b, c]);
    const found = async (filter: Partial<ReqFilter>) => await idsIn(store, filter);
    deepEqual(await found({ ids: new Set(ids([a, c])) }), ids(newest(a, c)));
    deepEqual(await found({ authors: new Set([ALICE]) }), ids(newest(a, c)));
    deepEqual(await found({ kinds: new Set([1]) }), ids(newest(a, b)));
    deepEqual(await found({ authors: new Set([ALICE]), kinds: new Set([1]) }), ids([a]));
    deepEqual(await found({ ids: new Set(ids([a, b])), authors: new Set([BOB]) }), ids([b]));
    deepEqual(await found({ ids: new Set(ids([a])), kinds: new Set([7]) }), []);
  });

  test("NIP01-41 values of a letter are alternatives, letters add up", async (store) => {
    const a = note({ tags: [["t", "x"], ["p", ALICE]] });
    const b = note({ tags: [["t", "y"], ["t", "x"]] });
    await store.put([a, b, note({ tags: [["p", ALICE]] })]);
    deepEqual(await idsIn(store, tagged("t", "x", "y")), ids(newest(a, b)));
    const both = new Map([["t", new Set(["x", "y"])], ["p", new Set([ALICE, BOB])]]);
    deepEqual(await idsIn(store, { tags: both }), ids([a]));
    deepEqual(await idsIn(store, { tags: both, ids: new Set(ids([b])) }), []);
    deepEqual(await idsIn(store, { tags: both, ids: new Set(ids([a])) }), ids([a]));
  });

  test("tags with authors, kinds and times", async (store) => {
    const batch = [ALICE, BOB].flatMap((pubkey) =>
      [1, 7].map((kind) => note({ pubkey, kind, tags: [["t", "x"]] }))
    );
    await store.put(batch);
    for (const { event: { pubkey, kind, created_at, id } } of batch) {
      const filter = {
        ...tagged("t", "x", "z"),
        authors: new Set([pubkey]),
        kinds: new Set([kind, 40]),
      };
      deepEqual(await idsIn(store, filter), [id]);
      deepEqual(await idsIn(store, { ...filter, since: created_at, until: created_at }), [id]);
      deepEqual(await idsIn(store, { ...filter, since: created_at + 1 }), []);
    }
  });

  test("NIP01-44 since and until are inclusive", async (store) => {
    const batch = [1, 2, 3, 4].map((created_at) => note({ created_at }));
    await store.put(batch);
    deepEqual(await idsIn(store, { since: 2, until: 3 }), ids([batch[2]!, batch[1]!]));
    deepEqual(await idsIn(store, { since: 4 }), ids([batch[3]!]));
    deepEqual(await idsIn(store, { until: 1 }), ids([batch[0]!]));
    deepEqual(await idsIn(store, { since: 5 }), []);
  });

  test("times from 0 to 2^53 - 1 are kept exactly", async (store) => {
    const batch = [0, 2 ** 31, 2 ** 40, 2 ** 53 - 1].map((created_at) => note({ created_at }));
    await store.put(batch);
    for (const { event: { id, created_at } } of batch) {
      const filter = { tags: new Map(), since: created_at, until: created_at };
      for await (const [found] of store.query([filter])) {
        deepEqual([found!.id, found!.createdAt], [id, created_at]);
      }
    }
    deepEqual(await idsIn(store, {}), ids(batch).reverse());
    deepEqual(await idsIn(store, { since: -1, until: 2 ** 53 }), ids(batch).reverse());
  });

  test("NIP01-54 an empty list matches nothing, alone and beside others", async (store) => {
    await store.put([note({ tags: [["t", "x"]] })]);
    for (const field of ["ids", "authors", "kinds"] as const) {
      deepEqual(await idsIn(store, { [field]: new Set() }), []);
    }
    deepEqual(await idsIn(store, tagged("t")), []);
    deepEqual(await idsIn(store, { kinds: new Set([1]), authors: new Set() }), []);
    equal((await idsIn(store, { kinds: new Set() }, {})).length, 1);
  });

  test("no filters, nothing found", async (store) => {
    await store.put([note()]);
    deepEqual(await idsIn(store), []);
  });

  test("NIP01-57 since after until matches nothing", async (store) => {
    await store.put([note({ created_at: 5 })]);
    deepEqual(await idsIn(store, { since: 6, until: 4 }), []);
  });

  test("NIP01-50 only the first value of a tag is found, and only by its letter", async (store) => {
    await store.put([note({ tags: [["e", "a", "b"], ["tt", "c"], ["1", "d"], ["t"]] })]);
    equal((await idsIn(store, tagged("e", "a"))).length, 1);
    deepEqual(await idsIn(store, tagged("e", "b")), []);
    deepEqual(await idsIn(store, tagged("t", "")), []);
  });

  test("NIP01-51 #E is not #e", async (store) => {
    const [upper, lower] = [note({ tags: [["E", "x"]] }), note({ tags: [["e", "x"]] })];
    await store.put([upper, lower]);
    deepEqual(await idsIn(store, tagged("E", "x")), ids([upper]));
    deepEqual(await idsIn(store, tagged("e", "x")), ids([lower]));
  });

  test("NIP01-52 a prefix, another case and other words match no key", async (store) => {
    const a = note({ pubkey: ALICE });
    await store.put([a]);
    const others = (key: string) => new Set([key.slice(0, 63), key.toUpperCase(), "x", ""]);
    deepEqual(await idsIn(store, { ids: others(a.event.id) }), []);
    deepEqual(await idsIn(store, { authors: others(ALICE) }), []);
    deepEqual(await idsIn(store, { kinds: new Set([-1, 70_000, 1.5]) }), []);
  });

  test("NIP01-52 what begins as a key does and ends otherwise is another", async (store) => {
    const a = note({ pubkey: ALICE, tags: [["p", BOB]] });
    const list = note({ pubkey: ALICE, kind: 3, tags: [["p", BOB]] });
    await store.put([a, list]);
    const other = (key: string) => new Set([key.slice(0, 63) + (key.endsWith("0") ? "1" : "0")]);
    deepEqual(await idsIn(store, { ids: other(a.event.id) }), []);
    deepEqual(await idsIn(store, { authors: other(ALICE) }), []);
    deepEqual(await idsIn(store, { authors: other(ALICE), kinds: new Set([1, 3]) }), []);
    deepEqual(await idsIn(store, tagged("p", ...other(BOB))), []);
    deepEqual(await idsIn(store, { ...tagged("p", BOB), authors: other(ALICE) }), []);
  });

  test("thousands of ids, authors and tag values in one filter", async (store) => {
    const batch = Array.from({ length: 50 }, (_, i) => note({ tags: [["t", `tag ${i}`]] }));
    await store.put(batch);
    const strangers = Array.from({ length: 5_000 }, () => newKey());
    const all = ids(newest(...batch));
    deepEqual(await idsIn(store, { ids: new Set([...strangers, ...all]) }), all);
    const authors = new Set([...strangers, ...batch.map(({ event }) => event.pubkey)]);
    deepEqual(await idsIn(store, { authors, limit: 100 }), all);
    deepEqual(
      await idsIn(store, { authors, kinds: new Set([1, 2, 3]), limit: 10 }),
      all.slice(0, 10),
    );
    const values = batch.map(({ event }) => event.tags[0]![1]!);
    deepEqual(await idsIn(store, tagged("t", ...strangers, ...values)), all);
  });
}

function testOrder(test: Test): void {
  test("NIP01-46 newest first, equal times by smaller id first", async (store) => {
    const batch = [3, 1, 2].flatMap((created_at) => [1, 2, 3].map(() => note({ created_at })));
    await store.put(batch);
    for (const filter of [{}, { kinds: new Set([1]) }, { ids: new Set(ids(batch)) }]) {
      deepEqual(await idsIn(store, filter), ids(newest(...batch)));
    }
  });

  test("NIP01-45 limit n is the newest n, also among equal times", async (store) => {
    const batch = Array.from({ length: 30 }, () => note({ created_at: 5, tags: [["t", "x"]] }));
    await store.put(batch);
    const order = ids(newest(...batch));
    for (const limit of [0, 1, 29, 30, 31, 2 ** 40]) {
      deepEqual(await idsIn(store, { limit }), order.slice(0, limit));
      deepEqual(await idsIn(store, { ...tagged("t", "x"), limit }), order.slice(0, limit));
    }
  });

  test("limit is exact when one of many authors wrote nearly everything", async (store) => {
    const authors = Array.from({ length: 60 }, newKey);
    const batch = authors.map((pubkey, i) => note({ pubkey, created_at: 1_000 + i }));
    for (let i = 0; i < 300; i++) {
      batch.push(note({ pubkey: authors[i % 50 === 0 ? 1 : 0]!, created_at: 1_040 + i }));
    }
    await store.put(batch);
    const order = ids(newest(...batch));
    for (const limit of [1, 7, 50, 200, 359, 360]) {
      const filter = { authors: new Set(authors), limit };
      deepEqual(await idsIn(store, filter), order.slice(0, limit));
      deepEqual(await idsIn(store, { ...filter, kinds: new Set([1, 2]) }), order.slice(0, limit));
    }
  });

  test("an event with several of the wanted values is there once", async (store) => {
    const values = ["a", "b", "c", "d"];
    const batch = Array.from(
      { length: 40 },
      (_, i) =>
        note({ tags: values.slice(0, 1 + i % 4).flatMap((value) => [["t", value], ["t", value]]) }),
    );
    await store.put(batch);
    const order = ids(newest(...batch));
    for (const limit of [1, 5, 39, 40, 100]) {
      deepEqual(await idsIn(store, { ...tagged("t", ...values), limit }), order.slice(0, limit));
    }
  });

  test("NIP01-42 NIP01-43 several filters: one order, each event once, a limit each", async (store) => {
    const batch = [1, 2, 3, 4, 5, 6].map((created_at) =>
      note({ created_at, kind: created_at % 2 === 0 ? 1 : 7 })
    );
    await store.put(batch);
    const [one, , three, four, five, six] = batch.map(({ event }) => event.id);
    const kinds = (kind: number) => ({ kinds: new Set([kind]) });
    const found = await idsIn(
      store,
      { ...kinds(1), limit: 2 },
      { ...kinds(7), limit: 1 },
      { until: 4, limit: 2 },
      { ids: new Set([six!, one!]) },
    );
    deepEqual(found, [six, five, four, three, one]);
  });

  test("a filter without limit gives all it has, in chunks", async (store) => {
    const batch = Array.from(
      { length: 2_300 },
      (_, i) => note({ created_at: Math.floor(i / 700), pubkey: i % 3 === 0 ? ALICE : BOB }),
    );
    await store.put(batch);
    const order = ids(newest(...batch));
    for (const filter of [{}, { authors: new Set([ALICE, BOB]) }, { ids: new Set(order) }]) {
      const chunks = await chunksOf(store, filter);
      ok(chunks.length > 1 && chunks.every(({ length }) => length > 0), "more than one chunk");
      deepEqual(chunks.flat(), order);
    }
  });

  test("what a reader leaves unread holds up nobody", async (store) => {
    await store.put(Array.from({ length: 1_200 }, () => note()));
    for (let i = 0; i < 30; i++) {
      for await (const chunk of store.query([filterOf({}), filterOf({ since: 1 })])) {
        ok(chunk.length > 0);
        break;
      }
    }
    equal((await idsIn(store, {})).length, 1_200);
  });
}

function testStrings(test: Test): void {
  test("NIP01-15 the JSON comes back byte for byte", async (store) => {
    const batch = ODD_STRINGS.map((content) => note({ content, tags: [["t", content]] }));
    await store.put(batch);
    for (const { event, json } of batch) {
      for await (const [found] of store.query([filterOf({ ids: new Set([event.id]) })])) {
        deepEqual(utf8Decode(found!.json), utf8Decode(json));
      }
    }
    equal((await idsIn(store, {})).length, batch.length);
  });

  test("odd tag values are found exactly", async (store) => {
    const values = [
      ...ODD_STRINGS,
      "x".repeat(64),
      "x".repeat(65),
      "é".repeat(32),
      "x".repeat(3_000),
      "y".repeat(3_000),
      "é".repeat(1_500) + "\u0000",
      "z".repeat(65_536),
      "z".repeat(65_535) + "y",
      ALICE,
      ALICE.toUpperCase(),
      ALICE.slice(1),
      "{a,b}",
      "NULL",
      "\\x00",
    ];
    const batch = values.map((value) => note({ tags: [["x", value]] }));
    await store.put(batch);
    for (const [place, value] of values.entries()) {
      deepEqual(
        await idsIn(store, tagged("x", value)),
        ids([batch[place]!]),
        JSON.stringify(value),
      );
    }
    deepEqual(await idsIn(store, tagged("x", ...values)), ids(newest(...batch)));
  });

  test("a lone surrogate matches nothing, not even the sign that stands in for it", async (store) => {
    await store.put([note({ tags: [["t", "\ufffd"]] })]);
    deepEqual(await idsIn(store, tagged("t", "\ud800")), []);
    equal((await idsIn(store, tagged("t", "\ud800", "\ufffd"))).length, 1);
  });

  test("thousands of tags on one event", async (store) => {
    const follows = Array.from({ length: 5_000 }, newKey);
    const list = note({ kind: 3, tags: follows.map((pubkey) => ["p", pubkey]) });
    deepEqual(await store.put([list]), ["stored"]);
    deepEqual(await idsIn(store, tagged("p", follows.at(-1)!)), ids([list]));
    deepEqual(await idsIn(store, tagged("p", ...follows)), ids([list]));
  });
}

function testLife(test: Test): void {
  test("a query that was aborted before throws the signal's reason", async (store) => {
    await store.put([note()]);
    const reason = new Error("no longer wanted");
    await rejects(chunksOf(store, {}, AbortSignal.abort(reason)), reason);
  });

  test("a query that is aborted midway throws the signal's reason", async (store) => {
    await store.put(Array.from({ length: 1_500 }, () => note()));
    const controller = new AbortController();
    const reason = new Error("no longer wanted");
    let chunks = 0;
    const reading = async () => {
      const options = { signal: controller.signal };
      for await (const chunk of store.query([filterOf({})], options)) {
        ok(chunk.length > 0);
        chunks++;
        controller.abort(reason);
      }
    };
    await rejects(reading(), reason);
    equal(chunks, 1);
    equal((await idsIn(store, {})).length, 1_500);
  });

  test("an abort while the database works leaves the store usable", async (store) => {
    await store.put(Array.from({ length: 500 }, () => note()));
    for (let i = 0; i < 10; i++) {
      const controller = new AbortController();
      const reason = new Error("no longer wanted");
      const reading = chunksOf(store, {}, controller.signal);
      controller.abort(reason);
      await rejects(reading, reason);
      equal((await idsIn(store, { limit: 3 })).length, 3);
    }
  });

  test("close lets a put come to its end, may be called twice, and is the end", async (store) => {
    const putting = store.put([note()]);
    await Promise.all([store.close(), store.close()]);
    deepEqual(await putting, ["stored"]);
    await store.close();
    await rejects(store.put([note()]), { name: "StoreUnavailable" });
    await rejects(idsIn(store, {}), { name: "StoreUnavailable" });
  });
}

/**
 * A seed of its own for each run, named in every failure. Every run draws other filters, so that few
 * are enough in the gate; tests/long/oracle_test.ts draws many.
 */
export function testFilterOracle(test: Test, part: number): void {
  const seed = drawSeed();
  for (const [size, filters] of [[eventsFor(part, 2_000), 80], [150, 40]] as const) {
    test(`random filters agree with the oracle (${size} events, seed ${seed})`, async (store) => {
      const random = new SeededRandom(seed);
      const oracle = new MemoryStore();
      const events = generateEvents(random, size);
      for (let start = 0; start < size;) {
        const batch = events.slice(start, start += random.between(1, 200)).map(recordOf);
        deepEqual(await store.put(batch), await oracle.put(batch), `seed ${seed}`);
      }
      for (let i = 0; i < filters * part; i++) {
        const asked = Array.from(
          { length: random.between(1, 3) },
          () => generateFilter(random, events),
        );
        const [found, expected] = await Promise.all(
          [store, oracle].map((each) => idsIn(each, ...asked)),
        );
        deepEqual(found, expected, `seed ${seed}, filter ${i}`);
      }
    });
  }
  test(`feeds of many authors agree with the oracle (seed ${seed})`, async (store) => {
    const random = new SeededRandom(seed);
    const oracle = new MemoryStore();
    // Many share a second, so that whatever is read in parts is parted within one.
    const events = generateEvents(random, eventsFor(part, 1_500), { authors: 120, pace: 1 });
    for (const each of [store, oracle]) await each.put(events.map(recordOf));
    const authors = [...new Set(events.map(({ pubkey }) => pubkey))];
    const times = events.map(({ created_at }) => created_at);
    for (let i = 0; i < 24 * part; i++) {
      const filter = {
        authors: new Set(random.sample(authors, random.between(20, authors.length))),
        ...(random.chance(0.8) && { kinds: new Set(random.sample([1, 6, 7, 1059], 2)) }),
        ...(random.chance(0.3) && { since: random.pick(times) }),
        ...(random.chance(0.3) && { until: random.pick(times) }),
        limit: random.between(1, 60),
      };
      deepEqual(await idsIn(store, filter), await idsIn(oracle, filter), `seed ${seed}, ${i}`);
    }
  });
}

function testKeeping(subject: Subject): void {
  Deno.test(`${subject.name}: what was stored is there after close and open`, async () => {
    await using place = await subject.place();
    const batch = [note(), note({ kind: 0 }), note({ kind: 30_000, tags: [["d", "x"]] })];
    const first = await place.open();
    await first.put(batch);
    await first.close();
    const second = await place.open();
    try {
      deepEqual(await idsIn(second, {}), ids(newest(...batch)));
      deepEqual(new Set(await second.put(batch)), new Set(["duplicate"]));
      deepEqual(await idsIn(second, tagged("d", "x")), ids([batch[2]!]));
    } finally {
      await second.close();
    }
  });
}

function testSharing(subject: Subject): void {
  const part = subject.part ?? 1;
  Deno.test(`${subject.name}: stores that write the same at the same time converge`, async () => {
    await using place = await subject.place();
    const stores = await Promise.all([place.open(), place.open()]);
    try {
      const oracle = new MemoryStore();
      const random = new SeededRandom(77);
      const events = generateEvents(random, eventsFor(part, 1_500), { authors: 8 }).map(recordOf);
      await Promise.all(stores.map((store) => putShuffled(store, events, random)));
      await oracle.put(events);
      const expected = await idsIn(oracle, {});
      for (const store of stores) deepEqual(await idsIn(store, {}), expected);
      for (let i = 0; i < 60 * part; i++) {
        const filter = generateFilter(random, events.map(({ event }) => event));
        deepEqual(await idsIn(stores[i % 2]!, filter), await idsIn(oracle, filter), `filter ${i}`);
      }
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  });

  Deno.test(`${subject.name}: of one event put by many, one is stored`, async () => {
    await using place = await subject.place();
    const stores = await Promise.all([place.open(), place.open()]);
    try {
      for (const kind of [1, 0, 30_000]) {
        for (let round = 0; round < 10; round++) {
          const event = note({ kind, created_at: round });
          const all = await Promise.all(
            Array.from({ length: 6 }, (_, i) => stores[i % 2]!.put([event])),
          );
          deepEqual(all.flat().sort(), [...Array(5).fill("duplicate"), "stored"]);
        }
      }
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  });
}

/** All of them in an order of its own, several batches at a time. */
async function putShuffled(
  store: EventStore,
  events: readonly EventRecord[],
  random: SeededRandom,
): Promise<void> {
  const order = events.map((event) => ({ event, rank: random.uint32() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ event }) => event);
  const batches = [];
  while (order.length > 0) batches.push(order.splice(0, 50));
  await Promise.all(batches.map((batch) => store.put(batch)));
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

/** In the order of an answer. */
function newest(...records: EventRecord[]): EventRecord[] {
  return records.sort(({ event: a }, { event: b }) =>
    b.created_at - a.created_at || (a.id < b.id ? -1 : 1)
  );
}

function tagged(letter: string, ...values: string[]): Pick<ReqFilter, "tags"> {
  return { tags: new Map([[letter, new Set(values)]]) };
}

async function chunksOf(
  store: EventStore,
  filter: Partial<ReqFilter>,
  signal?: AbortSignal,
): Promise<string[][]> {
  const chunks: string[][] = [];
  for await (const chunk of store.query([filterOf(filter)], signal && { signal })) {
    chunks.push(chunk.map(({ id }) => id));
  }
  return chunks;
}
