import { deepEqual, equal, ok } from "node:assert/strict";
import { Latencies } from "../../bench/load/latencies.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

Deno.test("a latency is known to within one percent", () => {
  for (const ms of [0.003, 0.1, 0.255, 0.256, 0.3, 1, 7.77, 123.4, 5_000, 60_000, 2_000_000]) {
    const latencies = new Latencies();
    latencies.record(ms);
    const error = Math.abs(latencies.quantileMs(0.5) - ms) / ms;
    ok(error < 0.01, `${ms} ms was counted as ${latencies.quantileMs(0.5)} ms`);
  }
});

Deno.test("percentiles are those of the sorted values", () => {
  const random = new SeededRandom(1);
  const values = Array.from({ length: 10_000 }, () => random.fraction() ** 4 * 1_000);
  const latencies = new Latencies();
  for (const value of values) latencies.record(value);
  const sorted = values.toSorted((a, b) => a - b);
  for (const share of [0.5, 0.9, 0.99, 0.999]) {
    const exact = sorted[Math.ceil(share * values.length) - 1]!;
    ok(Math.abs(latencies.quantileMs(share) - exact) <= 0.01 * exact + 0.001);
  }
});

Deno.test("two slow answers of a thousand are in p99.9 and not in p99", () => {
  const latencies = new Latencies();
  for (let i = 0; i < 998; i++) latencies.record(0.1);
  latencies.record(50);
  latencies.record(50);
  const { p50Ms, p90Ms, p99Ms, p999Ms } = latencies.percentiles();
  deepEqual([p50Ms, p90Ms, p99Ms], [0.1, 0.1, 0.1]);
  ok(p999Ms > 49);
});

Deno.test("counts of several threads are those of one", () => {
  const [one, other, both] = [new Latencies(), new Latencies(), new Latencies()];
  for (let i = 0; i < 1_000; i++) {
    (i % 3 === 0 ? one : other).record(i);
    both.record(i);
  }
  one.add(new Latencies(structuredClone(other.counts)));
  equal(one.count, 1_000);
  deepEqual(one.percentiles(), both.percentiles());
});

Deno.test("no latency is 0, and so is one that is not known", () => {
  const latencies = new Latencies();
  equal(latencies.quantileMs(0.99), 0);
  latencies.record(-1);
  equal(latencies.quantileMs(0.99), 0);
  latencies.record(1e12);
  equal(latencies.count, 2);
});
