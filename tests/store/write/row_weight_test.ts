import { equal } from "node:assert/strict";
import { rowsOf } from "../../../src/store/write/row_weight.ts";

Deno.test("an event counts as its row and those of its indexed tags", () => {
  equal(rowsOf({ kind: 1, tags: [] }), 1);
  equal(rowsOf({ kind: 1, tags: [["t", "a"], ["p", "b", "c"], ["title", "d"], ["e"], []] }), 3);
});

Deno.test("NIP09: a target of a deletion request counts as the rows that it may remove", () => {
  const tags = [["e", "a"], ["a", "b"], ["k", "1"]];
  equal(rowsOf({ kind: 5, tags }), 1 + 2 * 4 + 1);
  equal(rowsOf({ kind: 1, tags }), 4);
});
