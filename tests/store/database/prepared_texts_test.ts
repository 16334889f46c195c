import { equal } from "node:assert/strict";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import { MAX_PREPARED, PreparedTexts } from "../../../src/store/database/prepared_texts.ts";
import { testOnEachServer } from "../../kit/each_server.ts";

const test = testOnEachServer();

Deno.test("admitted texts stay admitted, and their number is bounded", () => {
  const texts = new PreparedTexts(3);
  const admitted = Array.from({ length: 10 }, (_, i) => texts.admits(`select ${i}`));
  equal(admitted.filter(Boolean).length, 3);
  equal(texts.admits("select 0"), true);
  equal(texts.admits("select 9"), false);
});

test("a client with thousands of different texts prepares no thousands of statements", async (server) => {
  const database = openPostgres(await server.freshDatabase(), { readConnections: 1 });
  // A statement without parameters is never prepared.
  const one = (text: string, n: number) =>
    database.query({ text, parameters: [n], read: (cells) => cells.integer(0) });
  try {
    for (let i = 0; i < 1_000; i++) equal((await one(`select $1::int4 + ${i}`, 1))[0], i + 1);
    const [kept] = await one("select count(*) + $1::int4 from pg_prepared_statements", 0);
    equal(kept! <= MAX_PREPARED, true, `${kept} statements`);
    equal(kept! >= MAX_PREPARED - 5, true, `${kept} statements`);
  } finally {
    await database.close();
  }
});
