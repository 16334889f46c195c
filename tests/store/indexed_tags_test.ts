import { deepEqual } from "node:assert/strict";
import { portableHashText } from "../../src/nostr/event_id.ts";
import { tagFingerprint } from "../../src/store/fingerprint.ts";
import { indexedTags } from "../../src/store/indexed_tags.ts";

function indexed(...tags: readonly (readonly string[])[]) {
  return [...indexedTags({ tags }, portableHashText)];
}

function pairs(...tags: readonly [string, string][]) {
  return tags.map(([letter, value]) => tagFingerprint(letter, value, portableHashText));
}

Deno.test("NIP01-33 only single letters are found, and only by their first value", () => {
  const tags = [["t", "a", "b"], ["T", "a"], ["title", "a"], ["1", "a"], ["é", "a"], ["", "a"]];
  deepEqual(indexed(...tags), pairs(["t", "a"], ["T", "a"]));
});

Deno.test("each pair stands once, a tag without value not at all", () => {
  deepEqual(
    indexed(["t", "a"], ["t", "a"], ["t"], ["t", "b"], ["t", ""]),
    pairs(["t", "a"], ["t", "b"], ["t", ""]),
  );
});

Deno.test("what no event can carry is left out", () => {
  deepEqual(indexed(["t", "\ud800"]), []);
});
