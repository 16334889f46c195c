/**
 * PGlite databases for tests.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import settings from "../../deno.json" with { type: "json" };
import { utf8 } from "../../src/base/bytes.ts";
import { bytesToHex } from "../../src/nostr/hex.ts";
import { openPglite } from "../../src/store/database/pglite.ts";
import { openStoreOn, readMigrations } from "./database.ts";
import { layOutOnce, TEMPORARY_DIRECTORY } from "./temporary_template.ts";

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
    const { success } = await new Deno.Command("cp", { args: ["-a", source, directory.path] })
      .output();
    if (!success) throw new Error(`cannot copy ${source}`);
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
  const version = bytesToHex(sha256(utf8([library, ...texts].join("\n")))).slice(0, 16);
  const home = `${TEMPORARY_DIRECTORY}/gallimimus-pglite-${version}-${Deno.uid()}`;
  await layOutOnce(home, async (draft) => {
    const database = await openPglite(`${draft}/pglite`);
    await (hasSchema ? await openStoreOn(database) : database).close();
  });
  return home;
}
