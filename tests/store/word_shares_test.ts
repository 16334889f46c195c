import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { sha256, sha256OfText } from "../../src/app/sha256.ts";
import { portableHashText } from "../../src/nostr/event_id.ts";
import { migrate } from "../../src/store/migrations.ts";
import { wordPlanOf } from "../../src/store/plan.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { SqlStore } from "../../src/store/sql_store.ts";
import { rarityOf, Statistics, withoutCommon } from "../../src/store/word_shares.ts";
import { readMigrations } from "../kit/database.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { PostgresServer } from "../kit/postgres_server.ts";
import { recordOf } from "../kit/records.ts";
import { ScriptedDatabase } from "../kit/scripted_database.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";

function planOf(...words: string[]) {
  return wordPlanOf({ tags: new Map(), search: new Set(words) }, portableHashText)!;
}

const known = {
  events: 1_000,
  shares: new Map([["the", 0.5], ["a", 0.1], ["dog", 0.09], ["cat", 0.01]]),
  least: 0.01,
};
const unknown = { events: 0, shares: new Map<string, number>(), least: Infinity };

Deno.test("rare words are looked up, common ones only when there are no others", () => {
  deepEqual(withoutCommon(planOf("the", "fox", "a"), known).soughtWords, ["fox"]);
  deepEqual(withoutCommon(planOf("the", "dog"), known).soughtWords, ["dog"]);
  deepEqual(withoutCommon(planOf("the", "a"), known).soughtWords, ["the", "a"]);
  deepEqual(withoutCommon(planOf("fox"), known).soughtWords, ["fox"]);
  deepEqual(withoutCommon(planOf("the", "fox"), known).words, ["the", "fox"]);
  deepEqual(withoutCommon(planOf("the", "fox"), unknown).soughtWords, ["the", "fox"]);
});

Deno.test("the rarest word counts, and one that is not known is as rare as the rarest that is", () => {
  deepEqual(rarityOf(planOf("the", "dog"), known), { share: 0.09, events: 90 });
  deepEqual(rarityOf(planOf("the", "fox"), known), { share: 0.01, events: 10 });
  equal(rarityOf(planOf("the"), unknown), undefined);
});

Deno.test("an answer is good for ten minutes, and a failure for none", async () => {
  const clock = new FakeClock(1_700_000_000_000);
  const row = { word: "the", share: 0.5, events: 1_000 };
  const database = new ScriptedDatabase([row], []);
  const statistics = new Statistics(database, clock);
  const first = { events: 1_000, shares: new Map([["the", 0.5]]), least: 0.5 };
  deepEqual(await statistics.current(), first);
  clock.advance(599_000);
  deepEqual(await statistics.current(), first);
  clock.advance(1_000);
  deepEqual(await statistics.current(), unknown);
  equal(database.asked.length, 2);
  let attempts = 0;
  const failing = new Statistics({
    query: () => ++attempts === 1 ? Promise.reject(new Error("away")) : Promise.resolve([]),
  });
  await rejects(failing.current(), { message: "away" });
  deepEqual(await failing.current(), unknown);
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
  deepEqual((await new Statistics(database).current()).shares, new Map());
  await database.script("analyze");
  const { events, shares } = await new Statistics(database).current();
  equal(events, 500);
  deepEqual(["the", "dog", "fox"].map((word) => shares.get(word)), [1, 0.112, 0.05]);
  for (const share of shares.values()) ok(share > 0 && share <= 1);
  const found = await Array.fromAsync(
    store.query([{ tags: new Map(), search: new Set(["the", "fox"]), limit: 100 }]),
  );
  equal(found.flat().length, 25);
  await store.close();
});
