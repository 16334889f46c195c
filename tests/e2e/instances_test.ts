/**
 * Two instances on one database. `tests/long/instances_test.ts` is the same, and large.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { postgresVersions } from "../kit/postgres_binaries.ts";
import { runTwoInstances } from "../kit/two_instances.ts";
import { freshDatabases } from "./databases.ts";

for (const { name } of postgresVersions) {
  Deno.test(`two instances on ${name}: each subscriber gets each event once, though they are cut off`, async () => {
    await using database = await freshDatabases[`${name}:`]!();
    const latencies = await runTwoInstances({
      database: database.url,
      subscribers: 10,
      events: 400,
      cuts: 3,
    });
    equal(latencies.length, 400);
  });
}
