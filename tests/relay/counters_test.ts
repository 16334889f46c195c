import { equal } from "node:assert/strict";
import { zeroCounters } from "../../src/relay/counters.ts";

Deno.test("counters begin at zero, each relay with its own", () => {
  const counters = zeroCounters();
  counters.stored++;
  equal(Object.values(zeroCounters()).every((count) => count === 0), true);
});
