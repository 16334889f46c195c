/**
 * Formats metrics in the Prometheus text format.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 * @module
 */

import type { HistogramReading } from "../base/histogram.ts";

/** Label names and values. */
export type Labels = Readonly<Record<string, string>>;

/** One sample of a metric. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** One histogram of a metric. */
export interface LabelledReading {
  readonly labels?: Labels;
  readonly reading: HistogramReading;
}

/** A metric. */
export type Metric =
  & {
    /** Letters, digits and `_`; a counter's ends in `_total`. */
    readonly name: string;
    /** One line of text. */
    readonly help: string;
  }
  & (
    | { readonly type: "counter" | "gauge"; readonly samples: readonly Sample[] }
    | { readonly type: "histogram"; readonly readings: readonly LabelledReading[] }
  );

/** The media type of the text. */
export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** Formats all metrics. */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics.map(metricText).join("");
}

function metricText(metric: Metric): string {
  const { name, help, type } = metric;
  const lines = metric.type === "histogram"
    ? metric.readings.flatMap((reading) => histogramLines(name, reading))
    : metric.samples.map(({ labels = {}, value }) => line(name, labels, value));
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

/** Buckets are cumulative. */
function histogramLines(name: string, { labels = {}, reading }: LabelledReading): string[] {
  const { bounds, counts, sum } = reading;
  let count = 0;
  const buckets = counts.map((inBucket, at) => {
    count += inBucket;
    return line(`${name}_bucket`, { ...labels, le: number(bounds[at] ?? Infinity) }, count);
  });
  return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count)];
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${number(value)}`;
}

/** Numbers as Prometheus writes them. */
function number(value: number): string {
  return Number.isFinite(value) || Number.isNaN(value) ? `${value}` : value > 0 ? "+Inf" : "-Inf";
}

function escaped(text: string): string {
  return text.replace(/["\\\n]/g, (character) => character === "\n" ? "\\n" : `\\${character}`);
}
