import { deepEqual, equal } from "node:assert/strict";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { matches, TaggedEvent } from "../../../src/nostr/match.ts";
import { liveFilter, TextSet } from "../../../src/relay/live/live_filter.ts";
import { generateEvents } from "../../kit/event_generator.ts";
import { generateFilter } from "../../kit/filter_generator.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";

Deno.test("a set of texts answers as the set that it was made of", () => {
  const texts = new Set(["b", "", "é", "a", "\u0000", "ab", "𐐨", "z".repeat(100)]);
  const set = new TextSet(texts);
  deepEqual([set.size, new Set(set)], [texts.size, texts]);
  for (const text of [...texts, "c", "e\u0301", "aa"]) equal(set.has(text), texts.has(text));
  equal(set.isDisjointFrom(new Set(["é", "x"])), false);
  equal(set.isDisjointFrom(new Set(["y", "x"])), true);
  equal(set.isSubsetOf(texts), true);
});

Deno.test("a filter that is kept small matches what it matched before", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const events = generateEvents(random, 100, { ephemeral: true });
    const tagged = events.map((event) => new TaggedEvent(event));
    const many = new Set(events.slice(0, 20).map(({ id }) => id));
    const authors = new Set(events.slice(0, 30).map(({ pubkey }) => pubkey));
    const filters: ReqFilter[] = [
      ...Array.from({ length: 50 }, () => generateFilter(random, events)),
      { ids: many, tags: new Map() },
      { authors, tags: new Map([["e", many], ["p", authors]]) },
    ];
    for (const filter of filters) {
      const live = liveFilter(filter);
      for (const event of tagged) {
        equal(matches(live, event), matches(filter, event.event), `seed ${seed}`);
      }
    }
  }
});
