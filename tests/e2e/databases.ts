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
  "managed:": async () => {
    const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
    // Postgres may run as somebody else, who has to get there.
    await Deno.chmod(directory, 0o755);
    return {
      url: `managed:${directory}/postgres`,
      [Symbol.asyncDispose]: () => removeWhenIdle(directory),
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

/** A relay that was killed leaves its server to end by itself, which takes a moment. */
async function removeWhenIdle(directory: string): Promise<void> {
  const runs = () =>
    Deno.stat(`${directory}/postgres/data/postmaster.pid`).then(() => true, () => false);
  while (await runs()) await new Promise((resolve) => setTimeout(resolve, 20));
  await Deno.remove(directory, { recursive: true });
}
