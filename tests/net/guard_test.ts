import { deepEqual } from "node:assert/strict";
import { guarded } from "../../src/net/guard.ts";

Deno.test("what a callback throws is told, and what telling throws is dropped", () => {
  const faults: unknown[] = [];
  const fails = (fault: unknown) => {
    throw fault;
  };
  guarded(fails, (error) => faults.push(error))("first");
  guarded(fails, fails)("second");
  deepEqual(faults, ["first"]);
});

Deno.test("a callback that throws nothing gets its arguments", () => {
  const heard: unknown[] = [];
  guarded((...values: readonly number[]) => heard.push(...values), () => {})(1, 2);
  deepEqual(heard, [1, 2]);
});
