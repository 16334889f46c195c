import { deepEqual } from "node:assert/strict";
import { countRefusal, zeroCounters } from "../../src/relay/counters.ts";

Deno.test("refusals are counted by their reason, each relay's by itself", () => {
  const [one, other] = [zeroCounters(), zeroCounters()];
  for (const prefix of ["blocked", "invalid", "blocked"] as const) countRefusal(one, prefix);
  one.messages.EVENT++;
  deepEqual([one.refusals, other.refusals], [{ blocked: 2, invalid: 1 }, {}]);
  deepEqual([one.messages.EVENT, other.messages.EVENT], [1, 0]);
});
