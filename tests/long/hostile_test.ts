/**
 * Every attack from one, twenty and two hundred connections of one address, and from two hundred
 * addresses, on memory and on the private server, and attacks drawn at random.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { freshDatabases } from "../e2e/databases.ts";
import { attacks } from "../hostile/attacks.ts";
import { storeLargeEvents, withstands } from "../hostile/siege.ts";
import { startRelay } from "../kit/running_relay.ts";
import { drawSeed } from "../kit/seeded_random.ts";

const sieges = [
  { connections: 1, addresses: 1 },
  { connections: 20, addresses: 1 },
  { connections: 200, addresses: 1 },
  { connections: 200, addresses: 200 },
];

const GENERATED = 10;

for (const database of ["memory:", "managed:"]) {
  Deno.test(`${database} an honest client is served under every attack`, async (test) => {
    await using fresh = await freshDatabases[database]!();
    await using relay = await startRelay({ database: fresh.url, heapMb: 512 });
    await storeLargeEvents(relay);
    const seed = drawSeed();
    const generated = Array.from({ length: GENERATED }, (_, at) => `generated ${seed + 10 * at}`);
    for (const name of [...attacks.map(({ name }) => name), ...generated]) {
      for (const siege of sieges) {
        const title = `${name}, ${siege.connections} connections, ${siege.addresses} addresses`;
        await test.step(title, () => withstands(relay, { name, ...siege, lastsMs: 1_500 }));
      }
    }
    equal(await relay.stop(), 0);
  });
}
