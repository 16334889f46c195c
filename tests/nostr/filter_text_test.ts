import { equal, ok } from "node:assert/strict";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { filterText } from "../../src/nostr/filter_text.ts";

Deno.test("a filter is told as JSON, with what each list leaves out", () => {
  const filter: ReqFilter = {
    authors: new Set(["a", "b", "c", "d", "e"]),
    tags: new Map([["p", new Set(["x"])]]),
    allTags: new Map([["t", new Set(["y", "z"])]]),
    search: new Set(["two", "words"]),
    since: 1,
    limit: 10,
  };
  equal(
    filterText([filter, { tags: new Map() }]),
    '{"authors":["a","b","c","2 more"],"#p":["x"],"&t":["y","z"],"search":"two words","since":1,"limit":10} {}',
  );
});

Deno.test("however long values are and however many filters, the text is bounded", () => {
  const long = "x".repeat(100_000);
  const tags = new Map([..."abcdefghijklmnopqrstuvwxyz"].map((letter) => [
    letter,
    new Set([long, `${long}1`, `${long}2`, `${long}3`]),
  ]));
  const filter: ReqFilter = { tags, search: new Set([long]) };
  equal(filterText([{ tags: new Map(), search: new Set([long]) }]).length, 13 + 64 + 1);
  ok(filterText(Array(100).fill(filter)).length <= 1_001);
});

Deno.test("of many filters the first three are told", () => {
  equal(filterText(Array(10).fill({ tags: new Map() })), "{} {} {} and 7 more");
});
