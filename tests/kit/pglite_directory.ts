/**
 * PGlite databases for tests.
 *
 * @module
 */

import settings from "../../deno.json" with { type: "json" };
import { openPglite } from "../../src/store/database/pglite.ts";
import { openStoreOn, readMigrations } from "./database.ts";
import { copyTree, layOutOnce, templatePath } from "./temporary_template.ts";

/** What a database is made with. */
export interface PgliteDirectoryOptions {
  /** Whether it has the schema of `migrations/`, which takes longer than to start. Default: no. */
  readonly hasSchema?: boolean;
}

/** A temporary directory with a fresh PGlite database, closed, at {@link path}. */
export class PgliteDirectory implements AsyncDisposable {
  readonly path: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.path = `${directory}/pglite`;
  }

  /** Copying a database is ten times faster than creating one. */
  static async make(options: PgliteDirectoryOptions = {}): Promise<PgliteDirectory> {
    const source = `${await template(options)}/pglite`;
    const directory = new PgliteDirectory(await Deno.makeTempDir({ prefix: "gallimimus-" }));
    await copyTree(source, directory.path);
    return directory;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** Created once for all test runs, and again when the files that determine it have changed. */
async function template({ hasSchema = false }: PgliteDirectoryOptions): Promise<string> {
  const makers = [
    "../../src/store/database/pglite.ts",
    "../../src/store/database/pglite_worker.ts",
    ...hasSchema ? ["../../src/store/database/migrations.ts"] : [],
  ];
  const texts = makers.map((maker) => Deno.readTextFileSync(new URL(maker, import.meta.url)));
  if (hasSchema) texts.push(...readMigrations().map(({ name, sql }) => `${name}\n${sql}`));
  const library: string = settings.imports["@electric-sql/pglite"];
  const home = templatePath("pglite", [library, ...texts]);
  await layOutOnce(home, async (draft) => {
    const database = await openPglite(`${draft}/pglite`);
    await (hasSchema ? await openStoreOn(database) : database).close();
  });
  return home;
}
