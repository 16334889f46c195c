import { deepEqual } from "node:assert/strict";
import { sha256 } from "@noble/hashes/sha2.js";
import { indexedTags } from "../../src/store/indexed_tags.ts";

function indexed(...tags: readonly (readonly string[])[]) {
  return [...indexedTags({ tags }, sha256)];
}

Deno.test("NIP01-33 only single letters are found, and only by their first value", () => {
  const tags = [["t", "a", "b"], ["T", "a"], ["title", "a"], ["1", "a"], ["é", "a"], ["", "a"]];
  deepEqual(indexed(...tags), [["t", "61"], ["T", "61"]]);
});

Deno.test("each pair stands once, a tag without value not at all", () => {
  deepEqual(indexed(["t", "a"], ["t", "a"], ["t"], ["t", "b"], ["t", ""]), [
    ["t", "61"],
    ["t", "62"],
    ["t", ""],
  ]);
});

Deno.test("what no event can carry is left out", () => {
  deepEqual(indexed(["t", "\ud800"]), []);
});
