import { equal, throws } from "node:assert/strict";
import { assert, BrokenInvariant, unreachable } from "../../src/base/assert.ts";

Deno.test("assert accepts a condition that holds", () => {
  const value: number | undefined = [1][0];
  assert(value !== undefined, "there is a first");
  equal(value + 1, 2);
});

Deno.test("assert names the invariant that does not hold", () => {
  throws(
    () => assert(false, "queue within its capacity"),
    (error) =>
      error instanceof BrokenInvariant && error.name === "BrokenInvariant" &&
      error.message === "queue within its capacity",
  );
});

Deno.test("unreachable names the unexpected value", () => {
  throws(() => unreachable({ type: "new" } as never), /unreachable value: \{"type":"new"\}/);
});
