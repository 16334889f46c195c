import { deepEqual, equal } from "node:assert/strict";
import { DURATION_BOUNDS_S, Histogram } from "../../src/base/histogram.ts";

Deno.test("a value falls into the first bucket whose bound it does not exceed", () => {
  const histogram = new Histogram([1, 2]);
  for (const value of [0, 1, 1.5, 2, 2.1, 100]) histogram.observe(value);
  deepEqual(histogram.counts, [2, 2, 2]);
  equal(histogram.sum, 106.6);
});

Deno.test("the bounds of durations ascend", () => {
  deepEqual([...DURATION_BOUNDS_S].sort((a, b) => a - b), DURATION_BOUNDS_S);
});
