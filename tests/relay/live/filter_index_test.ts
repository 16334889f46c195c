import { deepEqual, equal } from "node:assert/strict";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { TaggedEvent } from "../../../src/nostr/match.ts";
import { type FilterEntry, FilterIndex } from "../../../src/relay/live/filter_index.ts";

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

Deno.test("a key is found under its hash, whatever the seed", () => {
  const event = {
    ...{
      id: "ab".repeat(32),
      pubkey: "cd".repeat(32),
      created_at: 0,
      kind: 1,
      content: "",
      sig: "",
    },
    tags: [["e", "ef".repeat(32)], ["t", "x"]],
  };
  for (const seed of [0, 1, 0x9e3779b9]) {
    const index = new FilterIndex<FilterEntry>(seed);
    const filters: ReqFilter[] = [
      { ids: new Set([event.id]), tags },
      { authors: new Set([event.pubkey]), tags },
      { tags: new Map([["e", new Set(["ef".repeat(32)])]]) },
      { tags: new Map([["t", new Set(["x"])]]) },
      { tags: new Map([["p", new Set(["ef".repeat(32)])]]) },
    ];
    for (const filter of filters) index.add({ filter, place: index.choosePlace(filter) });
    const found = [...index.candidates(new TaggedEvent(event))].map(({ filter }) => filter);
    deepEqual(found, filters.slice(0, 4));
  }
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
