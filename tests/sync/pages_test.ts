import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { matches } from "../../src/nostr/match.ts";
import { parseFilter } from "../../src/nostr/parse_filter.ts";
import { type Page, pages } from "../../src/sync/pages.ts";
import { FakeSigner } from "../kit/signer.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const signer = new FakeSigner(new SeededRandom(5));

function note(created_at: number, content: string): NostrEvent {
  return signer.sign({ created_at, kind: 1, tags: [], content });
}

/**
 * A relay that gives at most so many events, without a hint whether there are more. Of these, so many
 * as are `kept` fit into memory.
 */
function relayOf(all: readonly NostrEvent[], most: number, kept: number) {
  let requests = 0;
  const query = (filterJson: object) => {
    requests++;
    const filter = parseFilter(filterJson, { maxFilterValues: Infinity });
    ok(!("prefix" in filter));
    const { limit = most, ...condition } = filter;
    const given = all.filter((event) => matches(condition, event))
      .sort((one, other) => other.created_at - one.created_at || (one.id < other.id ? -1 : 1))
      .slice(0, Math.min(limit, most));
    const events = given.slice(0, kept);
    const isCut = given.length > kept;
    return Promise.resolve({ events, malformed: 0, isWhole: false, isCut });
  };
  return { remote: { query }, requests: () => requests };
}

async function read(all: readonly NostrEvent[], most: number, kept = Infinity) {
  const { remote, requests } = relayOf(all, most, kept);
  const { signal } = new AbortController();
  const range = { since: 0, until: 10_000 };
  const found: Page[] = await Array.fromAsync(pages({ remote, filter: {}, range, signal }));
  return { found, ids: found.flatMap(({ events }) => events.map(({ id }) => id)), requests };
}

Deno.test("all events come once, however many share a second, and ranges leave no gap", async () => {
  const random = new SeededRandom(21);
  for (const most of [60, 100, 500]) {
    // Some seconds have many, none more than the relay gives.
    const all = Array.from({ length: 900 }, (_, at) => note(random.int(40) * 7, `${at}`));
    const { found, ids } = await read(all, most);
    equal(ids.length, new Set(ids).size);
    deepEqual(new Set(ids), new Set(all.map(({ id }) => id)));
    ok(found.every(({ isPartial }) => !isPartial));
    for (const [at, { range }] of found.entries()) {
      equal(range.until, at === 0 ? 10_000 : found[at - 1]!.range.since - 1);
    }
    equal(found.at(-1)!.range.since, 0);
  }
});

Deno.test("a second with more events than the relay gives is named, and the rest comes", async () => {
  const many = Array.from({ length: 150 }, (_, at) => note(500, `${at}`));
  const all = [note(900, "new"), ...many, note(100, "old")];
  const { found, ids } = await read(all, 100);
  deepEqual(found.filter(({ isPartial }) => isPartial).map(({ range }) => range), [
    { since: 500, until: 500 },
  ]);
  ok(ids.includes(all[0]!.id) && ids.includes(all.at(-1)!.id));
  equal(ids.length, 102);
});

Deno.test("a second of which not all fits into memory is named", async () => {
  const many = Array.from({ length: 40 }, (_, at) => note(500, `${at}`));
  const { found, ids } = await read([note(900, "new"), ...many, note(100, "old")], 100, 30);
  deepEqual(found.filter(({ isPartial }) => isPartial).map(({ range }) => range), [
    { since: 500, until: 500 },
  ]);
  equal(ids.length, 32);
});

Deno.test("nothing is nothing, and a hint that there is no more saves a request", async () => {
  const { found, requests } = await read([], 100);
  deepEqual(found, [{
    events: [],
    malformed: 0,
    isPartial: false,
    range: { since: 0, until: 10_000 },
  }]);
  equal(requests(), 1);
});

Deno.test("what was not asked for is left out, and a refusal ends the reading", async () => {
  const strange = note(20_000, "from the future");
  const remote = {
    query: () => Promise.resolve({ events: [strange], malformed: 2, isWhole: true, isCut: false }),
  };
  const { signal } = new AbortController();
  const options = { filter: {}, range: { since: 0, until: 10_000 }, signal };
  const [page] = await Array.fromAsync(pages({ ...options, remote }));
  deepEqual([page!.events, page!.malformed], [[], 2]);
  const refusing = { query: () => Promise.reject(new Error("no")) };
  await rejects(Array.fromAsync(pages({ ...options, remote: refusing })), /no/);
});
