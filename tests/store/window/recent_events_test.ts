import { deepEqual, ok } from "node:assert/strict";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { addressOf, isNewer } from "../../../src/nostr/kind.ts";
import { KeySet } from "../../../src/nostr/key_set.ts";
import { matches } from "../../../src/nostr/match.ts";
import { RecentEvents } from "../../../src/store/window/recent_events.ts";
import { generateEvents } from "../../kit/event_generator.ts";
import { generateFilter } from "../../kit/filter_generator.ts";
import { recordOf, someEvent } from "../../kit/records.ts";
import { drawSeed, SeededRandom } from "../../kit/seeded_random.ts";

const seed = drawSeed();

/** What the window finds, without a bound on what that costs. */
function idsIn(recent: RecentEvents, filter: ReqFilter): readonly string[] {
  const budget = { left: Infinity, trialLooks: Infinity };
  const { slots } = recent.find(filter, { isShown: () => true, budget })!;
  return recent.table.placesOf(slots).map(({ id }) => id);
}

function matching(events: Iterable<NostrEvent>, filter: ReqFilter): readonly string[] {
  return [...events].filter((event) => matches(filter, event))
    .sort((a, b) => isNewer(a, b) ? -1 : 1).slice(0, filter.limit).map(({ id }) => id);
}

Deno.test(`random filters find what they match among thousands of events (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  const recent = new RecentEvents(1e9, random);
  recent.lowerHorizon(0);
  // Lists of thousands, which come in pieces, and many events of one second.
  const events = generateEvents(random, 6_000, { authors: 50, pace: 1 });
  const unique = new Map(events.map((event) => [event.id, event]));
  const held = new Map([...unique].filter(([, event]) => addressOf(event) === undefined));
  for (const event of random.shuffled([...held.values()])) recent.add(recordOf(event));
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 150; i++) {
      const drawn = generateFilter(random, events);
      const [[letter, values] = []] = drawn.tags;
      const allTags = letter !== undefined && random.chance(0.3) && new Map([[letter, values!]]);
      const filter = { ...drawn, ...allTags && { allTags } };
      if (filter.ids !== undefined) continue;
      deepEqual(idsIn(recent, filter), matching(held.values(), filter), `seed ${seed}`);
    }
    const gone = random.sample([...held.keys()], 3_000);
    ok(recent.delete(gone));
    for (const id of gone) held.delete(id);
  }
});

Deno.test(`feeds of many authors find what they match, written lately or not (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  const recent = new RecentEvents(1e9, random);
  recent.lowerHorizon(0);
  // Many events of one second, where one way of looking ends and the other begins.
  const events = generateEvents(random, 4_000, { authors: 300, pace: 1 });
  const held = new Map(events.map((event) => [event.id, event]));
  for (const event of held.values()) if (addressOf(event) !== undefined) held.delete(event.id);
  for (const event of held.values()) recent.add(recordOf(event));
  const authors = [
    ...new Set(events.map(({ pubkey }) => pubkey)),
    ...random.sample([..."abcdef"], 6)
      .map((digit) => digit.repeat(64)),
  ];
  // The last ones write least.
  const writers = Map.groupBy(held.values(), ({ pubkey }) => pubkey);
  authors.sort((a, b) => (writers.get(b)?.length ?? 0) - (writers.get(a)?.length ?? 0));
  for (let i = 0; i < 200; i++) {
    const from = random.int(authors.length - 40);
    const some = random.sample(authors.slice(from), random.between(33, 300));
    const { created_at } = random.pick(events);
    const filter: ReqFilter = {
      authors: random.chance(0.5) ? new Set(some) : KeySet.of(some)!,
      tags: new Map(),
      limit: random.pick([0, 1, 35, 200, 1_000]),
      ...random.chance(0.7) && { kinds: new Set(random.sample([1, 6, 7, 1059, 77], 2)) },
      ...random.chance(0.3) && { until: created_at },
      ...random.chance(0.2) && { since: created_at },
    };
    deepEqual(idsIn(recent, filter), matching(held.values(), filter), `seed ${seed}`);
  }
});

Deno.test("feeds that find nothing lately are bounded together, however many a query has", () => {
  const random = new SeededRandom(2);
  const recent = new RecentEvents(1e9, random);
  recent.lowerHorizon(0);
  const hidden = "a".repeat(64);
  const write = (count: number, pubkey: string, created_at: number) => {
    for (let i = 0; i < count; i++) recent.add(recordOf(someEvent({ pubkey, created_at })));
  };
  write(800, hidden, 2_000_000_000);
  write(800, "b".repeat(64), 1_000_000_000);
  let looks = 0;
  const isShown = () => {
    looks++;
    return false;
  };
  const budget = { left: 1_000, trialLooks: 1_000 };
  // Too many pairs of authors and kinds for a lane of each, and nothing else by these authors.
  const authors = new Set([hidden, ...[..."cdef0123456789"].map((digit) => digit.repeat(64))]);
  const kinds = new Set(Array.from({ length: 100 }, (_, kind) => kind + 1));
  for (let filter = 0; filter < 20; filter++) {
    recent.find({ authors, kinds, tags: new Map(), limit: 10 }, { isShown, budget });
  }
  ok(looks >= 800 && looks <= 2_000, `${looks} events were looked at`);
});

Deno.test("what stands in too many lanes is not removed at once", () => {
  const recent = new RecentEvents(1e9, new SeededRandom(1));
  const tags = Array.from({ length: 1_000 }, (_, i) => ["t", String(i)]);
  const events = Array.from({ length: 60 }, () => someEvent({ tags }));
  for (const event of events) recent.add(recordOf(event));
  const ids = events.map(({ id }) => id);
  deepEqual(recent.delete(ids), false);
  deepEqual(recent.writtenBy(events[0]!.pubkey), undefined);
  deepEqual(recent.size, 60);
  deepEqual(recent.delete(ids.slice(0, 40)), true);
  deepEqual(recent.size, 20);
});
