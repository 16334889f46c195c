/**
 * Postgres programs for tests.
 *
 * @module
 */

import { findPostgresPackage } from "../../src/app/postgres/postgres_package.ts";
import { layOutPrograms, type PostgresPrograms } from "../../src/app/postgres/postgres_programs.ts";

/** Lays them out in the system's temporary directory, once for all tests of all runs. */
export async function postgresBinaries(): Promise<PostgresPrograms> {
  const found = await findPostgresPackage();
  if ("fault" in found) throw new Error(found.fault);
  return await layOutPrograms(
    found,
    `${temporaryDirectory()}/gallimimus-postgres-${found.version}`,
  );
}

function temporaryDirectory(): string {
  return (Deno.env.get("TMPDIR") ?? "/tmp").replace(/\/+$/, "");
}
