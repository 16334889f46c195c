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
      samples: [{ labels: { kind: 'a"b\\c\nd', other: "e" }, value: 3 }, { value: 0 }],
    },
    { name: "wait_seconds", help: "Waiting", type: "histogram", reading: histogram },
  ]);
  equal(
    text,
    `# HELP things_total Things
# TYPE things_total counter
things_total{kind="a\\"b\\\\c\\nd",other="e"} 3
things_total 0
# HELP wait_seconds Waiting
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} 2
wait_seconds_bucket{le="1"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 7.65
wait_seconds_count 4
`,
  );
});
