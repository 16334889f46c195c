import { deepEqual, equal, ok } from "node:assert/strict";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { generateEvents } from "./event_generator.ts";
import { generateFilter } from "./filter_generator.ts";
import { SeededRandom } from "./seeded_random.ts";

Deno.test("the same seed gives the same filters", () => {
  deepEqual(filters(9, 50), filters(9, 50));
});

Deno.test("thousands of filters show every trait that their description promises", () => {
  const drawn = filters(10, 5_000);
  ok(drawn.some(({ ids }) => ids?.size === 0), "an empty set");
  ok(drawn.some(({ authors }) => (authors?.size ?? 0) > 50), "many authors");
  ok(drawn.some(({ tags }) => tags.size === 2), "two letters");
  ok(drawn.some(({ limit }) => limit === 0), "limit 0");
  ok(drawn.some(({ limit }) => limit === undefined), "no limit");
  ok(drawn.some(({ since, until }) => since! > until!), "since after until");
  ok(drawn.some(isOpen), "the filter that asks for everything");
});

Deno.test("without events there are filters still", () => {
  const random = new SeededRandom(11);
  for (let i = 0; i < 200; i++) ok(generateFilter(random, []).tags instanceof Map);
});

Deno.test("what is not asked for is not there, not there and undefined", () => {
  for (const filter of filters(12, 200)) {
    for (const value of Object.values(filter)) ok(value !== undefined);
    equal("tags" in filter, true);
  }
});

function filters(seed: number, count: number): ReqFilter[] {
  const random = new SeededRandom(seed);
  const events = generateEvents(random, 300, { authors: 100 });
  return Array.from({ length: count }, () => generateFilter(random, events));
}

function isOpen(filter: ReqFilter): boolean {
  return Object.keys(filter).length === 1 && filter.tags.size === 0;
}
