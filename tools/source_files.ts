/**
 * Reads files and runs `deno` for the check programs.
 *
 * @module
 */

/**
 * The paths of all files under `directory` that end in `suffix`, relative to `root`, sorted, with
 * slashes. None if the directory does not exist.
 *
 * @example
 * ```ts
 * import { ok } from "node:assert/strict";
 * import { filesUnder } from "./source_files.ts";
 *
 * const root = new URL("..", import.meta.url).pathname;
 * ok(filesUnder(root, "tools", ".ts").includes("tools/source_files.ts"));
 * ```
 */
export function filesUnder(root: string, directory: string, suffix: string): readonly string[] {
  const found: string[] = [];
  for (const entry of entriesOf(`${root}/${directory}`)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) found.push(...filesUnder(root, path, suffix));
    else if (entry.name.endsWith(suffix)) found.push(path);
  }
  return found.sort();
}

function entriesOf(directory: string): readonly Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(directory)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * The text of a file, or undefined if there is none.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { readIfPresent } from "./source_files.ts";
 *
 * equal(readIfPresent("no/such/file"), undefined);
 * ```
 */
export function readIfPresent(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** How the exit code of `deno` is judged. */
export interface OutputOptions {
  /** Whether exit code 1 means findings, as it does for the linter, and not failure. */
  readonly findings?: boolean;
}

/**
 * Runs this `deno` and returns its standard output. Rejects with its standard error if it fails.
 */
export async function denoOutput(
  args: readonly string[],
  cwd: string,
  { findings = false }: OutputOptions = {},
): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
  });
  const { success, code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (!success && !(findings && code === 1)) {
    throw new Error(`deno ${args[0]}: ${decoder.decode(stderr)}`);
  }
  return decoder.decode(stdout);
}

/** Prints the findings, one per line, and ends the program: with 1 if there are any. */
export function exitWith(findings: readonly string[]): never {
  for (const finding of findings) console.error(finding);
  Deno.exit(findings.length === 0 ? 0 : 1);
}
