/**
 * Copies the Postgres programs to where they can run.
 *
 * @module
 */

import type { PostgresPackage } from "./postgres_package.ts";

/** The programs of one Postgres version, by path. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/** One entry of a package's `pg-symlinks.json`. Both are paths within the package. */
interface PackagedLink {
  readonly source: string;
  readonly target: string;
}

/**
 * Copies the package to `home`, once. It cannot be used in place: its libraries need symbolic links
 * that an install script would create, and Postgres, which refuses to run as root, cannot read a
 * cache in root's home.
 *
 * The copy is made beside `home` and renamed, so that a concurrent call, or one after a crash,
 * finds a complete copy or none.
 */
export async function layOutPrograms(
  { directory }: PostgresPackage,
  home: string,
): Promise<PostgresPrograms> {
  if (!await exists(home)) await layOut(directory, home);
  return { initdb: `${home}/bin/initdb`, postgres: `${home}/bin/postgres` };
}

async function layOut(packaged: string, home: string): Promise<void> {
  const parent = home.slice(0, home.lastIndexOf("/"));
  const draft = await Deno.makeTempDir({ dir: parent, prefix: "postgres-draft-" });
  try {
    await Deno.chmod(draft, 0o755);
    await copyFiles(packaged, draft);
    await makeLinks(packaged, draft);
    await Deno.rename(draft, home);
  } catch (error) {
    await Deno.remove(draft, { recursive: true });
    if (!await exists(home)) throw error;
  }
}

async function copyFiles(from: string, to: string): Promise<void> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (isDirectory) {
      await Deno.mkdir(target);
      await Deno.chmod(target, 0o755);
      await copyFiles(source, target);
    } else if (isFile) {
      await Deno.copyFile(source, target);
      await Deno.chmod(target, 0o755);
    }
  }
}

async function makeLinks(packaged: string, home: string): Promise<void> {
  const text = await Deno.readTextFile(`${packaged}/pg-symlinks.json`);
  for (const { source, target } of JSON.parse(text) as readonly PackagedLink[]) {
    const path = target.replace(/^native/, home);
    if (!await exists(path)) await Deno.symlink(source.slice(source.lastIndexOf("/") + 1), path);
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
