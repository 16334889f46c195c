import { deepEqual, equal } from "node:assert/strict";
import { Parameters } from "../../../src/store/database/parameters.ts";

Deno.test("each value gets the next number, and is at its position", () => {
  const parameters = new Parameters();
  equal(parameters.add("a"), "$1");
  equal(parameters.add("a"), "$2");
  equal(parameters.add(7), "$3");
  deepEqual(parameters.values, ["a", "a", 7]);
});
