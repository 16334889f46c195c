import { equal } from "node:assert/strict";
import fc from "fast-check";
import { TokenBucket } from "../../src/base/token_bucket.ts";

Deno.test("a bucket starts full and never exceeds its burst", () => {
  const bucket = new TokenBucket({ perSecond: 1000, burst: 3 }, 0);
  equal(bucket.tryTake(4, 60_000), false);
  equal(bucket.tryTake(3, 60_000), true);
  equal(bucket.tryTake(1, 60_000), false);
});

Deno.test("no tokens are taken when there are too few", () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 2 }, 0);
  equal(bucket.tryTake(3, 0), false);
  equal(bucket.tryTake(2, 0), true, "the refusal cost nothing");
});

Deno.test("debt is repaid with time", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 10 }, 0);
  equal(bucket.spend(10, 0), 0);
  equal(bucket.spend(20, 0), 2000);
  equal(bucket.spend(0, 1500), 500);
  equal(bucket.tryTake(1, 2000), false);
  equal(bucket.spend(0, 2000), 0);
});

Deno.test("a bounded debt is not made deeper, nor less by asking for a smaller bound", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 10 }, 0);
  equal(bucket.spendWithin(12, 1000, 0), 200);
  equal(bucket.spendWithin(1_000, 1000, 0), 1000);
  equal(bucket.spendWithin(1_000, 500, 0), 1000);
  equal(bucket.spend(0, 400), 600);
});

Deno.test("no time span lets through more than burst and rate allow", () => {
  const steps = fc.array(
    fc.record({ afterMs: fc.nat(5000), count: fc.integer({ min: 1, max: 9 }) }),
  );
  fc.assert(fc.property(steps, (taken) => {
    const bucket = new TokenBucket({ perSecond: 3, burst: 10 }, 0);
    let nowMs = 0;
    let through = 0;
    for (const { afterMs, count } of taken) {
      nowMs += afterMs;
      if (bucket.tryTake(count, nowMs)) through += count;
      equal(through <= 10 + 3 * nowMs / 1000 + 1e-6, true);
    }
  }));
});

Deno.test("a rate that changes holds for the bucket that has it", () => {
  const rate = { perSecond: 10, burst: 10 };
  const bucket = new TokenBucket(rate, 0);
  Object.assign(rate, { perSecond: 1, burst: 3 });
  equal(bucket.has(4, 0), false, "no more than the new burst is left");
  equal(bucket.tryTake(3, 0), true);
  equal(bucket.has(2, 1_000), false);
  Object.assign(rate, { perSecond: 100, burst: 50 });
  equal(bucket.has(2, 1_010), true);
  equal(bucket.has(50, 1_100), false, "a larger burst has to come back first");
  equal(bucket.has(50, 2_000), true);
});
