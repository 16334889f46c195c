import { deepEqual, equal, ok } from "node:assert/strict";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { utf8 } from "../../src/base/bytes.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import {
  eventFacets,
  type FacetCondition,
  facetConditions,
  SHORTEST_WINDOW_S,
  windowsOver,
} from "../../src/store/facet.ts";
import { migrate } from "../../src/store/migrations.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { SqlStore } from "../../src/store/sql_store.ts";
import { tagValueHex } from "../../src/store/tag_value.ts";
import { readMigrations } from "../kit/database.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { PostgresServer } from "../kit/postgres_server.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const event: NostrEvent = {
  id: "0".repeat(64),
  pubkey: "ab".repeat(32),
  created_at: 1_700_000_000,
  kind: 30_023,
  tags: [["t", "nostr"], ["p", "cd".repeat(32)], ["title", "a title"]],
  content: "",
  sig: "",
};

function facetsAt(created_at: number): ReadonlySet<string> {
  return new Set(eventFacets({ ...event, created_at }, sha256));
}

function meets(facets: ReadonlySet<string>, condition: FacetCondition): boolean {
  const [some, every] = [condition.facets.some((one) => facets.has(one)), condition.every];
  return every ? condition.facets.every((one) => facets.has(one)) : some;
}

const hex = (value: string) => tagValueHex(value, sha256)!;

Deno.test("an event has the facets that its conditions ask for, and no others", () => {
  const facets = facetsAt(event.created_at);
  const asked = (conditions: Partial<Parameters<typeof facetConditions>[0]>) =>
    facetConditions({ tags: [], ...conditions }, sha256).every((one) => meets(facets, one));
  equal(asked({ kinds: [1, 30_023] }), true);
  equal(asked({ kinds: [1] }), false);
  equal(asked({ authors: [event.pubkey] }), true);
  equal(asked({ authors: ["cd".repeat(32)] }), false);
  equal(asked({ tags: [{ letter: "t", values: [hex("x"), hex("nostr")] }] }), true);
  equal(asked({ tags: [{ letter: "t", values: [hex("x"), hex("nostr")], every: true }] }), false);
  equal(asked({ tags: [{ letter: "T", values: [hex("nostr")] }] }), false);
  equal(asked({ tags: [{ letter: "p", values: [hex("cd".repeat(32))] }] }), true);
  equal(asked({ kinds: [1], authors: [event.pubkey] }), false);
});

Deno.test("facets are positive numbers of 64 bits that tell types apart", () => {
  const facets = eventFacets({ ...event, created_at: 2 ** 53 - 1 }, sha256).map(BigInt);
  equal(new Set(facets.map((facet) => facet >> 56n)).size, 5 + 2 + 2);
  for (const facet of facets) ok(facet > 0n && facet < 2n ** 63n);
});

Deno.test("the windows over a stretch are those of all its seconds, and little more", () => {
  const seconds = fc.integer({ min: 0, max: 2 ** 31 });
  fc.assert(fc.property(seconds, seconds, seconds, (since, length, at) => {
    const before = since + 1 + length % 100_000_000;
    const windows = windowsOver(since, before)!;
    ok(windows.facets.length <= 128);
    for (const inside of [since, before - 1, since + at % (before - since)]) {
      ok(meets(facetsAt(inside), windows));
    }
    const margin = Math.max(SHORTEST_WINDOW_S, (before - since) / 4);
    equal(meets(facetsAt(Math.ceil(before + margin)), windows), false);
    if (since > margin) equal(meets(facetsAt(Math.floor(since - 1 - margin)), windows), false);
  }));
});

Deno.test("over all of time windows tell nothing apart", () => {
  equal(windowsOver(0, Number.MAX_SAFE_INTEGER + 1), undefined);
  deepEqual(windowsOver(0, 1)?.facets.length, 1);
});

Deno.test("what was stored before there were facets gets them by the migration", async () => {
  await using server = await PostgresServer.start();
  const database = openPostgres(await server.freshDatabase());
  const store = new SqlStore(database, sha256);
  try {
    const migrations = readMigrations();
    await migrate(database, migrations.filter(({ name }) => name < "0005"), sha256);
    const events = generateEvents(new SeededRandom(1), 300);
    await store.put(events.map((event) => ({ event, json: utf8(eventJson(event)) })));
    await database.script("insert into event_words (event, words) select key, '' from events");
    await migrate(database, migrations, sha256);
    const rows = await database.query({
      text: `select raw, event_words.facets::text, event_words.created_at
        from events join event_words on event = key`,
      parameters: [],
      read: (cells) => ({ event: JSON.parse(cells.text(0)), facets: cells.text(1) }),
    });
    ok(rows.length > 200);
    for (const { event, facets } of rows) {
      const expected = new Set(eventFacets(event, sha256));
      deepEqual(new Set(facets.slice(1, -1).split(",")), expected, event.id);
    }
  } finally {
    await store.close();
  }
});
