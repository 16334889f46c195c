/**
 * The names that the dashboard and the alerts of `docs/` use are those of the metrics.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { metricsOf } from "../../../src/app/network/metrics.ts";
import { RelayHost } from "../../../src/app/relay_host.ts";
import { defaultSettings } from "../../../src/app/settings/setting_list.ts";
import { systemClock } from "../../../src/app/system/system_clock.ts";
import { Histogram } from "../../../src/base/histogram.ts";
import { silentLog } from "../../../src/base/log.ts";
import { type Metric, metricsText } from "../../../src/http/metrics_text.ts";
import { MemoryStore } from "../../../src/store/memory.ts";

const docs = new URL("../../../docs/", import.meta.url);
const texts = {
  "grafana.json": await Deno.readTextFile(new URL("grafana.json", docs)),
  "alerts.yaml": await Deno.readTextFile(new URL("alerts.yaml", docs)),
};

async function metrics(): Promise<readonly Metric[]> {
  const host = await RelayHost.start({
    settings: { ...defaultSettings, signatures: { ...defaultSettings.signatures, workers: 0 } },
    store: new MemoryStore(),
    clock: systemClock,
    log: silentLog,
  });
  const measured = { lag: new Histogram(), size: { events: 1, bytes: 2 }, startedMs: 0 };
  const found = metricsOf(host, measured);
  await host.close();
  return found;
}

/** The names of all series of the metrics. */
function seriesNames(all: readonly Metric[]): Set<string> {
  return new Set(
    all.flatMap(({ name, type }) =>
      type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
    ),
  );
}

for (const [file, text] of Object.entries(texts)) {
  Deno.test(`every metric that docs/${file} names exists`, async () => {
    const names = seriesNames(await metrics());
    const named = new Set(text.match(/\b(?:nostr|gallimimus|process)_[a-z0-9_]+/g));
    ok(named.size > 5);
    const prose = ["gallimimus_queue_length", "gallimimus_query_seconds"];
    deepEqual([...named].filter((name) => !names.has(name) && !prose.includes(name)), []);
  });
}

Deno.test("every label by which docs/grafana.json splits a metric is one of it", async () => {
  const all = await metrics();
  const labels = new Map(all.map((metric) => [
    metric.name,
    new Set(
      (metric.type === "histogram" ? metric.readings : metric.samples)
        .flatMap(({ labels = {} }) => Object.keys(labels)),
    ),
  ]));
  const split = [
    ...texts["grafana.json"].matchAll(
      /sum by \(([a-z, ]+)\) \((?:rate\()?([a-z_]+?)(?:_bucket)?\{/g,
    ),
  ];
  ok(split.length > 5);
  for (const [, by, name] of split) {
    // A metric of this relay that has counted nothing yet has no samples.
    const known = labels.get(name!)!;
    if (known.size === 0 && all.some((one) => one.name === name && isEmpty(one))) continue;
    for (const label of by!.split(", ")) ok(label === "le" || known.has(label), `${name} ${label}`);
  }
});

Deno.test("names are told once, and say what Prometheus expects of them", async () => {
  const all = await metrics();
  const names = all.map(({ name }) => name);
  equal(new Set(names).size, names.length);
  for (const { name, type } of all) {
    equal(name.endsWith("_total"), type === "counter", name);
    if (type === "histogram") ok(name.endsWith("_seconds"), name);
  }
  ok(!metricsText(all).includes("undefined"));
});

function isEmpty(metric: Metric): boolean {
  return (metric.type === "histogram" ? metric.readings : metric.samples).length === 0;
}
