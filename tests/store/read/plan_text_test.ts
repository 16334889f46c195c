import { equal } from "node:assert/strict";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { planText } from "../../../src/store/read/plan_text.ts";
import { sha256OfText } from "../../../src/app/system/sha256.ts";

const key = (number: number) => number.toString(16).padStart(64, "0");
const keys = (count: number) => new Set(Array.from({ length: count }, (_, at) => key(at)));
const tags = new Map();

const rows: readonly [string, ReqFilter, string][] = [
  ["ids", { ids: keys(2), kinds: new Set([1]), tags }, "id×2 checks kinds"],
  ["an author's kinds", { authors: keys(1), kinds: new Set([0, 3]), tags }, "authorKind×2"],
  ["a feed", { authors: keys(200), kinds: new Set([1]), tags, limit: 50 }, "recent+authorKind×200"],
  ["a kind", { kinds: new Set([1]), tags }, "kind×1"],
  ["a tag and a kind", {
    kinds: new Set([1]),
    tags: new Map([["t", new Set(["a"])], ["r", new Set(["b", "c"])]]),
  }, "tagKind×1 checks tags"],
  ["a tag", { tags: new Map([["t", new Set(["a"])]]) }, "tag×1; tagKind×1"],
  ["everything", { tags }, "time×1"],
  ["words", { tags, kinds: new Set([1]), search: new Set(["a", "b"]) }, "words×2 checks kinds"],
  ["nothing", { tags, ids: new Set() }, "nothing"],
];

for (const [name, filter, text] of rows) {
  Deno.test(`the plan of a filter for ${name} is told`, () => {
    equal(planText([filter], sha256OfText), text);
  });
}

Deno.test("of many filters four plans are told, and how many more there are", () => {
  equal(planText(Array(9).fill({ tags }), sha256OfText), "time×1; time×1; time×1; time×1; 5 more");
});
