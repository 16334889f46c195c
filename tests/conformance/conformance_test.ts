import { deepEqual, equal } from "node:assert/strict";
import { startRelay } from "../kit/running_relay.ts";
import { freshDatabases } from "../e2e/databases.ts";
import { conformance } from "./run.ts";

const RELAY_URL = "wss://relay.example";

/** What is off by default and has numbers. */
const settings = [
  `relay.url=${RELAY_URL}`,
  "search.enabled=true",
  "filters.and_tags=true",
];

for (const database of ["memory:", "managed:"]) {
  Deno.test(`${database} the program holds every numbered conversation, one after the other`, async () => {
    await using fresh = await freshDatabases[database]!();
    await using relay = await startRelay({ database: fresh.url, settings });
    const differences: string[] = [];
    let held = 0;
    const options = { salt: "first", relayUrl: RELAY_URL };
    for await (const { title, difference } of conformance(relay.url, options)) {
      if (difference === undefined) held++;
      else differences.push(`${title}: ${difference}`);
    }
    deepEqual([differences, held > 80], [[], true]);
    equal(await relay.stop(), 0);
  });
}
