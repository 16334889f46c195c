/**
 * The figures as Markdown.
 *
 * @module
 */

import { median, type Ratio } from "./comparison.ts";
import type { Machine } from "./machine.ts";
import type { Compared, Figures } from "./measure.ts";
import { Tally, type TallyEntries } from "./tally.ts";

/** A client that uses more of its core than this may be what is measured. */
const BUSY_CLIENT = 0.9;

const whole = (value: number) => Math.round(value).toLocaleString("en");
const ms = (value: number) => value.toFixed(value < 10 ? 2 : 1);

/** What the machine could do at best. */
export function machineText(machine: Machine): string {
  return `${machine.cores} cores; on one of them ` +
    `${whole(machine.signatureChecksPerSecond)} signature checks/s (${machine.signatureEngine}), ` +
    `${whole(machine.idsPerSecond)} ids/s; on two threads ` +
    `${whole(machine.echoFramesPerSecond)} echo frames/s over loopback.`;
}

/** One row for each load, and what is to be said about them below. */
export function table(all: readonly Figures[]): string {
  const rows = all.map((figures) => {
    const { load, perSecond, unit, p50Ms, p90Ms, p99Ms, p999Ms } = figures;
    const latencies = [p50Ms, p90Ms, p99Ms, p999Ms].map(ms);
    const cores = [figures.clientCores, figures.relayCores].map((used) => used?.toFixed(2) ?? "–");
    return `| ${[load, `${whole(perSecond)} ${unit}`, ...latencies, ...cores].join(" | ")} |`;
  });
  const head = "| load | rate | p50 ms | p90 ms | p99 ms | p99.9 ms | client cores | relay cores |";
  const remarks = all.flatMap((figures) =>
    remarksOn(figures).map((remark) => `- ${figures.load}: ${remark}`)
  );
  return [head, "|---|---|---|---|---|---|---|---|", ...rows, "", ...remarks].join("\n");
}

/** One row for each load on two relays. */
export function comparisonTable(all: readonly Compared[]): string {
  const rows = all.map(({ load, unit, a, b, perSecond, p50Ms, p99Ms }) => {
    const middle = (figures: readonly Figures[], figure: "perSecond" | "clientCores") =>
      median(figures.map((one) => one[figure]));
    const rates = [a, b].map((figures) => whole(middle(figures, "perSecond")));
    const cores = [a, b].map((figures) => middle(figures, "clientCores").toFixed(2)).join(", ");
    const ratios = [perSecond, p50Ms, p99Ms].map(ratioText);
    return `| ${[`${load}, ${unit}`, ...rates, ...ratios, cores].join(" | ")} |`;
  });
  return [
    "| load | A | B | rate A÷B | p50 A÷B | p99 A÷B | client cores |",
    "|---|---|---|---|---|---|---|",
    ...rows,
    "",
    "Medians of the pairs, and the smallest and the largest ratio of any pair. With a ? the pairs",
    "differ among themselves by a larger factor than A and B do: a longer measurement is needed.",
    "",
    ...all.flatMap(remarksOnBoth),
  ].join("\n");
}

/** What is to be said of both is said once. */
function remarksOnBoth({ load, a, b, cpuEach }: Compared): readonly string[] {
  const ofA = merged(a).flatMap(remarksOn);
  const ofB = merged(b).flatMap(remarksOn);
  const of = (who: string, remarks: readonly string[]) =>
    remarks.map((remark) => `- ${load}, ${who}: ${remark}`);
  return [
    ...cpuEach === undefined
      ? []
      : [`- ${load}: the relay's CPU time for each A÷B ${ratioText(cpuEach)}`],
    ...of("A and B", ofA.filter((remark) => ofB.includes(remark))),
    ...of("A", ofA.filter((remark) => !ofB.includes(remark))),
    ...of("B", ofB.filter((remark) => !ofA.includes(remark))),
  ];
}

/** All rounds of one load on one relay, as far as remarks need it. */
function merged(all: readonly Figures[]): readonly Figures[] {
  const tally = new Tally();
  for (const figures of all) tally.addAll(figures.tally);
  const clientCores = Math.max(...all.map((figures) => figures.clientCores));
  return all.slice(0, 1).map((first) => ({
    ...{ ...first, clientCores, tally: tally.entries() },
  }));
}

/** As in `1.25 (1.20–1.31)`. */
export function ratioText(ratio: Ratio | undefined): string {
  if (ratio === undefined) return "–";
  const [middle, least, most] = [ratio.median, ratio.least, ratio.most].map((one) =>
    one.toFixed(2)
  );
  return `${ratio.isUncertain ? "? " : ""}${middle} (${least}–${most})`;
}

function remarksOn(figures: Figures): readonly string[] {
  return [...details(figures), ...tallyLines(figures.tally)];
}

function details({ detail, clientCores, residentBytes, group }: Figures): readonly string[] {
  const mib = (bytes: number) => `${whole(bytes / 2 ** 20)} MiB`;
  return [
    ...(detail === "" ? [] : [detail]),
    ...(residentBytes !== undefined && group === "hold"
      ? [
        `the relay's memory was ${mib(residentBytes[0])} before and ${
          mib(residentBytes[1])
        } with them`,
      ]
      : []),
    ...(clientCores > BUSY_CLIENT
      ? [`the client used ${clientCores.toFixed(2)} cores: it may be what is measured`]
      : []),
  ];
}

/** What was answered otherwise; every connection may begin with a challenge. */
function tallyLines(tally: TallyEntries): readonly string[] {
  return Object.entries(tally).filter(([reason]) => reason !== "AUTH challenge").map(
    ([reason, { count, example }]) =>
      `${whole(count)} × ${reason}${example === "" ? "" : ` (“${example}”)`}`,
  );
}
