import { deepEqual, equal, ok } from "node:assert/strict";
import { sha256 } from "@noble/hashes/sha2.js";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import type { StoredEvent } from "../../src/store/event_store.ts";
import { searchEvents } from "../../src/store/search_events.ts";
import { ScriptedDatabase } from "../kit/scripted_database.ts";

const foxes: ReqFilter = { tags: new Map(), search: new Set(["fox"]), limit: 2 };
const [a, b, c] = ["a", "b", "c"].map((id): StoredEvent => (
  { seq: 1, id, createdAt: 1, json: new Uint8Array() }
)) as [StoredEvent, StoredEvent, StoredEvent];

function search(
  database: ScriptedDatabase,
  filter: ReqFilter,
  newest: readonly StoredEvent[] = [],
) {
  const asked: ReqFilter[] = [];
  const read = async function* (filter: ReqFilter) {
    asked.push(filter);
    yield await Promise.resolve(newest);
  };
  return { asked, answer: searchEvents(filter, { database, sha256, newest: read }) };
}

Deno.test("rare words are looked up", async () => {
  const database = new ScriptedDatabase([9_999], [b, a]);
  const { answer, asked } = search(database, foxes);
  deepEqual(await answer, [b, a]);
  ok(database.asked[1]!.text.includes("with found"));
  equal(asked.length, 0);
});

Deno.test("of common words the newest events are read and ranked", async () => {
  const database = new ScriptedDatabase([10_000], ["c", "a", "b"]);
  const { answer, asked } = search(database, foxes, [a, b, c]);
  deepEqual(await answer, [c, a]);
  deepEqual(asked, [{ ...foxes, limit: 500 }]);
});

Deno.test("with ids, nobody asks how common the words are", async () => {
  const database = new ScriptedDatabase(["b"]);
  const ids = new Set(["0".repeat(64)]);
  deepEqual(await search(database, { ...foxes, ids }, [a, b]).answer, [b]);
  equal(database.asked.length, 1);
});

Deno.test("what can match nothing is not asked", async () => {
  const database = new ScriptedDatabase();
  deepEqual(await search(database, { ...foxes, search: new Set() }).answer, []);
  deepEqual(await search(database, { ...foxes, limit: 0 }).answer, []);
  equal(database.asked.length, 0);
});
