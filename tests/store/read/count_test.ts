import { deepEqual, equal } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { countEvents } from "../../../src/store/read/count.ts";
import { ScriptedDatabase } from "../../kit/scripted_database.ts";

const tags = new Map<string, ReadonlySet<string>>();
const topic: ReqFilter = { tags: new Map([["t", new Set(["a", "b"])]]) };
const liked: ReqFilter = { tags: new Map([["e", new Set(["0".repeat(64)])]]), kinds: new Set([7]) };

function count(database: ScriptedDatabase, ...filters: readonly ReqFilter[]) {
  return countEvents(filters, { database, hashText: portableHashText, maxRows: 100 });
}

Deno.test("the parts of one filter add up, and one that met its bound makes all approximate", async () => {
  const parts = new ScriptedDatabase([{ visited: 50, matched: 40 }], [{
    visited: 101,
    matched: 7,
  }]);
  deepEqual(await count(parts, topic), { count: 47, isApproximate: true });
  const exact = new ScriptedDatabase([{ visited: 100, matched: 100 }], [{
    visited: 0,
    matched: 0,
  }]);
  deepEqual(await count(exact, topic), { count: 100, isApproximate: false });
});

Deno.test("NIP45-02 of several filters the events are told apart", async () => {
  const rows = (...keys: number[]) => keys.map((key) => ({ key, matches: key !== 9 }));
  const database = new ScriptedDatabase(rows(1, 2, 9), rows(2, 3));
  const filters = [{ tags, kinds: new Set([1]) }, { tags, kinds: new Set([7]) }];
  deepEqual(await count(database, ...filters), { count: 3, isApproximate: false });
});

/** What a search of a few events finds, one row for each match. */
function found(compared: number, ...keys: readonly number[]): readonly (readonly unknown[])[] {
  const rows = keys.map((key) => ({ key, createdAt: 5, rank: 1 }));
  const matches = rows.length === 0 ? [undefined] : rows;
  const newest = { count: 3, newestAt: 5, oldestAt: 5, firstAt: 5 };
  return [[newest], matches.map((match) => ({ looked: compared, compared, match }))];
}

Deno.test("NIP45 NIP50 a search is counted without fetching what it finds, up to the bound", async () => {
  const search = { tags, search: new Set(["fox"]) };
  const few = new ScriptedDatabase(...found(40));
  deepEqual(await count(few, search), { count: 40, isApproximate: false });
  equal(few.asked.at(-1)?.parameters.at(-1), 0);
  const many = new ScriptedDatabase(...found(101));
  deepEqual(await count(many, search), { count: 100, isApproximate: true });
});

Deno.test("NIP45-02 what a search finds is told apart from what others find", async () => {
  const database = new ScriptedDatabase([{ key: 1, matches: true }], ...found(2, 1, 2));
  const filters = [{ tags, kinds: new Set([1]) }, { tags, search: new Set(["fox"]) }];
  deepEqual(await count(database, ...filters), { count: 2, isApproximate: false });
});

Deno.test("NIP45 registers and the number come from one look", async () => {
  const keys = "0301000000000000" + "03ff000000000000";
  const database = new ScriptedDatabase([{ visited: 7, matched: 2, keys }]);
  const { registers, ...counted } = await count(database, liked);
  deepEqual(counted, { count: 2, isApproximate: false });
  deepEqual([registers?.[3], registers?.[9]], [8, 0]);
  equal(database.asked.length, 1);
});

Deno.test("what can match nothing is not asked", async () => {
  const database = new ScriptedDatabase();
  const nothing = { tags, ids: new Set<string>() };
  deepEqual(await count(database, nothing, nothing), { count: 0, isApproximate: false });
  deepEqual(await count(database), { count: 0, isApproximate: false });
  equal(database.asked.length, 0);
});
