import { deepEqual, equal, ok } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { facetConditions, windowsOver } from "../../../src/store/search/facet.ts";
import { wordPlanOf } from "../../../src/store/read/plan.ts";
import {
  matchedStatement,
  matchStatement,
  newestStatement,
} from "../../../src/store/search/search_statement.ts";
import { FakeCells } from "../../kit/fake_cells.ts";

const range = { since: 1_000, before: 2_000, wanted: 50, most: 100, isSelective: true };

function planOf(fields: Partial<ReqFilter>, nowS?: number) {
  return wordPlanOf(
    { tags: new Map(), search: new Set(["fox", "dog"]), ...fields },
    portableHashText,
    { nowS: nowS ?? 0 },
  )!;
}

function statementOf(fields: Partial<ReqFilter>, nowS?: number) {
  return matchStatement(planOf(fields, nowS), range, 10);
}

Deno.test("words, facets, windows and bounds are parameters", () => {
  const { text, parameters } = statementOf({ kinds: new Set([1]) });
  const [kind] = facetConditions({ kinds: [1], tags: [] });
  const list = (facets: readonly string[]) => `{${facets.join(",")}}`;
  deepEqual(parameters, [
    "'fox' & 'dog'",
    list(kind!.facets),
    list(windowsOver(1_000, 2_000)!.facets),
    101,
    1_000,
    2_000,
    50,
    10,
  ]);
  equal(/fox|dog/.test(text), false);
});

Deno.test("a range that is not selective has no windows", () => {
  const { parameters } = matchStatement(planOf({}), { ...range, isSelective: false }, 10);
  deepEqual(parameters, ["'fox' & 'dog'", 101, 1_000, 2_000, 50, 10]);
});

Deno.test("a usual condition is kept out of the index scan", () => {
  const [notes, articles] = [1, 30_023].map((kind) => statementOf({ kinds: new Set([kind]) }).text);
  ok(notes!.includes("(hit.facets && $2::int8[]) is true"));
  ok(articles!.includes("and hit.facets && $2::int8[] and"));
});

Deno.test("words that are not looked up are checked, and all words count for the rank", () => {
  const plan = { ...planOf({}), soughtWords: ["dog"] };
  const { text, parameters } = matchStatement(plan, range, 10);
  deepEqual(parameters.slice(0, 2), ["'fox' & 'dog'", "'dog'"]);
  ok(text.includes("(hit.words @@ $1::tsquery) is true and hit.words @@ $2::tsquery"));
  ok(text.includes("ts_rank(words, $1::tsquery"));
});

Deno.test("beside a rare facet no word needs to be looked up", () => {
  const { text, parameters } = matchStatement({ ...planOf({}), soughtWords: [] }, range, 10);
  equal(parameters[0], "'fox' & 'dog'");
  equal(text.split("@@").length, 2);
  ok(text.includes("where (hit.words @@ $1::tsquery) is true"));
});

Deno.test("the text depends on which conditions there are, not on how many values", () => {
  const tags = (...values: string[]) => ({ tags: new Map([["t", new Set(values)]]) });
  equal(statementOf(tags("a")).text, statementOf(tags("b", "c", "d")).text);
  equal(
    statementOf({ search: new Set(["a"]) }).text,
    statementOf({ search: new Set(["a", "b", "c"]) }).text,
  );
  ok(statementOf(tags("a")).text !== statementOf({}).text);
});

Deno.test("the rows read are bounded before their time is compared", () => {
  const { text } = statementOf({});
  const [found = "", newest = ""] = text.split("newest as materialized");
  ok(found.includes("limit $3::int8") && !found.includes("created_at >="));
  ok(newest.includes("created_at >="));
});

Deno.test("NIP91 values that must all be present are conditions on every facet", () => {
  const { text } = statementOf({ allTags: new Map([["t", new Set(["a", "b"])]]) });
  ok(text.includes("hit.facets @> $2::int8[]"));
});

Deno.test("ids are looked up", () => {
  const { text, parameters } = statementOf({ ids: new Set(["a".repeat(64)]) });
  ok(text.includes("join events on events.head = named.head and events.id = named.id"));
  ok(parameters.includes(`{"\\\\x${"a".repeat(64)}"}`));
});

Deno.test("NIP40 an expired event is no match", () => {
  ok(statementOf({}, 5).text.includes("hit.event not in (select expired.key"));
  equal(statementOf({}).text.includes("expired"), false);
});

Deno.test("a row without a match has the counts", () => {
  const { read } = statementOf({});
  deepEqual(read(new FakeCells("7", "0", "0", "0", "0")), {
    looked: 7,
    compared: 0,
    match: undefined,
  });
  deepEqual(read(new FakeCells("7", "5", "3", "1700000000", "0.25")), {
    looked: 7,
    compared: 5,
    match: { key: 3, createdAt: 1_700_000_000, rank: 0.25 },
  });
});

Deno.test("matches are checked by their exact values when they are fetched", () => {
  const plan = planOf({ authors: new Set(["a".repeat(64)]), kinds: new Set([1]) }, 5);
  const { text, parameters } = matchedStatement(plan, [
    { key: 7, createdAt: 5, rank: 0.5 },
    { key: 3, createdAt: 9, rank: 0.25 },
  ]);
  deepEqual(parameters.slice(0, 2), ["{7,3}", "{5,9}"]);
  ok(
    text.includes("hit.created_at is not distinct from wanted.created_at and hit.author = any($3"),
  );
  ok(text.endsWith("order by wanted.place"));
});

Deno.test("the newest are counted within the plan's time", () => {
  const { parameters, read } = newestStatement(planOf({ since: 5, until: 8 }), 250);
  deepEqual(parameters, [5, 9, 250]);
  const newest = read(new FakeCells("3", "8", "6", "5"));
  deepEqual(newest, { count: 3, newestAt: 8, oldestAt: 6, firstAt: 5 });
});
