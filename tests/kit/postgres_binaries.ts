/**
 * Finds Postgres programs for tests.
 *
 * @module
 */

import { findPostgresPackage } from "../../src/postgres_server/postgres_package.ts";
import {
  layOutPrograms,
  type PostgresPrograms,
} from "../../src/postgres_server/postgres_programs.ts";
import { TEMPORARY_DIRECTORY } from "./temporary_template.ts";

/** A Postgres version to test on. */
export interface PostgresVersion {
  /** Its name in tests and in `DATABASES`: `postgres`, or with its major version `postgres15`. */
  readonly name: string;
  programs(): Promise<PostgresPrograms>;
}

/** The packaged one, which private servers use too. */
export const packagedPostgres: PostgresVersion = { name: "postgres", programs: layOutPackage };

/**
 * Where Debian and its derivatives install servers, each in a directory named for its major
 * version.
 */
const SYSTEM_FOLDER = "/usr/lib/postgresql";

/** The oldest version that docs/operations.md supports. */
const OLDEST_SUPPORTED = 14;

/** The oldest installed server, or one sentence without a full stop. */
export const systemPostgres: PostgresVersion | { readonly fault: string } = findSystemPostgres();

/** The versions to run tests on. */
export const postgresVersions: readonly PostgresVersion[] = "fault" in systemPostgres
  ? [packagedPostgres]
  : [packagedPostgres, systemPostgres];

/** Copies the package to the system's temporary directory, once for all test runs. */
async function layOutPackage(): Promise<PostgresPrograms> {
  const found = await findPostgresPackage();
  if ("fault" in found) throw new Error(found.fault);
  return await layOutPrograms(
    found,
    `${TEMPORARY_DIRECTORY}/gallimimus-postgres-${found.version}`,
  );
}

function findSystemPostgres(): typeof systemPostgres {
  const [major] = systemMajors().filter((major) => major >= OLDEST_SUPPORTED);
  if (major === undefined) return { fault: `there is no server in ${SYSTEM_FOLDER}` };
  const bin = `${SYSTEM_FOLDER}/${major}/bin`;
  const programs = { initdb: `${bin}/initdb`, postgres: `${bin}/postgres` };
  return { name: `postgres${major}`, programs: () => Promise.resolve(programs) };
}

/** Major versions with a server; a client-only installation has no `postgres`. */
function systemMajors(): readonly number[] {
  return namesIn(SYSTEM_FOLDER)
    .filter((name) => namesIn(`${SYSTEM_FOLDER}/${name}/bin`).includes("postgres"))
    .map(Number)
    .sort((a, b) => a - b);
}

function namesIn(folder: string): readonly string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
