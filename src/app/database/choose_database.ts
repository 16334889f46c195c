/**
 * Chooses the database URL from the settings and the data directory.
 *
 * @module
 */

import { upgradedPath } from "../../postgres_server/data_cluster.ts";
import { findPostgresPackage } from "../../postgres_server/postgres_package.ts";
import { StoreUnavailable } from "../../store/event_store.ts";
import { nameFault, reachFault, serverAccount } from "../../postgres_server/server_account.ts";
import type { Settings } from "../settings/setting_list.ts";
import { withoutSlash } from "../paths.ts";
import { databaseKind, embeddedDirectory } from "./database_url.ts";

/** A database URL, and why it was chosen. */
interface DatabaseChoice {
  readonly url: string;
  /** Why there is no private server; one sentence without a full stop. */
  readonly because?: string;
}

/**
 * The configured database. Without one: the embedded database that exists in the data directory, or
 * for a new relay a private Postgres server where one can run, and PGlite elsewhere.
 *
 * @see docs/decisions/0005-embedded-default.md
 */
export async function chooseDatabase(
  { url, data }: Pick<Settings["database"], "url" | "data">,
): Promise<DatabaseChoice> {
  if (url !== "") return { url };
  const directory = withoutSlash(data);
  const [pglite, managed] = [`${directory}/pglite`, `${directory}/postgres`];
  if (await exists(pglite)) return { url: `pglite:${pglite}` };
  const server = `${managed}/data`;
  if (await exists(server) || await exists(upgradedPath(server))) {
    return { url: `managed:${managed}` };
  }
  const fault = await managedFault(managed);
  return fault === undefined
    ? { url: `managed:${managed}` }
    : { url: `pglite:${pglite}`, because: fault };
}

/** Why no private server can run in `directory`; undefined if one can. */
async function managedFault(directory: string): Promise<string | undefined> {
  const run = await Deno.permissions.query({ name: "run" });
  if (run.state !== "granted") return "this process may not start others (--allow-run)";
  const found = await findPostgresPackage();
  if ("fault" in found) return found.fault;
  const account = await serverAccount(`${directory}/data`);
  return await nameFault(account) ?? await reachFault(directory, account);
}

/**
 * Rejects with {@link StoreUnavailable} if the configured database is an embedded one that does not exist.
 */
export async function requireDatabase(
  settings: Pick<Settings["database"], "url" | "data">,
): Promise<void> {
  const { url } = await chooseDatabase(settings);
  const path = embeddedDirectory(url);
  if (path === undefined) return;
  // Whoever opens the second one ends the upgrade that was killed (`endReplacement`).
  const places = databaseKind(url) === "pglite"
    ? [path]
    : [`${path}/data`, upgradedPath(`${path}/data`)];
  for (const place of places) if (await mayExist(`${place}/PG_VERSION`)) return;
  throw new StoreUnavailable(
    `there is none at ${path}: name the relay's by --data, --database or --config`,
  );
}

/** Others may not look into the directory of a server. */
async function mayExist(path: string): Promise<boolean> {
  return await Deno.stat(path).then(
    () => true,
    (error) => !(error instanceof Deno.errors.NotFound),
  );
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
