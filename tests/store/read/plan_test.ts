import { deepEqual, equal } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { facetConditions } from "../../../src/store/search/facet.ts";
import { authorFingerprint, idPrefixOf, tagFingerprint } from "../../../src/store/fingerprint.ts";
import { type Plan, plansOf, wordPlanOf } from "../../../src/store/read/plan.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);

function plans(fields: Partial<ReqFilter>): readonly Plan[] {
  return plansOf({ tags: new Map(), ...fields }, portableHashText);
}

/** Index and lanes of each plan, and what is left to check. */
function paths(fields: Partial<ReqFilter>) {
  return plans(fields).map(({ index, lanes, rest }) => ({ index, lanes, rest }));
}

function tagged(tags: Record<string, string[]>): Pick<ReqFilter, "tags"> {
  return {
    tags: new Map(Object.entries(tags).map(([letter, values]) => [letter, new Set(values)])),
  };
}

const none = { tags: [] };
const [x, y] = [tag("t", "x"), tag("t", "y")];
const [authorA, authorB] = [A, B].map((key) => authorFingerprint(key, portableHashText)) as [
  string,
  string,
];

function tag(letter: string, value: string): string {
  return tagFingerprint(letter, value, portableHashText)!;
}

Deno.test("ids go before everything else", () => {
  deepEqual(
    paths({
      ids: new Set([A]),
      authors: new Set([B]),
      kinds: new Set([1]),
      ...tagged({ t: ["x"] }),
    }),
    [{
      index: "id",
      lanes: [[idPrefixOf(A), A]],
      rest: { authors: [authorB], kinds: [1], tags: [{ values: [x] }] },
    }],
  );
});

Deno.test("authors and kinds are crossed", () => {
  deepEqual(paths({ authors: new Set([A, B]), kinds: new Set([1, 6]) }), [
    {
      index: "authorKind",
      lanes: [[authorA, 1], [authorA, 6], [authorB, 1], [authorB, 6]],
      rest: none,
    },
  ]);
});

Deno.test("authors, kinds and time each alone", () => {
  deepEqual(paths({ authors: new Set([A]) }), [{
    index: "author",
    lanes: [[authorA]],
    rest: none,
  }]);
  deepEqual(paths({ kinds: new Set([1, 7]) }), [{ index: "kind", lanes: [[1], [7]], rest: none }]);
  deepEqual(paths({}), [{ index: "time", lanes: [[]], rest: none }]);
});

Deno.test("more lanes than are worth finding become a check", () => {
  const authors = new Set(Array.from({ length: 2_000 }, (_, i) => `${i}`.padStart(64, "0")));
  const [plan] = plans({ authors, kinds: new Set([1, 6, 7]) });
  equal(plan!.index, "author");
  equal(plan!.lanes.length, 2_000);
  deepEqual(plan!.rest, { kinds: [1, 6, 7], tags: [] });
});

Deno.test("tags with kinds go by both", () => {
  deepEqual(paths({ ...tagged({ t: ["x"] }), kinds: new Set([1, 3]) }), [
    { index: "tagKind", lanes: [[x, 1], [x, 3]], rest: none },
  ]);
});

Deno.test("tags alone ask for follow lists apart", () => {
  deepEqual(paths(tagged({ t: ["x"] })), [
    { index: "tag", lanes: [[x]], rest: none },
    { index: "tagKind", lanes: [[x, 3]], rest: none },
  ]);
});

Deno.test("tags with authors go by both, and follow lists by their author", () => {
  const filter = { ...tagged({ t: ["x"] }), authors: new Set([A]) };
  const byAuthor = { index: "tagAuthor", lanes: [[x, authorA]] };
  const lists = {
    index: "authorKind",
    lanes: [[authorA, 3]],
    rest: { tags: [{ values: [x] }] },
  };
  deepEqual(paths(filter), [{ ...byAuthor, rest: none }, lists]);
  deepEqual(paths({ ...filter, kinds: new Set([1]) }), [
    { ...byAuthor, rest: { kinds: [1], tags: [] } },
  ]);
  deepEqual(paths({ ...filter, kinds: new Set([1, 3]) }), [
    { ...byAuthor, rest: { kinds: [1], tags: [] } },
    lists,
  ]);
  deepEqual(paths({ ...filter, kinds: new Set([3]) }), [lists]);
});

Deno.test("of several letters the one with the fewest values leads", () => {
  const filter = {
    ...tagged({ t: ["x", "y"], e: ["x"], p: ["x", "y", "z"] }),
    kinds: new Set([1]),
  };
  const [plan] = plans(filter);
  deepEqual(plan!.lanes, [[tag("e", "x"), 1]]);
  deepEqual(plan!.rest.tags.map(({ values }) => values[0]), [x, tag("p", "x")]);
});

