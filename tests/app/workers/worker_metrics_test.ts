import { deepEqual } from "node:assert/strict";
import { sumOfMetrics } from "../../../src/app/workers/worker_metrics.ts";
import type { Metric } from "../../../src/http/metrics_text.ts";

function gauge(name: string, ...samples: (readonly [string, number])[]): Metric {
  return {
    ...{ name, help: "", type: "gauge" },
    samples: samples.map(([kind, value]) => ({ labels: { kind }, value })),
  };
}

Deno.test("samples of the same labels are added up, and others stand beside them", () => {
  deepEqual(
    sumOfMetrics([
      [gauge("a", ["x", 1], ["y", 2])],
      [gauge("a", ["x", 10], ["z", 3]), gauge("b", ["x", 5])],
    ]),
    [gauge("a", ["x", 11], ["y", 2], ["z", 3]), gauge("b", ["x", 5])],
  );
});

Deno.test("histograms of the same labels are added up bucket by bucket", () => {
  const histogram = (
    ...readings: (readonly [string, readonly number[], number])[]
  ): Metric => ({
    ...{ name: "h", help: "", type: "histogram" },
    readings: readings.map(([source, counts, sum]) => ({
      labels: { source },
      reading: { bounds: [1, 2], counts, sum },
    })),
  });
  deepEqual(
    sumOfMetrics([
      [histogram(["window", [1, 2, 3], 7])],
      [histogram(["window", [1, 0, 1], 4], ["database", [0, 1, 0], 2])],
    ]),
    [histogram(["window", [2, 2, 4], 11], ["database", [0, 1, 0], 2])],
  );
});

Deno.test("what is the same in each thread is not added up", () => {
  const info = gauge("gallimimus_info", ["version", 1]);
  const metrics = [info, gauge("memory", ["resident", 7], ["heap", 2])];
  deepEqual(sumOfMetrics([metrics, metrics]), [
    info,
    gauge("memory", ["resident", 7], ["heap", 4]),
  ]);
});

Deno.test("writing fails when it does in one thread, the feed is up when it is in all", () => {
  const thread = (fails: number, up: number) => [
    gauge("gallimimus_writing_fails", ["", fails]),
    gauge("gallimimus_feed_up", ["", up]),
  ];
  deepEqual(sumOfMetrics([thread(0, 1), thread(1, 0)]), thread(1, 0));
  deepEqual(sumOfMetrics([thread(0, 1), thread(0, 1)]), thread(0, 1));
});
