/**
 * Databases with the schema of `migrations/`.
 *
 * @module
 */

import { sha256 } from "../../src/app/system/sha256.ts";
import { portableHashText } from "../../src/nostr/event_id.ts";
import type { Database } from "../../src/store/database/database.ts";
import { migrate, type Migration } from "../../src/store/database/migrations.ts";
import { SqlStore, type SqlStoreOptions } from "../../src/store/sql_store.ts";

const folder = new URL("../../migrations/", import.meta.url);

let migrations: readonly Migration[] | undefined;

/** The project's migrations, in order. Most tests migrate a database: they are read once a process. */
export function readMigrations(): readonly Migration[] {
  return migrations ??= [...Deno.readDirSync(folder)]
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((file) => ({
      name: file.slice(0, -".sql".length),
      sql: Deno.readTextFileSync(new URL(file, folder)),
    }));
}

/** A store on a database, which is migrated if needed. Closing it closes the database. */
export async function openStoreOn(
  database: Database,
  options: SqlStoreOptions = {},
): Promise<SqlStore> {
  try {
    await migrate(database, readMigrations(), sha256);
  } catch (error) {
    await database.close();
    throw error;
  }
  return new SqlStore(database, portableHashText, options);
}
