/**
 * Measures the loads on one relay, or on two in turn.
 *
 * @module
 */

import { type Name, pairOrder, type Ratio, ratioOf } from "./comparison.ts";
import type { Crew } from "./crew.ts";
import type { Percentiles } from "./latencies.ts";
import type { Load, Run } from "./loads.ts";
import type { Group } from "./options.ts";
import { processorSeconds, residentBytes } from "./relay_process.ts";
import type { Target } from "./side.ts";
import type { TallyEntries } from "./tally.ts";

/** A relay that runs. */
export interface Relay extends Target {
  readonly name: string;
  readonly pid?: number;
}

/** What was measured of one load. */
export interface Figures extends Percentiles {
  readonly group: Group;
  readonly load: string;
  readonly unit: string;
  readonly perSecond: number;
  readonly done: number;
  readonly tried: number;
  readonly seconds: number;
  /** Of one core; the relay's where its process is known. */
  readonly clientCores: number;
  readonly relayCores?: number;
  /** Resident memory of the relay before the load, and at its end with the connections still open. */
  readonly residentBytes?: readonly [number, number];
  readonly detail: string;
  readonly tally: TallyEntries;
}

/** A load on two relays. */
export interface Compared {
  readonly load: string;
  readonly unit: string;
  readonly a: readonly Figures[];
  readonly b: readonly Figures[];
  /** A ÷ B of the rates, and of two latencies. */
  readonly perSecond: Ratio | undefined;
  readonly p50Ms: Ratio | undefined;
  readonly p99Ms: Ratio | undefined;
  /** A ÷ B of the CPU time that the relays took for each that was done, where it is known. */
  readonly cpuEach: Ratio | undefined;
}

/** Runs what was made for one round. */
export async function measure(crew: Crew, load: Load, on: MeasureOptions): Promise<Figures> {
  const { relay, run } = on;
  const { url, timeoutMs, pid } = relay;
  const { jobs, counts = "all" } = run({ url, timeoutMs });
  const look = () => ({
    cpuS: processorSeconds(pid),
    bytes: residentBytes(pid),
    ms: performance.now(),
  });
  let [begin, end] = [look(), look()];
  const result = await crew.run(jobs, {
    counts,
    onBegin: () => begin = look(),
    onEnd: () => end = look(),
  });
  const { done, tried, seconds, clientCores, tally, latencies } = result;
  const used = begin.cpuS === undefined || end.cpuS === undefined
    ? {}
    : { relayCores: (end.cpuS - begin.cpuS) / ((end.ms - begin.ms) / 1_000) };
  const memory = begin.bytes === undefined || end.bytes === undefined
    ? {}
    : { residentBytes: [begin.bytes, end.bytes] as const };
  return {
    group: load.group,
    load: load.name,
    unit: load.unit,
    perSecond: seconds > 0 ? done / seconds : 0,
    ...{ done, tried, seconds, clientCores, tally, ...used, ...memory },
    ...latencies.percentiles(),
    detail: load.detail?.(result) ?? "",
  };
}

/** The relay, and what is done to it. */
export interface MeasureOptions {
  readonly relay: Relay;
  readonly run: (target: Target) => Run;
}

/** Each load on both, pair by pair. */
export async function compare(
  crew: Crew,
  load: Load,
  { relays, pairs }: { readonly relays: Readonly<Record<Name, Relay>>; readonly pairs: number },
): Promise<Compared> {
  const figures: Record<Name, Figures[]> = { A: [], B: [] };
  for (const [round, pair] of pairOrder(pairs).entries()) {
    const run = load.round(round);
    for (const name of pair) {
      figures[name].push(await measure(crew, load, { relay: relays[name], run }));
    }
  }
  const { A: a, B: b } = figures;
  const ratio = (figure: "perSecond" | "p50Ms" | "p99Ms") =>
    ratioOf(a.map((one) => one[figure]), b.map((one) => one[figure]));
  const cpuEach = ({ relayCores = NaN, perSecond }: Figures) => relayCores / perSecond;
  return {
    ...{ load: load.name, unit: load.unit, a, b },
    ...{ perSecond: ratio("perSecond"), p50Ms: ratio("p50Ms"), p99Ms: ratio("p99Ms") },
    cpuEach: ratioOf(a.map(cpuEach), b.map(cpuEach)),
  };
}
