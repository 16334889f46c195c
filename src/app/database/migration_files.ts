/**
 * The schema's history, as it lies beside the program.
 *
 * @module
 */

import type { Migration } from "../../store/database/migrations.ts";

/** Inside a compiled program too, when it was made with `--include migrations`. */
const folder = new URL("../../../migrations/", import.meta.url);

/**
 * All migrations, oldest first.
 */
export async function readMigrations(): Promise<readonly Migration[]> {
  const files = (await Array.fromAsync(Deno.readDir(folder)))
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  return await Promise.all(files.map(async (file) => ({
    name: file.slice(0, -".sql".length),
    sql: await Deno.readTextFile(new URL(file, folder)),
  })));
}
