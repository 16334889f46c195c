/**
 * Fresh clusters: what `initdb` makes and a server runs on.
 *
 * @module
 */

import type { PostgresVersion } from "./postgres_binaries.ts";
import { layOutOnce, TEMPORARY_DIRECTORY } from "./temporary_template.ts";

/** Whoever is nobody: Postgres refuses to run as root. */
const NOBODY = 65_534;

/** Makes a directory that a server may have, with a fresh cluster in `data`. */
export async function makeCluster(version: PostgresVersion): Promise<string> {
  const directory = await makeServerDirectory();
  await copyCluster(await template(version), `${directory}/data`);
  return directory;
}

/** Makes a directory that a server may have, with a copy of the cluster of one that is stopped. */
export async function cloneCluster(other: string): Promise<string> {
  const directory = await makeServerDirectory();
  await copyCluster(`${other}/data`, `${directory}/data`);
  return directory;
}

/** How a program runs that Postgres has: as nobody if we are root. */
export function unprivileged(directory: string) {
  const quiet = { cwd: directory, stdin: "null", stdout: "null", stderr: "null" } as const;
  return Deno.uid() === 0 ? { ...quiet, uid: NOBODY, gid: NOBODY } : quiet;
}

async function makeServerDirectory(): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-database-" });
  if (Deno.uid() === 0) await Deno.chown(directory, NOBODY, NOBODY);
  return directory;
}

async function copyCluster(from: string, to: string): Promise<void> {
  await run("cp", ["-a", from, to], {});
}

/** One for each version and user, made once for all tests of all runs: to copy it is quicker. */
async function template(version: PostgresVersion): Promise<string> {
  const { initdb } = await version.programs();
  const home = `${TEMPORARY_DIRECTORY}/gallimimus-cluster-${
    initdb.split("/").at(-3)
  }-${Deno.uid()}`;
  await layOutOnce(home, async (draft) => {
    if (Deno.uid() === 0) await Deno.chown(draft, NOBODY, NOBODY);
    const args = ["-D", draft, "-A", "trust", "-U", "postgres", "--no-sync"];
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
