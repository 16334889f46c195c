import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { sha256, sha256OfText } from "../../../src/app/system/sha256.ts";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { migrate } from "../../../src/store/database/migrations.ts";
import { type WordPlan, wordPlanOf } from "../../../src/store/read/plan.ts";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import { SqlStore } from "../../../src/store/sql_store.ts";
import {
  rarityOf,
  Shares,
  Statistics,
  withoutCommon,
} from "../../../src/store/search/word_shares.ts";
import { readMigrations } from "../../kit/database.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { PostgresServer } from "../../kit/postgres_server.ts";
import { recordOf } from "../../kit/records.ts";
import { ScriptedDatabase } from "../../kit/scripted_database.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const A = "0a".repeat(32);
const B = "0b".repeat(32);

function planOf(...words: string[]) {
  return planWith({}, ...words);
}

function planWith(fields: Partial<ReqFilter>, ...words: string[]) {
  return wordPlanOf({ tags: new Map(), search: new Set(words), ...fields }, portableHashText)!;
}

function facetOf(fields: Partial<ReqFilter>): string {
  return planWith(fields, "x").facets[0]!.facets[0]!;
}

const byA = { authors: new Set([A]) };
const byB = { authors: new Set([B]) };
const byBoth = { authors: new Set([A, B]) };
const kind5 = { kinds: new Set([5]) };

const known = {
  events: 1_000,
  words: new Shares([["the", 0.5], ["a", 0.1], ["dog", 0.09], ["cat", 0.01]]),
  facets: new Shares([[facetOf(byA), 0.2], [facetOf(kind5), 0.01]]),
};
const nothing = { events: 0, words: new Shares(), facets: new Shares() };

Deno.test("rare words are looked up, common ones only when there are no others", () => {
  deepEqual(withoutCommon(planOf("the", "fox", "a"), known).soughtWords, ["fox"]);
  deepEqual(withoutCommon(planOf("the", "dog"), known).soughtWords, ["dog"]);
  deepEqual(withoutCommon(planOf("the", "a"), known).soughtWords, ["the", "a"]);
  deepEqual(withoutCommon(planOf("fox"), known).soughtWords, ["fox"]);
  deepEqual(withoutCommon(planOf("the", "fox"), known).words, ["the", "fox"]);
  deepEqual(withoutCommon(planOf("the", "fox"), nothing).soughtWords, ["the", "fox"]);
});

Deno.test("rare facets are looked up, and beside one no common word", () => {
  const sought = (plan: WordPlan) => {
    const { soughtWords, facets } = withoutCommon(plan, known);
    return [soughtWords, facets.map(({ isUsual = false }) => !isUsual)];
  };
  deepEqual(sought(planWith(byB, "the")), [[], [true]]);
  deepEqual(sought(planWith(byB, "the", "fox")), [["fox"], [true]]);
  deepEqual(sought(planWith(byA, "the")), [["the"], [true]]);
  deepEqual(sought(planWith(byA, "fox")), [["fox"], [false]]);
  deepEqual(sought(planWith({ ...byA, ...kind5 }, "the")), [[], [true, false]]);
  const manyTags = {
    tags: new Map([["t", new Set(Array.from({ length: 11 }, (_, i) => `t${i}`))]]),
  };
  deepEqual(sought(planWith(manyTags, "the")), [["the"], [true]]);
});

Deno.test("the rarest condition counts, and an unknown element is as rare as the rarest known one", () => {
  deepEqual(rarityOf(planOf("the", "dog"), known), { share: 0.09, events: 90 });
  deepEqual(rarityOf(planOf("the", "fox"), known), { share: 0.01, events: 10 });
  deepEqual(rarityOf(planWith(byA, "the"), known), { share: 0.2, events: 200 });
  deepEqual(rarityOf(planWith(byBoth, "the"), known), { share: 0.21000000000000002, events: 210 });
  const bothTags = { allTags: new Map([["t", new Set(["x", "y"])]]) };
  deepEqual(rarityOf(planWith(bothTags, "the"), known), { share: 0.01, events: 10 });
  deepEqual(rarityOf(planOf("the"), nothing), { share: 1, events: 0 });
});

Deno.test("statistics are cached for ten minutes, failures are not", async () => {
  const clock = new FakeClock(1_700_000_000_000);
  const row = { column: "words", key: "the", share: 0.5, events: 1_000 };
  const database = new ScriptedDatabase([row], []);
  const statistics = new Statistics(clock);
  const first = await statistics.current(database);
  deepEqual([first?.events, first?.words.of("the"), first?.facets.of("1")], [1_000, 0.5, 1]);
  clock.advance(599_000);
  equal(await statistics.current(database), first);
  clock.advance(1_000);
  equal(await statistics.current(database), undefined);
  equal(database.asked.length, 2);
  let attempts = 0;
  const failing = {
    query: () => ++attempts === 1 ? Promise.reject(new Error("away")) : Promise.resolve([]),
  };
  const unknown = new Statistics();
  await rejects(unknown.current(failing), { message: "away" });
  equal(await unknown.current(failing), undefined);
});

Deno.test("words are as common as the statistics of the database say", async () => {
  await using server = await PostgresServer.start();
  const database = openPostgres(await server.freshDatabase());
  await migrate(database, readMigrations(), sha256);
  const store = new SqlStore(database, sha256OfText, { searchableKinds: new Set([1]) });
  const author = new FakeSigner(new SeededRandom(1));
  const content = (i: number) =>
    `the${i % 9 === 0 ? " dog" : ""}${i % 20 === 0 ? " fox" : ""} n${i}`;
  const batch = Array.from(
    { length: 500 },
    (_, i) => recordOf(author.sign({ kind: 1, created_at: i, tags: [], content: content(i) })),
  );
  await store.put(batch);
  equal(await new Statistics().current(database), undefined);
  await database.script("analyze");
  const { events, words, facets } = (await new Statistics().current(database))!;
  equal(events, 500);
  deepEqual(["the", "dog", "fox"].map((word) => words.of(word)), [1, 0.112, 0.05]);
  ok(words.of("never") < 0.05);
  const kindFacet = facetOf({ kinds: new Set([1]) });
  deepEqual([facets.of(kindFacet), facets.of(facetOf(byB)) < 1], [1, true]);
  const found = await Array.fromAsync(
    store.query([{ tags: new Map(), search: new Set(["the", "fox"]), limit: 100 }]),
  );
  equal(found.flat().length, 25);
  await store.close();
});