Deno.test("lanes overlap when a letter has several values", () => {
  const overlaps = (values: string[]) =>
    plans({ ...tagged({ t: values }), kinds: new Set([1, 2]) })[0]!.overlapping;
  equal(overlaps(["x"]), false);
  equal(overlaps(["x", "y"]), true);
  equal(plans({ authors: new Set([A, B]) })[0]!.overlapping, false);
});

Deno.test("NIP01-54 an empty list is asked for nothing", () => {
  for (const field of ["ids", "authors", "kinds"]) deepEqual(plans({ [field]: new Set() }), []);
  deepEqual(plans(tagged({ t: [] })), []);
  deepEqual(plans({ ...tagged({ t: [] }), ids: new Set([A]) }), []);
});

Deno.test("NIP01-52 what no event can have is not asked for", () => {
  const odd = [A.slice(1), A.toUpperCase(), "", `${A}a`];
  deepEqual(plans({ ids: new Set(odd) }), []);
  deepEqual(plans({ authors: new Set([...odd, B]) })[0]!.lanes, [[authorB]]);
  deepEqual(plans({ kinds: new Set([-1, 1.5, 65_536, NaN]) }), []);
  deepEqual(plans({ ...tagged({ t: ["\ud800"] }), kinds: new Set([1]) }), []);
});

Deno.test("NIP01-44 since is inclusive and until too", () => {
  const range = (fields: Partial<ReqFilter>) =>
    plans(fields).map(({ since, before }) => [since, before]);
  deepEqual(range({}), [[0, 2 ** 53]]);
  deepEqual(range({ since: 5, until: 5 }), [[5, 6]]);
  deepEqual(range({ since: 6, until: 5 }), []);
  deepEqual(range({ since: -5, until: 2 ** 60 }), [[0, 2 ** 53]]);
  deepEqual(range({ until: -1 }), []);
  deepEqual(range({ since: 2 ** 53 }), []);
  deepEqual(range({ since: 1.5, until: 2.5 }), [[2, 3]]);
});

Deno.test("NIP01-47 limit 0 asks for nothing, no limit for all", () => {
  deepEqual(plans({ limit: 0 }), []);
  equal(plans({})[0]!.limit, Infinity);
  equal(plans({ limit: 7 })[0]!.limit, 7);
});

Deno.test("NIP91 of values that are all needed the first leads, and all are checked", () => {
  const allTags = new Map([["t", new Set(["x", "y"])]]);
  const every = { values: [x, y], every: true };
  const [plan] = plans({ allTags, kinds: new Set([1]) });
  equal(plan!.overlapping, false);
  deepEqual(paths({ allTags, kinds: new Set([1]) }), [
    { index: "tagKind", lanes: [[x, 1]], rest: { tags: [every] } },
  ]);
  deepEqual(paths({ allTags: new Map([["t", new Set(["x"])]]), kinds: new Set([1]) }), [
    { index: "tagKind", lanes: [[x, 1]], rest: none },
  ]);
  deepEqual(plans({ allTags: new Map([["t", new Set(["x", "\ud800"])]]) }), []);
  deepEqual(plans({ allTags: new Map([["t", new Set<string>()]]) }), []);
});

Deno.test("NIP50 a search goes by its words and by facets, and all else is checked", () => {
  const wordPlan = (fields: Partial<ReqFilter>) =>
    wordPlanOf({ tags: new Map(), search: new Set(["big", "fox"]), ...fields }, portableHashText);
  const { words, soughtWords, rest, facets, ids } = wordPlan({
    authors: new Set([A]),
    ...tagged({ t: ["x"] }),
  })!;
  deepEqual(words, ["big", "fox"]);
  deepEqual(soughtWords, words);
  const checks = { authors: [authorA], tags: [{ values: [x] }] };
  deepEqual(rest, checks);
  deepEqual(facets, facetConditions(checks));
  equal(ids, undefined);
  deepEqual(wordPlan({ ids: new Set([B, "no id"]) })?.ids, [B]);
  equal(wordPlan({ search: new Set() }), undefined);
  equal(wordPlan({ limit: 0 }), undefined);
  equal(wordPlan({ since: 5, until: 4 }), undefined);
});

Deno.test("NIP50 profiles alone are looked for by words of their own", () => {
  const wordPlan = (...kinds: number[]) =>
    wordPlanOf(
      { tags: new Map(), search: new Set(["big", "fox"]), kinds: new Set(kinds) },
      portableHashText,
    )!;
  const { words, soughtWords, rest, facets } = wordPlan(0);
  deepEqual([words, soughtWords], [["big", "fox"], ["0:big", "0:fox"]]);
  deepEqual([rest, facets], [{ kinds: [0], tags: [] }, []]);
  deepEqual(wordPlan(0, 1).soughtWords, ["big", "fox"]);
});
