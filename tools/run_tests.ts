/**
 * Runs the files of `tests/` in several processes at a time, one more than there are cores: many wait
 * for a server or a timer. Processes rather than threads, because a file may check the process's
 * memory, signals and file descriptors. The files of most processes are imported by one module: the
 * runner starts an isolate for each file it is given, which evaluates all that the file imports
 * anew. Prints one closing line for all processes.
 *
 * @module
 */

import { filesUnder } from "./source_files.ts";

/** The counts of a run. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/** The result of one process. */
export interface ShardOutcome extends Tally {
  /** What the runner printed, without its closing line. */
  readonly output: string;
}

/**
 * Rooms with slow tests, and how many of their files a process runs: few, to balance the load. They
 * start first, so that no core is left with them at the end.
 */
const slowRooms: readonly (readonly [room: string, files: number])[] = [
  ["tests/contract/", 2],
  ["tests/e2e/", 3],
  ["tests/store/", 20],
];

/** Files per process of all other rooms: many, to start fewer processes. */
const QUICK_FILES = 25;

/** Tests that measure times run alone, after all others. */
const MEASURING: ReadonlySet<string> = new Set([
  "tests/hostile/relay_test.ts",
  "tests/hostile/text_cost_test.ts",
]);

function isAlone(files: readonly string[]): boolean {
  return MEASURING.has(files[0]!);
}

/** Packages of tests are in a configuration of their own, so that who runs the relay downloads none. */
const runner: readonly string[] = ["test", "-A", "--no-check", "--config=tests/deno.json"];

/**
 * Splits the test files into processes, in the order of starting.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { shardsOf } from "./run_tests.ts";
 *
 * const files = ["tests/base/a_test.ts", "tests/e2e/b_test.ts", "tests/long/c_test.ts"];
 * deepEqual(shardsOf(files), [["tests/e2e/b_test.ts"], ["tests/base/a_test.ts"]]);
 * ```
 */
export function shardsOf(files: readonly string[]): readonly (readonly string[])[] {
  const tests = files.filter((file) =>
    file.endsWith("_test.ts") && !file.startsWith("tests/long/")
  );
  const slow = slowRooms.flatMap(([room, length]) =>
    chunks(tests.filter((file) => file.startsWith(room)), length)
  );
  const started = new Set(slow.flat());
  const measuring = tests.filter((file) => MEASURING.has(file));
  const quick = tests.filter((file) => !started.has(file) && !measuring.includes(file));
  return [
    ...slow,
    ...chunks(quick, QUICK_FILES),
    ...chunks(measuring, 1),
  ];
}

function chunks<T>(list: readonly T[], length: number): T[][] {
  return Array.from(
    { length: Math.ceil(list.length / length) },
    (_, at) => list.slice(at * length, (at + 1) * length),
  );
}

const CLOSING = /^(?:ok|FAILED) \| (\d+) passed.* \| (\d+) failed(?:.* \| (\d+) ignored)?.*$/gm;

/**
 * Parses the output of a runner. A runner that ended without its closing line, as in a crash, has a
 * failure.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { readOutcome } from "./run_tests.ts";
 *
 * const { passed, failed, ignored } = readOutcome("ok | 2 passed | 0 failed | 1 ignored (3ms)\n");
 * deepEqual([passed, failed, ignored], [2, 0, 1]);
 * ```
 */
export function readOutcome(printed: string): ShardOutcome {
  // The last one: a test may have printed another.
  const closing = [...printed.matchAll(CLOSING)].at(-1);
  if (closing === undefined) return { output: printed.trim(), passed: 0, failed: 1, ignored: 0 };
  const [line, passed, failed, ignored] = closing;
  const rest = printed.slice(0, closing.index) + printed.slice(closing.index + line.length);
  return {
    output: rest.trim(),
    passed: Number(passed),
    failed: Number(failed),
    ignored: Number(ignored ?? 0),
  };
}

