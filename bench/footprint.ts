/**
 * How soon the relay listens and what memory it takes at rest, beside what any program takes on this
 * runtime. On Linux.
 *
 * ```sh
 * deno run -A bench/footprint.ts [--rounds 3] [--database memory:,managed:]
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import { startRelay } from "../tests/kit/running_relay.ts";
import { median } from "./load/comparison.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    database: { type: "string", default: "memory:,managed:" },
  },
});

/** After this time nothing is left to do after the start, milliseconds. */
const REST_MS = 3_000;

/** A program that has been started, and how long that took. */
interface Started extends AsyncDisposable {
  readonly pid: number;
  readonly ms: number;
}

/** What is measured of a program, by process or together; KiB but for the time. */
interface Footprint {
  readonly ms: number;
  /** What the process does not share with a file: its heap. */
  readonly anonymous: number;
  /** What it has read of files, the runtime's program above all, which other processes share. */
  readonly file: number;
  /** All its processes; what they share, also with others of this machine, is divided among them. */
  readonly tree: number;
  /** The same where no other program runs on this runtime: all of its file is the relay's. */
  readonly alone: number;
}

/** Programs that print a line when they are ready. */
const programs: Readonly<Record<string, string>> = {
  "an empty program": `console.log("ready"); setInterval(() => {}, 1e6)`,
  "an HTTP server": `import { createServer } from "node:http";
    createServer(() => {}).listen(0, "127.0.0.1", () => console.log("ready"))`,
};

async function startProgram(code: string): Promise<Started> {
  const startMs = performance.now();
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `data:application/javascript,${encodeURIComponent(code)}`],
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  await reader.read();
  const ms = performance.now() - startMs;
  const end = async () => {
    process.kill("SIGKILL");
    await process.status;
    await reader.cancel();
  };
  return { pid: process.pid, ms, [Symbol.asyncDispose]: end };
}

/** @param isFirst whether there is no database yet */
async function startServe(database: string, isFirst: boolean): Promise<Started> {
  const directory = await Deno.makeTempDir({ prefix: "footprint_" });
  // For the user that Postgres runs as where this is root.
  await Deno.chmod(directory, 0o755);
  const url = database === "memory:" ? database : `${database}${directory}/data`;
  if (database !== "memory:" && !isFirst) await (await startRelay({ database: url })).stop();
  const startMs = performance.now();
  const relay = await startRelay({ database: url });
  const ms = performance.now() - startMs;
  const end = async () => {
    await relay.stop();
    await Deno.remove(directory, { recursive: true });
  };
  return { pid: relay.pid, ms, [Symbol.asyncDispose]: end };
}

/** A process and all that it has started. */
function treeOf(pid: number): readonly number[] {
  const children = [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name }) =>
    Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`).split(" ").filter(Boolean)
  );
  return [pid, ...children.flatMap((child) => treeOf(Number(child)))];
}

function kibOf(pid: number, file: string, name: string): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/${file}`);
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]);
}

async function footprintOf(start: () => Promise<Started>): Promise<Footprint> {
  await using started = await start();
  const { pid, ms } = started;
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  const [own = NaN, ...others] = treeOf(pid).map((each) => kibOf(each, "smaps_rollup", "Pss"));
  const other = others.reduce((sum, kib) => sum + kib, 0);
  const anonymous = kibOf(pid, "status", "RssAnon");
  const file = kibOf(pid, "status", "RssFile");
  return { ms, anonymous, file, tree: own + other, alone: anonymous + file + other };
}

const starts: readonly (readonly [string, () => Promise<Started>])[] = [
  ...Object.entries(programs).map(([name, code]) => [name, () => startProgram(code)] as const),
  ...values.database.split(",").flatMap((database) => [
    ...database === "memory:"
      ? []
      : [[`first serve, ${database}`, () => startServe(database, true)] as const],
    [`serve, ${database}`, () => startServe(database, false)] as const,
  ]),
];

console.log(
  "| program | ready, ms | resident, MiB | of it heap | of it files | tree, MiB | alone, MiB |",
);
console.log("|---|---|---|---|---|---|---|");
const mib = (kib: number) => (kib / 1_024).toFixed(0);
for (const [name, start] of starts) {
  const rounds: Footprint[] = [];
  for (let round = 0; round < Number(values.rounds); round++) rounds.push(await footprintOf(start));
  const middle = (part: keyof Footprint) => median(rounds.map((one) => one[part]));
  const [heap, file] = [middle("anonymous"), middle("file")];
  const cells = [heap + file, heap, file, middle("tree"), middle("alone")].map(mib);
  console.log(`| ${[name, middle("ms").toFixed(0), ...cells].join(" | ")} |`);
}
