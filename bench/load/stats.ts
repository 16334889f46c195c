/**
 * The results of a load.
 *
 * @module
 */

/** The result of one load. */
export interface LoadStats {
  readonly load: string;
  readonly perSecond: number;
  readonly unit: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The value below which the fraction `share` of `values` lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** A Markdown table with one row per load. */
export function table(rows: readonly LoadStats[]): string {
  const lines = rows.map(({ load, perSecond, unit, p50Ms, p99Ms }) =>
    `| ${load} | ${Math.round(perSecond).toLocaleString("en")} ${unit} | ${p50Ms.toFixed(1)} | ${
      p99Ms.toFixed(1)
    } |`
  );
  return ["| load | rate | p50 ms | p99 ms |", "|---|---|---|---|", ...lines].join("\n");
}
