/**
 * A process with a PGlite database: stores one event for each line of input, reports it, and waits
 * to be killed.
 *
 * @module
 */

import { openPglite } from "../../src/store/database/pglite.ts";
import { openStoreOn } from "./database.ts";
import { recordOf } from "./records.ts";
import { SeededRandom } from "./seeded_random.ts";
import { FakeSigner } from "./signer.ts";

const store = await openStoreOn(await openPglite(Deno.args[0]!));
const author = new FakeSigner(new SeededRandom(1));
for (let created_at = 1; created_at <= 50; created_at++) {
  const event = author.sign({ kind: 1, created_at, tags: [["t", "x"]], content: "" });
  await store.put([recordOf(event)]);
}
console.log("stored");
await new Promise((resolve) => setTimeout(resolve, 600_000));
