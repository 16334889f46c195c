/**
 * Migrates a database to the schema that this program uses.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import type { Sha256 } from "../../nostr/event_id.ts";
import { bytesToHex } from "../../nostr/hex.ts";
import type { Database, Session, Statement } from "./database.ts";

/** One step of the schema: a file of `migrations/`. Once released, it never changes. */
export interface Migration {
  /** `NNNN_what_it_does`, without `.sql`. Migrations are applied in the order of their names. */
  readonly name: string;
  readonly sql: string;
}

/** An applied migration, as recorded in the database. */
interface AppliedMigration {
  readonly name: string;
  /** SHA-256 of the SQL, hex. */
  readonly checksum: string;
}

/** The applied migrations are not those of the program; a person must look. */
export class MigrationMismatch extends Error {
  override readonly name = "MigrationMismatch";
}

/**
 * Applies the migrations that the database lacks, all of them or none, and returns their names.
 * Several processes may call this at the same time: one works, the others wait and find nothing
 * left to do.
 *
 * @throws MigrationMismatch see {@link missingMigrations}.
 *
 * @param migrations in any order.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  sha256: Sha256,
): Promise<readonly string[]> {
  return await database.transaction(async (session) => {
    // An index on a large table may take long.
    await session.script("set local statement_timeout = 0");
    await session.query(lockSchema);
    await session.script(createTable);
    const applied = await session.query(selectApplied);
    const missing = missingMigrations(applied, migrations, sha256);
    for (const migration of missing) await apply(migration, session, sha256);
    return missing.map(({ name }) => name);
  }, { isUnhurried: true });
}

/**
 * The names of the migrations that the database lacks, in order. Changes nothing, and needs no right
 * to change the schema.
 *
 * @throws MigrationMismatch see {@link missingMigrations}.
 */
export async function pendingMigrations(
  database: Pick<Database, "transaction">,
  migrations: readonly Migration[],
  sha256: Sha256,
): Promise<readonly string[]> {
  const applied = await database.transaction(async (session) => {
    const [isThere] = await session.query(selectTable);
    return isThere ? await session.query(selectApplied) : [];
  });
  return missingMigrations(applied, migrations, sha256).map(({ name }) => name);
}

/**
 * The migrations that remain to be applied, in order.
 *
 * @throws MigrationMismatch when an applied migration has changed since, is unknown (the database
 *   is newer than the program), or comes after one that is missing.
 */
export function missingMigrations(
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
  sha256: Sha256,
): readonly Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { name, checksum } of applied) {
    const migration = known.get(name);
    if (migration === undefined) {
      throw new MigrationMismatch(
        `the database has migration "${name}", which this version does not know: ` +
          "it was used by a newer one, so start that, or restore a backup of before the upgrade",
      );
    }
    if (checksumOf(migration, sha256) !== checksum) {
      throw new MigrationMismatch(
        `migration "${name}" was changed after it had been applied: start the version that applied it`,
      );
    }
    known.delete(name);
  }
  const missing = [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const skipped = missing.find(({ name }) => applied.some((other) => other.name > name));
  if (skipped !== undefined) {
    throw new MigrationMismatch(
      `migration "${skipped.name}" was never applied although later ones were: ` +
        "start the version that applied those",
    );
  }
  return missing;
}

/** Normalises line endings first, since a checkout may have changed them. */
function checksumOf({ sql }: Migration, sha256: Sha256): string {
  return bytesToHex(sha256(utf8(sql.replaceAll("\r\n", "\n"))));
}

async function apply(migration: Migration, session: Session, sha256: Sha256): Promise<void> {
  await session.script(migration.sql);
  await session.query(insertApplied(migration, sha256));
}

/**
 * Serialises schema changes until the end of the transaction, by an advisory lock. The key is
 * "gallimim" in ASCII.
 */
export const lockSchema: Statement<void> = {
  text: "select pg_advisory_xact_lock($1::int8)::text",
  parameters: ["7449354471528556909"],
  read: () => {},
};

const createTable = `create table if not exists schema_migrations (
  name text primary key,
  checksum text not null,
  applied_at timestamptz not null default now()
)`;

const selectTable: Statement<boolean> = {
  text: "select to_regclass('schema_migrations') is not null",
  parameters: [],
  read: (cells) => cells.text(0) === "t",
};

const selectApplied: Statement<AppliedMigration> = {
  text: "select name, checksum from schema_migrations order by name",
  parameters: [],
  read: (cells) => ({ name: cells.text(0), checksum: cells.text(1) }),
};

function insertApplied(migration: Migration, sha256: Sha256): Statement<void> {
  return {
    text: "insert into schema_migrations (name, checksum) values ($1, $2)",
    parameters: [migration.name, checksumOf(migration, sha256)],
    read: () => {},
  };
}
