/**
 * The ways to keep events, each fresh for a test.
 *
 * @module
 */

import { freshDatabase, PostgresServer } from "../kit/postgres_server.ts";

/** A database that nobody has used before. */
export interface FreshDatabase extends AsyncDisposable {
  readonly url: string;
}

/** By the name of its kind. `TEST_DATABASE_URL` names a server to use instead of one of our own. */
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
    const given = Deno.env.get("TEST_DATABASE_URL");
    if (given !== undefined) {
      return {
        url: await freshDatabase(given),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    }
    const server = await PostgresServer.start();
    return {
      url: await server.freshDatabase(),
      [Symbol.asyncDispose]: () => server.stop(),
    };
  },
};
