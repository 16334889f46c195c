import { deepEqual, equal, rejects } from "node:assert/strict";
import { sha256, sha256OfText } from "../../src/app/sha256.ts";
import { portableHashText } from "../../src/nostr/event_id.ts";
import { CommonWords, withoutCommon } from "../../src/store/common_words.ts";
import { migrate } from "../../src/store/migrations.ts";
import { wordPlanOf } from "../../src/store/plan.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { SqlStore } from "../../src/store/sql_store.ts";
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

Deno.test("rare words are looked up, common ones only when there are no others", () => {
  const common = new Set(["the", "a"]);
  deepEqual(withoutCommon(planOf("the", "fox", "a"), common).soughtWords, ["fox"]);
  deepEqual(withoutCommon(planOf("the", "a"), common).soughtWords, ["the", "a"]);
  deepEqual(withoutCommon(planOf("fox"), common).soughtWords, ["fox"]);
  deepEqual(withoutCommon(planOf("the", "fox"), common).words, ["the", "fox"]);
});

Deno.test("an answer is good for ten minutes, and a failure for none", async () => {
  const clock = new FakeClock(1_700_000_000_000);
  const database = new ScriptedDatabase(["the"], ["a"]);
  const words = new CommonWords(database, clock);
  deepEqual(await words.current(), new Set(["the"]));
  clock.advance(599_000);
  deepEqual(await words.current(), new Set(["the"]));
  clock.advance(1_000);
  deepEqual(await words.current(), new Set(["a"]));
  equal(database.asked.length, 2);
  let attempts = 0;
  const failing = new CommonWords({
    query: () => ++attempts === 1 ? Promise.reject(new Error("away")) : Promise.resolve([]),
  });
  await rejects(failing.current(), { message: "away" });
  deepEqual(await failing.current(), new Set());
});

Deno.test("words are as common as the statistics of the database say", async () => {
  await using server = await PostgresServer.start();
  const database = openPostgres(await server.freshDatabase());
  await migrate(database, readMigrations(), sha256);
  const store = new SqlStore(database, sha256OfText, { searchableKinds: new Set([1]) });
  const author = new FakeSigner(new SeededRandom(1));
  const content = (i: number) =>
    `the${i % 9 === 0 ? " dog" : ""}${i % 20 === 0 ? " fox" : ""} n${i}`;
  await store.put(
    Array.from(
      { length: 500 },
      (_, i) => recordOf(author.sign({ kind: 1, created_at: i, tags: [], content: content(i) })),
    ),
  );
  deepEqual(await new CommonWords(database).current(), new Set());
  await database.script("analyze");
  deepEqual(await new CommonWords(database).current(), new Set(["the", "dog"]));
  const found = await Array.fromAsync(
    store.query([{ tags: new Map(), search: new Set(["the", "fox"]), limit: 100 }]),
  );
  equal(found.flat().length, 25);
  await store.close();
});
