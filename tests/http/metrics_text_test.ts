import { equal } from "node:assert/strict";
import { Histogram } from "../../src/base/histogram.ts";
import { metricsText } from "../../src/http/metrics_text.ts";

Deno.test("metrics are written as Prometheus reads them", () => {
  const histogram = new Histogram([0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(value);
  const text = metricsText([
    {
      name: "things_total",
      help: "Things",
      type: "counter",
      samples: [{ labels: { kind: 'a"b\\c\nd', other: "e" }, value: 3 }, { value: Infinity }],
    },
    {
      name: "wait_seconds",
      help: "Waiting",
      type: "histogram",
      readings: [{ reading: histogram }, { labels: { a: "b" }, reading: new Histogram([1]) }],
    },
  ]);
  equal(
    text,
    `# HELP things_total Things
# TYPE things_total counter
things_total{kind="a\\"b\\\\c\\nd",other="e"} 3
things_total +Inf
# HELP wait_seconds Waiting
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} 2
wait_seconds_bucket{le="1"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 7.65
wait_seconds_count 4
wait_seconds_bucket{a="b",le="1"} 0
wait_seconds_bucket{a="b",le="+Inf"} 0
wait_seconds_sum{a="b"} 0
wait_seconds_count{a="b"} 0
`,
  );
});
