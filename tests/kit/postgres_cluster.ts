/**
 * Creates fresh database clusters.
 *
 * @module
 */

import type { PostgresVersion } from "./postgres_binaries.ts";
import { copyTree, layOutOnce, TEMPORARY_DIRECTORY } from "./temporary_template.ts";

/** The uid of `nobody`: Postgres refuses to run as root. */
const NOBODY = 65_534;

/** Creates a directory that a server may use, in `parent` if given, with a fresh cluster in `data`. */
export async function makeCluster(version: PostgresVersion, parent?: string): Promise<string> {
  const directory = await makeServerDirectory(parent);
  await copyTree(await template(version), `${directory}/data`);
  return directory;
}

/** Creates a directory that a server may use, with a copy of a stopped server's cluster. */
export async function cloneCluster(other: string): Promise<string> {
  const directory = await makeServerDirectory();
  await copyTree(`${other}/data`, `${directory}/data`);
  return directory;
}

/** Options for running a Postgres program: as `nobody` if this process is root. */
export function unprivileged(directory: string) {
  const quiet = { cwd: directory, stdin: "null", stdout: "null", stderr: "null" } as const;
  return Deno.uid() === 0 ? { ...quiet, uid: NOBODY, gid: NOBODY } : quiet;
}

async function makeServerDirectory(dir?: string): Promise<string> {
  const prefix = "gallimimus-database-";
  const directory = await Deno.makeTempDir({ prefix, ...dir !== undefined && { dir } });
  if (Deno.uid() === 0) await Deno.chown(directory, NOBODY, NOBODY);
  return directory;
}

/**
 * A template for each version and user, created once for all test runs, because copying is faster. Its
 * write-ahead log has segments of 1 MB: a fresh one of 16 MB is two fifths of what is copied.
 */
async function template(version: PostgresVersion): Promise<string> {
  const { initdb } = await version.programs();
  const home = `${TEMPORARY_DIRECTORY}/gallimimus-cluster-${
    initdb.split("/").at(-3)
  }-1mb-${Deno.uid()}`;
  await layOutOnce(home, async (draft) => {
    if (Deno.uid() === 0) await Deno.chown(draft, NOBODY, NOBODY);
    const args = ["-D", draft, "-A", "trust", "-U", "postgres", "--no-sync", "--wal-segsize=1"];
    await run(initdb, [...args, "-E", "UTF8", "--locale", "C"], unprivileged(draft));
  });
  return home;
}

async function run(
  program: string,
  args: readonly string[],
  options: Deno.CommandOptions,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    ...options,
    args: [...args],
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
}
