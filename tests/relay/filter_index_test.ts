import { deepEqual, equal } from "node:assert/strict";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { type FilterEntry, FilterIndex } from "../../src/relay/filter_index.ts";

const tags = new Map<string, ReadonlySet<string>>();

function fieldsOf(filters: readonly ReqFilter[]): readonly string[] {
  const index = new FilterIndex<FilterEntry>();
  return filters.map((filter) => {
    const entry = { filter, place: index.choosePlace(filter) };
    index.add(entry);
    return entry.place.field;
  });
}

Deno.test("a filter is registered under the field with the fewest values, and under kinds last", () => {
  const kinds = new Set([1]);
  const authors = new Set(["a", "b"]);
  const p = new Map([["p", new Set(["c"])]]);
  deepEqual(
    fieldsOf([{ kinds, tags }, { kinds, authors, tags }, { kinds, authors, tags: p }, { tags }]),
    ["kinds", "authors", "#p", "any"],
  );
});

Deno.test("where many filters stand already, another field is preferred", () => {
  const filters = Array.from({ length: 100 }, (_, i) => ({
    authors: new Set(["a"]),
    tags: new Map([["e", new Set([`${i}`, "more"])]]),
  }));
  const fields = fieldsOf(filters);
  deepEqual([fields[0], fields.at(-1)], ["authors", "#e"]);
});

Deno.test("NIP-91: a filter for several tags at once is registered under one of their values", () => {
  const allTags = new Map([["t", new Set(["a", "b"])]]);
  const index = new FilterIndex<FilterEntry>();
  const place = index.choosePlace({ tags, allTags });
  deepEqual([place.field, [...place.values]], ["#t", ["a"]]);
  const none = index.choosePlace({ tags, allTags: new Map([["t", new Set<string>()]]) });
  deepEqual([none.field, none.size], ["#t", 0]);
});

Deno.test("values are counted when they come and when they go", () => {
  const index = new FilterIndex<FilterEntry>();
  const filter = { ids: new Set(["a", "b"]), tags };
  const entries = [1, 2, 3].map(() => ({ filter, place: index.choosePlace(filter) }));
  for (const entry of entries) index.add(entry);
  equal(index.values, 6);
  for (const entry of entries) index.delete(entry);
  equal(index.values, 0);
});
