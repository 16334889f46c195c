import { equal } from "node:assert/strict";
import { rowsOf } from "../../../src/store/write/row_weight.ts";

Deno.test("an event weighs its row and those of the tags by which it is found", () => {
  equal(rowsOf({ kind: 1, tags: [] }), 1);
  equal(rowsOf({ kind: 1, tags: [["t", "a"], ["p", "b", "c"], ["title", "d"], ["e"], []] }), 3);
});

Deno.test("NIP09: what a request to delete names weighs what may have to be removed", () => {
  const tags = [["e", "a"], ["a", "b"], ["k", "1"]];
  equal(rowsOf({ kind: 5, tags }), 1 + 2 * 4 + 1);
  equal(rowsOf({ kind: 1, tags }), 4);
});
