import { deepEqual, equal, ok } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import fc from "fast-check";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import {
  eventFacets,
  type FacetCondition,
  facetConditions,
  SHORTEST_WINDOW_S,
  windowsOver,
} from "../../../src/store/search/facet.ts";
import { authorFingerprint, tagFingerprint } from "../../../src/store/fingerprint.ts";

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
  return new Set(eventFacets({ ...event, created_at }, portableHashText));
}

function meets(facets: ReadonlySet<string>, condition: FacetCondition): boolean {
  const [some, every] = [condition.facets.some((one) => facets.has(one)), condition.every];
  return every ? condition.facets.every((one) => facets.has(one)) : some;
}

const author = (pubkey: string) => authorFingerprint(pubkey, portableHashText);
const tag = (letter: string, value: string) => tagFingerprint(letter, value, portableHashText)!;

Deno.test("an event has the facets that its conditions ask for, and no others", () => {
  const facets = facetsAt(event.created_at);
  const asked = (conditions: Partial<Parameters<typeof facetConditions>[0]>) =>
    facetConditions({ tags: [], ...conditions }).every((one) => meets(facets, one));
  equal(asked({ kinds: [1, 30_023] }), true);
  equal(asked({ kinds: [1] }), false);
  equal(asked({ authors: [author(event.pubkey)] }), true);
  equal(asked({ authors: [author("cd".repeat(32))] }), false);
  equal(asked({ tags: [{ values: [tag("t", "x"), tag("t", "nostr")] }] }), true);
  equal(asked({ tags: [{ values: [tag("t", "x"), tag("t", "nostr")], every: true }] }), false);
  equal(asked({ tags: [{ values: [tag("T", "nostr")] }] }), false);
  equal(asked({ tags: [{ values: [tag("p", "cd".repeat(32))] }] }), true);
  equal(asked({ kinds: [1], authors: [author(event.pubkey)] }), false);
});

Deno.test("a facet condition with text notes is usual", () => {
  const isUsual = (...kinds: number[]) => facetConditions({ kinds, tags: [] })[0]!.isUsual === true;
  deepEqual([isUsual(1), isUsual(0, 1), isUsual(0), isUsual(30_023)], [true, true, false, false]);
});

Deno.test("facets are positive numbers of 64 bits that tell types apart", () => {
  const facets = eventFacets({ ...event, created_at: 2 ** 53 - 1 }, portableHashText).map(BigInt);
  equal(new Set(facets.map((facet) => facet >> 56n)).size, 5 + 2 + 2);
  for (const facet of facets) ok(facet > 0n && facet < 2n ** 63n);
});

Deno.test("the windows over a range cover all its seconds, and little more", () => {
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

Deno.test("a range of all time has no windows", () => {
  equal(windowsOver(0, Number.MAX_SAFE_INTEGER + 1), undefined);
  deepEqual(windowsOver(0, 1)?.facets.length, 1);
});
