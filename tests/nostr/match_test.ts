import { equal, ok } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { matches } from "../../src/nostr/match.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const A = "aa".repeat(32);
const B = "bb".repeat(32);
const EVENT: NostrEvent = {
  id: A,
  pubkey: B,
  created_at: 100,
  kind: 1,
  tags: [["e", A, B], ["p", B], ["t", "nostr"], ["t"], ["T", "upper"], ["x", ""]],
  content: "",
  sig: A + A,
};

Deno.test("NIP01-40: ids, authors and kinds each hold alone", () => {
  equal(matches({ tags: new Map(), ids: new Set([A]) }, EVENT), true);
  equal(matches({ tags: new Map(), ids: new Set([B]) }, EVENT), false);
  equal(matches({ tags: new Map(), authors: new Set([A, B]) }, EVENT), true);
  equal(matches({ tags: new Map(), authors: new Set([A]) }, EVENT), false);
  equal(matches({ tags: new Map(), kinds: new Set([0, 1]) }, EVENT), true);
  equal(matches({ tags: new Map(), kinds: new Set([0]) }, EVENT), false);
});

Deno.test("NIP01-41: one value of a letter is enough, each letter must be met", () => {
  equal(matchesTags({ t: ["bitcoin", "nostr"] }), true);
  equal(matchesTags({ t: ["nostr"], p: [B] }), true);
  equal(matchesTags({ t: ["nostr"], p: [A] }), false);
  equal(matchesTags({ z: ["nostr"] }), false);
});

Deno.test("NIP01-42: several conditions must all hold", () => {
  const filter = { tags: new Map(), authors: new Set([B]), kinds: new Set([1]), since: 100 };
  equal(matches(filter, EVENT), true);
  equal(matches({ ...filter, kinds: new Set([2]) }, EVENT), false);
  equal(matches({ ...filter, since: 101 }, EVENT), false);
});

Deno.test("NIP01-44: since and until include their own second", () => {
  equal(matches({ tags: new Map(), since: 100, until: 100 }, EVENT), true);
  equal(matches({ tags: new Map(), since: 101 }, EVENT), false);
  equal(matches({ tags: new Map(), until: 99 }, EVENT), false);
  equal(matches({ tags: new Map(), since: 0 }, { ...EVENT, created_at: 0 }), true);
});

Deno.test("NIP01-48: limit does not count", () => {
  equal(matches({ tags: new Map(), limit: 0 }, EVENT), true);
});

Deno.test("NIP01-50: only the first value of a tag is found", () => {
  equal(matchesTags({ e: [A] }), true);
  equal(matchesTags({ e: [B] }), false);
});

Deno.test("a tag without a value is not found by the empty one, a tag with it is", () => {
  equal(matchesTags({ t: [""] }), false);
  equal(matchesTags({ x: [""] }), true);
});

Deno.test("NIP01-51: upper and lower case are different letters", () => {
  equal(matchesTags({ T: ["upper"] }), true);
  equal(matchesTags({ t: ["upper"] }), false);
});

Deno.test("NIP01-52: a prefix is not enough", () => {
  equal(matches({ tags: new Map(), ids: new Set([A.slice(0, 8)]) }, EVENT), false);
  equal(matches({ tags: new Map(), authors: new Set([B.slice(0, 8)]) }, EVENT), false);
});

Deno.test("NIP01-54: nothing is in an empty set", () => {
  equal(matches({ tags: new Map(), ids: new Set() }, EVENT), false);
  equal(matches({ tags: new Map(), authors: new Set() }, EVENT), false);
  equal(matches({ tags: new Map(), kinds: new Set() }, EVENT), false);
  equal(matchesTags({ t: [] }), false);
});

Deno.test("NIP01-56: the filter without conditions matches everything", () => {
  equal(matches({ tags: new Map() }, EVENT), true);
});

Deno.test("NIP01-57: no second lies between a since and an earlier until", () => {
  equal(matches({ tags: new Map(), since: 101, until: 99 }, EVENT), false);
});

Deno.test("NIP91-01 NIP91-02: each value of &t is carried, beside one of those of #t", () => {
  const event = { ...EVENT, tags: [["t", "a"], ["t", "b", "z"], ["t", "c"], ["p", B], ["t"]] };
  const carries = (all: readonly string[], some?: readonly string[]) =>
    matches({
      tags: new Map(some && [["t", new Set(some)]]),
      allTags: new Map([["t", new Set(all)]]),
    }, event);
  equal(carries(["a", "b"]), true);
  equal(carries(["a", "z"]), false);
  equal(carries(["a", "b"], ["c", "d"]), true);
  equal(carries(["a", "b"], ["d"]), false);
  equal(carries([]), false);
});

Deno.test("NIP91-04: & conditions of two letters both hold", () => {
  const allTags = (e: string, p: string) => new Map([["e", new Set([e])], ["p", new Set([p])]]);
  equal(matches({ tags: new Map(), allTags: allTags(A, B) }, EVENT), true);
  equal(matches({ tags: new Map(), allTags: allTags(A, A) }, EVENT), false);
});

Deno.test("NIP50-02: a search holds beside the other conditions", () => {
  const event = { ...EVENT, content: "Good morning" };
  const search = new Set(["morning"]);
  equal(matches({ tags: new Map(), search }, event), true);
  equal(matches({ tags: new Map(), search, kinds: new Set([2]) }, event), false);
  equal(matches({ tags: new Map(), search }, EVENT), false);
  equal(matches({ tags: new Map(), search: new Set() }, event), false);
});

Deno.test("matches agrees with the sentence of NIP-01, written down as it is read", () => {
  const random = new SeededRandom(20);
  const events = generateEvents(random, 400, { ephemeral: true, deletions: true });
  let found = 0;
  for (let i = 0; i < 300; i++) {
    const filter = generateFilter(random, events);
    for (const event of events) {
      const expected = plainlyMatches(filter, event);
      equal(matches(filter, event), expected);
      if (expected) found++;
    }
  }
  ok(found > 1_000, `only ${found} matches`);
});

/** The slow and obvious one. */
function plainlyMatches(filter: ReqFilter, event: NostrEvent): boolean {
  const within = <T>(set: ReadonlySet<T> | undefined, value: T) =>
    set === undefined || set.has(value);
  return within(filter.ids, event.id) && within(filter.authors, event.pubkey) &&
    within(filter.kinds, event.kind) &&
    (filter.since ?? 0) <= event.created_at && event.created_at <= (filter.until ?? Infinity) &&
    [...filter.tags].every(([letter, values]) =>
      [...values].some((value) => event.tags.some((tag) => tag[0] === letter && tag[1] === value))
    );
}

function matchesTags(tags: Readonly<Record<string, readonly string[]>>): boolean {
  const sets = Object.entries(tags).map(([letter, values]) => [letter, new Set(values)] as const);
  return matches({ tags: new Map(sets) }, EVENT);
}
