/**
 * Makes one executable of the relay, with all that it needs inside: `deno task compile [FILE]`, by
 * default `dist/gallimimus`. With `--check` it only finds out whether all that is needed would be
 * inside.
 *
 * The runtime part of the executable, `denort`, is downloaded from where Deno is published; the
 * variable `DENORT_BIN` names a file to take instead. With it the executable is tried, too.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { filesUnder } from "./source_files.ts";

/**
 * What the relay opens by its path while it runs, besides the migrations: no import leads there, or
 * none that would tell if it were missing.
 */
const OPENED_BY_PATH = [
  ...["pglite_worker.ts", "verify_worker.ts", "relay_worker.ts"],
  ...["pglite.wasm", "pglite.data", "initdb.wasm", "secp256k1.wasm"],
];

/** What is included besides the modules that are imported. */
const INCLUDED = [
  "migrations",
  "src/store/database/pglite_worker.ts",
  "src/signatures/verify_worker.ts",
  "src/app/workers/relay_worker.ts",
];

/** The arguments of `deno compile`; the permissions are those of the task `gallimimus`. */
export function compileArguments(command: string, output: string): readonly string[] {
  const permissions = command.split(" ").filter((word) => word.startsWith("--"));
  return [
    ...["compile", "--frozen", "--no-check", "--exclude-unused-npm", ...permissions],
    ...INCLUDED.flatMap((path) => ["--include", path]),
    ...["--output", output, "mod.ts"],
  ];
}

/** How the entry of a file begins in the directory of an executable. */
const ENTRY = '{"File":{"n":';

/**
 * Which of these files an executable lacks. Its directory is JSON within the file.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { missingFiles } from "./compile.ts";
 *
 * const executable = new TextEncoder().encode('\\0ELF{"File":{"n":"a.sql","o":[0,1]}}');
 * deepEqual(missingFiles(executable, ["a.sql", "b.sql"]), ["b.sql"]);
 * ```
 */
export function missingFiles(executable: Uint8Array, names: readonly string[]): readonly string[] {
  const { buffer, byteOffset, length } = executable;
  const bytes = Buffer.from(buffer, byteOffset, length);
  const start = bytes.indexOf(ENTRY);
  if (start < 0) return names;
  // Behind a hundred megabytes, which are searched once.
  const directory = bytes.subarray(start);
  return names.filter((name) => !directory.includes(`${ENTRY}${JSON.stringify(name)},`));
}

/** The names of all files that have to be inside. */
function neededFiles(): readonly string[] {
  const migrations = filesUnder(".", "migrations", ".sql").map((path) => path.split("/").at(-1)!);
  return [...migrations, ...OPENED_BY_PATH];
}

/** Runs this `deno` and passes on what it prints. Returns whether it succeeded. */
async function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { ...env },
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  return success;
}

/** Compiles to `output`. Returns why it cannot be used; undefined if it can. */
export async function compile(
  output: string,
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const { tasks } = JSON.parse(await Deno.readTextFile("deno.json"));
  const args = compileArguments(tasks.gallimimus.command, output);
  if (!await run(args, env)) return "deno compile failed";
  const missing = missingFiles(await Deno.readFile(output), neededFiles());
  return missing.length === 0 ? undefined : `not inside: ${missing.join(", ")}`;
}

/** Whether the executable says its version. */
async function starts(executable: string): Promise<boolean> {
  const { success, stdout } = await new Deno.Command(executable, { args: ["--version"] }).output();
  return success && new TextDecoder().decode(stdout).trim() !== "";
}

/** Compiles with this Deno in place of `denort`, and looks at what is inside. */
async function check(): Promise<string | undefined> {
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
  try {
    return await compile(`${directory}/gallimimus`, { DENORT_BIN: Deno.execPath() });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Compiles, and tries the result where its runtime was given. */
async function make(output: string): Promise<string | undefined> {
  const fault = await compile(output, {});
  if (fault !== undefined || Deno.env.get("DENORT_BIN") === undefined) return fault;
  return await starts(output) ? undefined : `${output} does not start`;
}

if (import.meta.main) {
  const [output = "dist/gallimimus"] = Deno.args;
  const fault = output === "--check" ? await check() : await make(output);
  if (fault !== undefined) console.error(fault);
  Deno.exit(fault === undefined ? 0 : 1);
}
