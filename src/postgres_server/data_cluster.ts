/**
 * The data directory (database cluster) of a private Postgres server.
 *
 * @module
 */

import { unlessMissing } from "../store/database/data_directory.ts";
import { StoreUnavailable } from "../store/event_store.ts";
import { majorVersion, type PostgresPackage } from "./postgres_package.ts";
import type { PostgresPrograms } from "./postgres_programs.ts";
import { giveDirectory, giveFile, type ServerAccount } from "./server_account.ts";

/**
 * The role that owns everything. Authentication is `trust`, because only the relay reaches the
 * socket.
 */
export const ROLE = "gallimimus";

interface ClusterOptions {
  readonly found: Pick<PostgresPackage, "version">;
  readonly programs: PostgresPrograms;
  readonly account: ServerAccount;
}

/** Our settings file, in the directory above the data. */
export const CONF_NAME = "gallimimus.conf";

/** The server's own settings file: it includes ours first, and is the operator's to edit. */
const POSTGRESQL_CONF = `include '../${CONF_NAME}'

# Settings of your own stand below and win. The relay writes the included file anew at each start.
`;

/**
 * Where the new data directory waits for the old one at `path` to be moved away. It is complete.
 */
export function upgradedPath(path: string): string {
  return `${path}.upgraded`;
}

/**
 * Puts the data directory at {@link upgradedPath} in the place of the one at `path`, which it moves to
 * `old`. If it is interrupted, whoever opens the data next ends it by {@link endReplacement}.
 */
export async function replaceCluster(path: string, old: string): Promise<void> {
  await Deno.rename(path, old);
  await Deno.rename(upgradedPath(path), path);
}

/** Ends a {@link replaceCluster} that was interrupted between its steps. */
export async function endReplacement(path: string): Promise<void> {
  if (await versionOf(path) !== undefined) return;
  if (await versionOf(upgradedPath(path)) === undefined) return;
  await Deno.rename(upgradedPath(path), path);
}

/**
 * Creates the data directory `path` if there is none. It is created beside and renamed, so that an
 * incomplete one is never used.
 *
 * Rejects with {@link StoreUnavailable} when it belongs to another major version, or cannot be
 * created.
 */
export async function prepareCluster(path: string, options: ClusterOptions): Promise<void> {
  const version = await versionOf(path);
  if (version === undefined) await makeCluster(path, options);
  else if (version !== majorVersion(options.found)) {
    throw new StoreUnavailable(otherVersion(path, version, majorVersion(options.found)));
  }
}

async function makeCluster(path: string, { programs, account }: ClusterOptions): Promise<void> {
  const draft = `${path}.new`;
  await Deno.remove(draft, { recursive: true }).catch(unlessMissing);
  await giveDirectory(draft, account);
  const { success, stderr } = await new Deno.Command(programs.initdb, {
    args: [
      ...["-D", draft, "-U", ROLE, "-A", "trust"],
      ...["-E", "UTF8", "--locale", "C", "--data-checksums"],
    ],
    cwd: "/",
    env: { LC_ALL: "C", TZ: "UTC" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    ...account,
  }).output();
  if (!success) {
    throw new StoreUnavailable(`cannot make ${path}: ${new TextDecoder().decode(stderr).trim()}`);
  }
  await Deno.remove(`${draft}/postgresql.conf`);
  await giveFile(`${draft}/postgresql.conf`, POSTGRESQL_CONF, account);
  await Deno.rename(draft, path);
}

/** The major version of the server that created the directory; undefined when there is none. */
export async function versionOf(path: string): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile(`${path}/PG_VERSION`)).trim();
  } catch (error) {
    unlessMissing(error);
    return undefined;
  }
}

function otherVersion(path: string, made: string, ours: string): string {
  return `${path} was made by Postgres ${made}, and this version of the relay has Postgres ${ours}. ` +
    "Run gallimimus upgrade while the relay is stopped, which leaves the old data as they are";
}
