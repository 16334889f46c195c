import { deepEqual, equal, ok } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import fc from "fast-check";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { ANY_LENGTH } from "../../../src/store/read/body_statement.ts";
import { authorFingerprint } from "../../../src/store/fingerprint.ts";
import { plansOf } from "../../../src/store/read/plan.ts";
import {
  recentFirst,
  recentOf,
  recentStatement,
} from "../../../src/store/read/recent_statement.ts";
import { compare } from "../../../src/store/read/scan.ts";
import { SqlStore } from "../../../src/store/sql_store.ts";
import { ScriptedDatabase } from "../../kit/scripted_database.ts";

// That the statement means what the filter means is in tests/contract.

function keys(count: number): Set<string> {
  return new Set(Array.from({ length: count }, (_, i) => `${i}`.padStart(64, "0")));
}

function author(pubkey: string): string {
  return authorFingerprint(pubkey, portableHashText);
}

function planOf(fields: Partial<ReqFilter>) {
  return plansOf({ tags: new Map(), limit: 20, ...fields }, portableHashText)[0]!;
}

Deno.test("a stretch is read before many lanes, each kind its share", () => {
  const authors = keys(100);
  equal(recentOf(planOf({ authors }))?.length, 240);
  equal(recentOf(planOf({ authors, kinds: new Set([1]) }))?.length, 240);
  equal(recentOf(planOf({ authors, kinds: new Set([1, 6]) }))?.length, 120);
  deepEqual(recentOf(planOf({ authors, kinds: new Set([1, 6]) }))?.kinds, [1, 6]);
  deepEqual(recentOf(planOf({ authors }))?.authors, [...authors].map(author));
});

Deno.test("no stretch where it is not likely to be the answer", () => {
  const authors = keys(100);
  const without: readonly Partial<ReqFilter>[] = [
    { authors: keys(19) },
    { ids: keys(100) },
    { kinds: new Set([1]) },
    { authors, limit: Infinity },
    { authors, limit: 400, kinds: new Set([1, 6]) },
    { authors, tags: new Map([["t", new Set(["x"])]]) },
    { authors, kinds: new Set(Array.from({ length: 30 }, (_, kind) => kind)) },
  ];
  for (const filter of without) equal(recentOf(planOf(filter)), undefined);
});

Deno.test("the statement's parameters are the stretch, the authors, the limit and the rest", () => {
  const plan = planOf({ authors: keys(20), kinds: new Set([1, 6]), since: 5 });
  const { parameters } = recentStatement(plan, { ...recentOf(plan)!, authors: ["aa"] });
  deepEqual(parameters, [40, "{1,6}", 5, 2 ** 53, "{aa}", 20, ANY_LENGTH]);
});

Deno.test("a stretch and the lanes behind it are the answer, wherever the stretch ends", async () => {
  const event = fc.record({ createdAt: fc.integer({ min: 0, max: 9 }), isWanted: fc.boolean() });
  const world = fc.record({
    events: fc.array(event, { maxLength: 40 }),
    length: fc.integer({ min: 1, max: 50 }),
    limit: fc.integer({ min: 1, max: 20 }),
    chunk: fc.integer({ min: 1, max: 8 }),
  });
  await fc.assert(fc.asyncProperty(world, async ({ events, length, limit, chunk }) => {
    const all = events
      .map((one, at) => ({ ...one, id: `${at}`.padStart(2, "0"), seq: at, json: new Uint8Array() }))
      .sort(compare);
    const wanted = all.filter(({ isWanted }) => isWanted);
    const stretch = all.slice(0, length);
    const rows = stretch.filter(({ isWanted }) => isWanted).slice(0, limit)
      .map((row) => ({ ...row, isEnd: false }));
    if (stretch.length === length) rows.push({ ...stretch.at(-1)!, isEnd: true });
    async function* lanes(before: number) {
      const older = wanted.filter(({ createdAt }) => createdAt < before).slice(0, limit);
      for (let at = 0; at < older.length; at += chunk) {
        yield { events: older.slice(at, at + chunk), isLast: at + chunk >= older.length };
      }
    }
    const read = () => Promise.resolve(rows);
    const pages = await Array.fromAsync(recentFirst(read, limit, lanes));
    ok(pages.slice(0, -1).every(({ isLast }) => !isLast), "only the last page may say so");
    const answer = pages.flatMap(({ events }) => events);
    deepEqual(answer.map(({ id }) => id), wanted.slice(0, limit).map(({ id }) => id));
  }));
});

/** Rows as the stretch gives them. */
function found(createdAt: number, id: string, isEnd = false) {
  return { createdAt, id, isEnd, seq: 1, json: new Uint8Array() };
}

const feed = { authors: keys(30), kinds: new Set([1]), tags: new Map(), limit: 2 };

async function idsOf(database: ScriptedDatabase): Promise<readonly string[]> {
  const chunks = await Array.fromAsync(new SqlStore(database, portableHashText).query([feed]));
  return chunks.flat().map(({ id }) => id);
}

Deno.test("a store asks nothing more when the stretch holds the answer", async () => {
  const database = new ScriptedDatabase([found(9, "a"), found(8, "b"), found(3, "z", true)]);
  deepEqual(await idsOf(database), ["a", "b"]);
  equal(database.asked.length, 1);
});

Deno.test("a store asks nothing more when the stretch is all there is", async () => {
  const database = new ScriptedDatabase([found(9, "a")]);
  deepEqual(await idsOf(database), ["a"]);
  equal(database.asked.length, 1);
});

Deno.test("a store asks the lanes for what is older than the stretch", async () => {
  const stretch = [found(9, "a"), found(9, "c", true)];
  const lanes = [{ ...found(9, "a"), lane: 0 }, { ...found(7, "d"), lane: 4 }];
  const database = new ScriptedDatabase(stretch, lanes);
  deepEqual(await idsOf(database), ["a", "d"]);
  equal(database.asked.length, 2);
  equal(database.asked[1]?.parameters.includes(10), true);
});
