/**
 * Runs all checks that must pass before a commit is shared. Prints the output of failed steps only.
 * `deno task ok --without test` leaves a step out.
 *
 * @module
 */

/** One step: a name and the arguments for `deno`. */
export interface Step {
  readonly name: string;
  readonly args: readonly string[];
}

/** The result of a step. */
export interface Outcome {
  readonly name: string;
  readonly passed: boolean;
  /** What the step printed, both streams. */
  readonly output: string;
  readonly elapsedMs: number;
}

/**
 * The steps, the longest first, as two run at a time. A step with a task of that name in
 * `deno.json` runs as that task.
 */
export const steps: readonly Step[] = [
  { name: "test", args: ["task", "--quiet", "test"] },
  { name: "examples", args: ["task", "--quiet", "check:examples"] },
  { name: "types", args: ["task", "--quiet", "check:types"] },
  { name: "lint", args: ["task", "--quiet", "check:lint"] },
  { name: "format", args: ["task", "--quiet", "check:format"] },
  { name: "rooms", args: ["task", "--quiet", "check:rooms"] },
  { name: "docs", args: ["task", "--quiet", "check:docs"] },
  { name: "tests", args: ["task", "--quiet", "check:tests"] },
  { name: "conformance", args: ["task", "--quiet", "check:conformance"] },
  { name: "tour", args: ["task", "--quiet", "check:tour"] },
  { name: "dependencies", args: ["task", "--quiet", "check:dependencies"] },
];

/** How many steps run at a time: a test run keeps one core busy, the small steps the other. */
const lanes = 2;

/**
 * Runs the steps with this `deno`, in order, two at a time, and reports each outcome when it is
 * known.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { runSteps } from "./ok.ts";
 *
 * const outcomes = await runSteps([{ name: "version", args: ["--version"] }]);
 * deepEqual(outcomes.map(({ name, passed }) => [name, passed]), [["version", true]]);
 * ```
 */
export async function runSteps(
  list: readonly Step[],
  tell: (outcome: Outcome) => void = () => {},
): Promise<readonly Outcome[]> {
  const waiting = [...list];
  const outcomes: Outcome[] = [];
  const lane = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const outcome = await runStep(step);
      outcomes.push(outcome);
      tell(outcome);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcomes;
}

async function runStep({ name, args }: Step): Promise<Outcome> {
  const startMs = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return {
    name,
    passed: success,
    output: decoder.decode(stdout) + decoder.decode(stderr),
    elapsedMs: performance.now() - startMs,
  };
}

/**
 * The steps without those named after `--without` on the command line, and the names there that are
 * no step.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { chosenSteps } from "./ok.ts";
 *
 * const { chosen, unknown } = chosenSteps([{ name: "lint", args: [] }], ["--without", "lint,tset"]);
 * deepEqual([chosen, unknown], [[], ["tset"]]);
 * ```
 */
export function chosenSteps(
  list: readonly Step[],
  args: readonly string[],
): { readonly chosen: readonly Step[]; readonly unknown: readonly string[] } {
  const [flag, names = "", ...rest] = args;
  if (flag === undefined) return { chosen: list, unknown: [] };
  if (flag !== "--without") return { chosen: [], unknown: args };
  const without = new Set(names.split(","));
  const known = new Set(list.map(({ name }) => name));
  return {
    chosen: list.filter(({ name }) => !without.has(name)),
    unknown: [...[...without].filter((name) => !known.has(name)), ...rest],
  };
}

function tellFailure({ name, passed, output }: Outcome): void {
  if (!passed) console.error(`${name} failed\n${output.trimEnd()}\n`);
}

async function main(): Promise<boolean> {
  const { chosen, unknown } = chosenSteps(steps, Deno.args);
  if (unknown.length > 0) {
    console.error(`not a step: ${unknown.join(" ")}; steps: ${steps.map((s) => s.name).join(",")}`);
    return false;
  }
  const startMs = performance.now();
  const outcomes = await runSteps(chosen, tellFailure);
  const failed = outcomes.filter(({ passed }) => !passed).map(({ name }) => name);
  const seconds = Math.round((performance.now() - startMs) / 1000);
  const count = `${outcomes.length} steps in ${seconds} s`;
  console.log(failed.length === 0 ? `ok: ${count}` : `failed: ${failed.join(", ")} of ${count}`);
  return failed.length === 0;
}

if (import.meta.main) Deno.exit(await main() ? 0 : 1);
