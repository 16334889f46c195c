import { equal } from "node:assert/strict";
import { rankedCount } from "../../src/store/ranked_count.ts";

Deno.test("a small limit compares a few hundred, a large one as many as it gives, none endlessly", () => {
  equal(rankedCount(1), 500);
  equal(rankedCount(500), 500);
  equal(rankedCount(501), 501);
  equal(rankedCount(), 10_000);
  equal(rankedCount(2 ** 40), 10_000);
});
