/**
 * Measures relays over real sockets: publishing, questions, fan-out, connections.
 *
 * The load comes from threads of this process and shares the machine with the relay. What one core
 * of the machine could do is measured first, to put the other figures in relation.
 *
 * ```sh
 * deno task bench ws://127.0.0.1:7777          # any relay
 * deno task bench                              # our own on each database
 * deno task bench memory: --compare ws://127.0.0.1:7777
 * deno task bench --help
 * ```
 *
 * @module
 */

import { SeededRandom } from "../tests/kit/seeded_random.ts";
import { Crew } from "./load/crew.ts";
import { chosenLoads, type Load, makeLoads } from "./load/loads.ts";
import { type Machine, measureMachine } from "./load/machine.ts";
import { compare, type Compared, type Figures, measure } from "./load/measure.ts";
import { type BenchOptions, helpText, parseOptions, type Target } from "./load/options.ts";
import { comparisonTable, machineText, table } from "./load/report.ts";
import { databaseNames, openTarget, Unreachable } from "./load/targets.ts";

/** What `--json` writes. */
export interface BenchReport {
  readonly seed: number;
  readonly options: unknown;
  readonly machine: Machine;
  readonly relays: readonly { readonly name: string; readonly loads: readonly Figures[] }[];
  readonly comparison?: readonly Compared[];
}

const options = parseOptions(Deno.args, databaseNames);
if (options === "help") {
  console.log(helpText());
  Deno.exit(0);
}
if ("fault" in options) {
  console.error(`${options.fault}\n\n${helpText()}`);
  Deno.exit(2);
}
try {
  await bench(options);
} catch (error) {
  if (!(error instanceof Unreachable)) throw error;
  console.error(error.message);
  Deno.exit(1);
}
// Threads of the runtime's pool may still wait for a relay that does not answer.
Deno.exit(0);

async function bench(options: BenchOptions): Promise<void> {
  const { peer, pairs, only, amounts, seed = crypto.getRandomValues(new Uint32Array(1))[0]! } =
    options;
  using crew = new Crew();
  const rounds = peer === undefined ? 1 : pairs;
  console.error(`signing ${amounts.events * rounds} events, seed ${seed}`);
  const loads = makeLoads({ amounts, random: new SeededRandom(seed), rounds });
  const machine = await measureMachine(crew, loads.events.slice(0, 1_000));
  console.log(`## The machine\n\n${machineText(machine)}\n`);
  const bytes = loads.events.reduce((sum, event) => sum + JSON.stringify(event).length, 0);
  console.log(
    `${loads.events.length.toLocaleString("en")} events of ${(bytes / 2 ** 20).toFixed(1)} MiB: ` +
      "a cache that holds as much has the cold pages, too.\n",
  );
  const chosen = chosenLoads(loads, only);
  const figures = peer === undefined
    ? { relays: await measureEach(crew, chosen, options) }
    : { relays: [], comparison: await compareBoth(crew, chosen, { ...options, peer }) };
  if (options.json === undefined) return;
  const report: BenchReport = {
    seed,
    options: { ...options, only: [...only] },
    machine,
    ...figures,
  };
  await Deno.writeTextFile(options.json, JSON.stringify(report, null, 2) + "\n");
}

async function measureEach(
  crew: Crew,
  loads: readonly Load[],
  { targets, amounts }: BenchOptions,
): Promise<BenchReport["relays"]> {
  // All relays are given the same.
  const made = loads.map((load) => ({ load, run: load.round(0) }));
  const relays: BenchReport["relays"][number][] = [];
  for (const target of targets) {
    await using open = await openTarget(target, amounts.timeoutMs);
    const { relay } = open;
    const all: Figures[] = [];
    for (const { load, run } of made) {
      console.error(`${relay.name} ${load.name}`);
      all.push(await measure(crew, load, { relay, run }));
    }
    console.log(`## ${relay.name}\n\n${table(all)}\n`);
    relays.push({ name: relay.name, loads: all });
  }
  return relays;
}

async function compareBoth(
  crew: Crew,
  loads: readonly Load[],
  { targets, peer, pairs, amounts }: BenchOptions & { readonly peer: Target },
): Promise<readonly Compared[]> {
  await using a = await openTarget(targets[0]!, amounts.timeoutMs);
  await using b = await openTarget(peer, amounts.timeoutMs);
  const relays = { A: a.relay, B: b.relay };
  const all: Compared[] = [];
  for (const load of loads) {
    console.error(`comparing: ${load.name}`);
    all.push(await compare(crew, load, { relays, pairs }));
  }
  console.log(`## A: ${a.relay.name}, B: ${b.relay.name}\n\n${comparisonTable(all)}\n`);
  return all;
}
