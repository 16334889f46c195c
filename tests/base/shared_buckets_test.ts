import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { SharedBuckets } from "../../src/base/shared_buckets.ts";
import { createTable } from "../../src/base/shared_table.ts";
import { TokenBuckets } from "../../src/base/token_buckets.ts";

const table = createTable(0, 1);

Deno.test("buckets of other names are others, though their keys are the same", () => {
  const rate = { perSecond: 1, burst: 1 };
  const [events, requests] = ["events", "requests"].map((name) =>
    new SharedBuckets(table, { name, rate, clockOffsetMs: 0 })
  );
  deepEqual([events!.tryTake("a", 1, 0), events!.tryTake("a", 1, 0)], [true, false]);
  deepEqual([requests!.has("a", 1, 0), events!.has("a", 1, 0)], [true, false]);
});

Deno.test("times of threads whose clocks began at other times are compared", () => {
  const options = { name: "clocks", rate: { perSecond: 1, burst: 1 } };
  const early = new SharedBuckets(table, { ...options, clockOffsetMs: 0 });
  const late = new SharedBuckets(table, { ...options, clockOffsetMs: 10_000 });
  equal(early.tryTake("a", 1, 10_000), true);
  equal(late.tryTake("a", 1, 999), false);
  equal(late.tryTake("a", 1, 1_000), true);
  equal(early.has("a", 1, 11_500), false);
});

Deno.test("several threads take from a bucket, and give back, as one would", () => {
  const step = fc.record({
    thread: fc.nat(2),
    key: fc.constantFrom("a", "b", "c"),
    count: fc.integer({ min: 1, max: 3 }),
    waitMs: fc.nat(1_500),
    does: fc.constantFrom("tryTake", "has", "give"),
  });
  let run = 0;
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const rate = { perSecond: 2, burst: 5 };
    const options = { name: `run ${run++}`, rate, clockOffsetMs: 0 };
    const threads = [0, 1, 2].map(() => new SharedBuckets(table, options));
    const alone = new TokenBuckets(rate);
    let nowMs = 0;
    for (const { thread, key, count, waitMs, does } of steps) {
      // Quarters of a second, so that sums are exact.
      nowMs += 250 * Math.floor(waitMs / 250);
      const one = threads[thread]!;
      equal(one[does](key, count, nowMs), alone[does](key, count, nowMs));
    }
  }));
});

Deno.test("a key that is used stays, however many others come", () => {
  const rate = { perSecond: 1e-9, burst: 200_001 };
  const buckets = new SharedBuckets(createTable(0, 9), { name: "x", rate, clockOffsetMs: 0 });
  for (let at = 0; at < 200_000; at++) {
    buckets.tryTake("mine", 1, at);
    buckets.tryTake(`other ${at}`, 1, at);
  }
  ok(!buckets.has("mine", 2, 200_000), "nothing of what it took is forgotten");
});
