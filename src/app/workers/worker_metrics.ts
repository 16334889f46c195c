/**
 * Adds up the metrics of several threads.
 *
 * @module
 */

import type { HistogramReading } from "../../base/histogram.ts";
import type { LabelledReading, Labels, Metric, Sample } from "../../http/metrics_text.ts";

/** Makes one value of those of two threads. */
type Combine = (one: number, other: number) => number;

/** Metrics that are the same in each thread, or say that something holds in one of them or in all. */
const COMBINED: ReadonlyMap<string, Combine> = new Map([
  ["gallimimus_info", Math.max],
  ["gallimimus_connection_limit", Math.max],
  ["gallimimus_writing_fails", Math.max],
  ["gallimimus_feed_up", Math.min],
  // The time since which all windows have all events.
  ["gallimimus_window_horizon_timestamp_seconds", Math.max],
  ["gallimimus_disk_free_bytes", Math.max],
  ["gallimimus_disk_floor_bytes", Math.max],
  ["process_cpu_seconds_total", Math.max],
  ["process_start_time_seconds", Math.max],
]);

/** Samples that are about the process and so the same in each thread, by their labels. */
const OF_THE_PROCESS: ReadonlySet<string> = new Set(["kind=resident"]);

/** One metric of each name, in the order in which they first come. */
export function sumOfMetrics(threads: readonly (readonly Metric[])[]): readonly Metric[] {
  const sums = new Map<string, Metric>();
  for (const metric of threads.flat()) {
    const sum = sums.get(metric.name);
    sums.set(metric.name, sum === undefined ? metric : added(sum, metric));
  }
  return [...sums.values()];
}

function added(one: Metric, other: Metric): Metric {
  if (one.type === "histogram" && other.type === "histogram") {
    return { ...one, readings: addedHistograms(one.readings, other.readings) };
  }
  if (one.type === "histogram" || other.type === "histogram") return one;
  return { ...one, samples: addedSamples(one, other.samples) };
}

function addedHistograms(
  readings: readonly LabelledReading[],
  others: readonly LabelledReading[],
): readonly LabelledReading[] {
  const sums = new Map(readings.map((labelled) => [keyOf(labelled.labels), labelled]));
  for (const other of others) {
    const key = keyOf(other.labels);
    const sum = sums.get(key)?.reading;
    const reading = sum === undefined ? other.reading : addedReadings(sum, other.reading);
    sums.set(key, { ...other, reading });
  }
  return [...sums.values()];
}

function addedReadings(one: HistogramReading, other: HistogramReading): HistogramReading {
  return {
    bounds: one.bounds,
    counts: one.counts.map((count, at) => count + (other.counts[at] ?? 0)),
    sum: one.sum + other.sum,
  };
}

function addedSamples(
  { name, samples }: { readonly name: string; readonly samples: readonly Sample[] },
  others: readonly Sample[],
): readonly Sample[] {
  const sums = new Map(samples.map((sample) => [keyOf(sample.labels), sample]));
  for (const sample of others) {
    const key = keyOf(sample.labels);
    const sum = sums.get(key)?.value;
    const combine = OF_THE_PROCESS.has(key) ? Math.max : COMBINED.get(name) ?? plus;
    sums.set(key, {
      ...sample,
      value: sum === undefined ? sample.value : combine(sum, sample.value),
    });
  }
  return [...sums.values()];
}

function plus(one: number, other: number): number {
  return one + other;
}

function keyOf(labels: Labels = {}): string {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(",");
}
