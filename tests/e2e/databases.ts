/**
 * The three ways to keep events, each fresh for a test.
 *
 * @module
 */

import { freshDatabaseUrl } from "../kit/postgres_server.ts";

/** A database that nobody has used before. */
export interface FreshDatabase extends AsyncDisposable {
  readonly url: string;
}

/** By the name of its kind. */
export const freshDatabases: Readonly<Record<string, () => Promise<FreshDatabase>>> = {
  "memory:": () =>
    Promise.resolve({ url: "memory:", [Symbol.asyncDispose]: () => Promise.resolve() }),
  "pglite:": async () => {
    const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
    return {
      url: `pglite:${directory}/pglite`,
      [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
    };
  },
  "postgres:": async () => {
    return { url: await freshDatabaseUrl(), [Symbol.asyncDispose]: () => Promise.resolve() };
  },
};