/**
 * The runner's closing line for all outcomes together.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { closingLine } from "./run_tests.ts";
 *
 * const tallies = [{ passed: 2, failed: 0, ignored: 0 }, { passed: 1, failed: 0, ignored: 1 }];
 * equal(closingLine(tallies, 61_000), "ok | 3 passed | 0 failed | 1 ignored (61s)");
 * ```
 */
export function closingLine(tallies: readonly Tally[], elapsedMs: number): string {
  const sum = (count: keyof Tally) => tallies.reduce((total, tally) => total + tally[count], 0);
  const ignored = sum("ignored") === 0 ? "" : ` | ${sum("ignored")} ignored`;
  const counts = `${sum("passed")} passed | ${sum("failed")} failed${ignored}`;
  const word = sum("failed") === 0 ? "ok" : "FAILED";
  return `${word} | ${counts} (${Math.round(elapsedMs / 1000)}s)`;
}

/**
 * The module that imports test files, in their order.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { importing } from "./run_tests.ts";
 *
 * equal(importing(["tests/a_test.ts"], "file:///relay/"), 'import "file:///relay/tests/a_test.ts";\n');
 * ```
 */
export function importing(files: readonly string[], root: string): string {
  return files.map((file) => `import ${JSON.stringify(new URL(file, root).href)};\n`).join("");
}

/** Tests in which libraries of others run, whose timers outlive a file: each file has an isolate of its own. */
const APART = "tests/e2e/";

/**
 * Has V8 compile WebAssembly quickly and not optimize it. That is for tests which open PGlite often and
 * ask it little: optimizing takes up to two fifths of their CPU time.
 */
const UNOPTIMIZED = { DENO_V8_FLAGS: "--liftoff-only" };

/** Where these are. The suite of `tests/contract` asks one database for long. */
const OPENING = ["tests/e2e/", "tests/store/"];

async function runShard(files: readonly string[]): Promise<ShardOutcome> {
  const env = OPENING.some((room) => files[0]!.startsWith(room)) ? UNOPTIMIZED : {};
  if (files.some((file) => file.startsWith(APART))) return await runModules(files, env);
  const module = await Deno.makeTempFile({ prefix: "gallimimus-tests-", suffix: "_test.ts" });
  try {
    await Deno.writeTextFile(module, importing(files, new URL("..", import.meta.url).href));
    return await runModules([module], env);
  } finally {
    await Deno.remove(module);
  }
}

async function runModules(
  modules: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ShardOutcome> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...runner, ...modules],
    stdin: "null",
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  const outcome = readOutcome(decoder.decode(stdout) + decoder.decode(stderr));
  return success || outcome.failed > 0 ? outcome : { ...outcome, failed: 1 };
}

async function runAll(lanes: number): Promise<boolean> {
  const startMs = performance.now();
  const shards = shardsOf(filesUnder(".", "tests", ".ts"));
  const waiting = shards.filter((files) => !isAlone(files));
  const outcomes: ShardOutcome[] = [];
  const lane = async () => {
    for (let files = waiting.shift(); files !== undefined; files = waiting.shift()) {
      const outcome = await runShard(files);
      outcomes.push(outcome);
      console.log(`${files.join(" ")}\n${outcome.output}\n`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  waiting.push(...shards.filter(isAlone));
  await lane();
  for (const { failed, output } of outcomes) {
    if (failed > 0) console.log(output.slice(Math.max(0, output.lastIndexOf("\n FAILURES"))));
  }
  console.log(closingLine(outcomes, performance.now() - startMs));
  return outcomes.every(({ failed }) => failed === 0);
}

/**
 * With arguments it runs `deno test` with them, in one process: `deno task test --filter NIP09`, or
 * `deno task test tests/nostr/hex_test.ts`.
 */
async function runWith(args: readonly string[]): Promise<boolean> {
  const namesFile = args.some((arg) => arg.startsWith("tests/"));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [...runner, ...namesFile ? [] : ["--ignore=tests/long", "tests"], ...args],
  }).spawn().status;
  return success;
}

if (import.meta.main) {
  const passed = Deno.args.length > 0
    ? await runWith(Deno.args)
    : await runAll(navigator.hardwareConcurrency + 1);
  Deno.exit(passed ? 0 : 1);
}
