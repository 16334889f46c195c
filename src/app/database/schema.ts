/**
 * Brings the schema of a database up to date.
 *
 * @module
 */

import { changeFault, checkServer } from "../../store/database/check_server.ts";
import type { Database } from "../../store/database/database.ts";
import {
  migrate,
  type Migration,
  MigrationMismatch,
  pendingMigrations,
} from "../../store/database/migrations.ts";
import { StoreUnavailable } from "../../store/event_store.ts";
import { buildIndexes, missingIndexes } from "../../store/write/deferred_indexes.ts";
import { sha256 } from "../system/sha256.ts";

/** Compiled programs contain it if they were built with `--include migrations`. */
const migrationFolder = new URL("../../../migrations/", import.meta.url);

/** Names of what a schema lacks, or of what was added to it. */
export interface SchemaChanges {
  readonly migrations: readonly string[];
  /** Indexes that an interrupted import had dropped. */
  readonly indexes: readonly string[];
}

/** How {@link updateSchema} works. */
export interface UpdateSchemaOptions {
  /** Whether the database is on a server that the relay does not run itself. */
  readonly isServer: boolean;
  /** Whether to change nothing, and to say what would be changed. Default: no. */
  readonly isDry?: boolean;
}

/**
 * Adds what the schema lacks, and says what that was. Where nothing is missing, the right to change
 * the schema is not needed.
 *
 * Rejects with {@link StoreUnavailable} if the database cannot be used, or not be changed by this user.
 */
export async function updateSchema(
  database: Database,
  { isServer, isDry = false }: UpdateSchemaOptions,
): Promise<SchemaChanges> {
  const facts = isServer ? await checkServer(database) : undefined;
  const all = await readMigrations();
  try {
    const migrations = await pendingMigrations(database, all, sha256);
    // The table of indexes comes with a migration.
    const indexes = migrations.length > 0 ? [] : await missingIndexes(database);
    const missing = [...migrations, ...indexes];
    if (isDry || missing.length === 0) return { migrations, indexes };
    const fault = facts && changeFault(facts, missing);
    if (fault !== undefined) throw new StoreUnavailable(fault);
    return {
      migrations: await migrate(database, all, sha256),
      indexes: await buildIndexes(database),
    };
  } catch (error) {
    if (!(error instanceof MigrationMismatch)) throw error;
    throw new StoreUnavailable(error.message, { cause: error });
  }
}

/** All migrations, oldest first. */
export async function readMigrations(): Promise<readonly Migration[]> {
  const files = (await Array.fromAsync(Deno.readDir(migrationFolder)))
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  return await Promise.all(files.map(async (file) => ({
    name: file.slice(0, -".sql".length),
    sql: await Deno.readTextFile(new URL(file, migrationFolder)),
  })));
}
