/**
 * The whole program under attack, over real sockets, with default settings.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { RelayClient } from "../kit/relay_client.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";
import { startRelay } from "../kit/running_relay.ts";
import { attacks } from "./attacks.ts";
import { besiege } from "./siege.ts";

/** What an honest REQ's p99 may be, as a ratio to that beside ordinary traffic of the same size. */
const MOST_RATIO = 3;

/** Two cores are shared with the attackers and the client: below this a p99 is the machine's. */
const NOISE_MS = 40;

/** Each connection may hold what its bounds say; all together stay below this with a heap of 512 MB. */
const MOST_GROWTH_BYTES = 700_000_000;

Deno.test("an honest client is served, and the process lives, whatever others send", async (test) => {
  await using relay = await startRelay({ database: "memory:", heapMb: 512 });
  const signer = new SchnorrSigner(new SeededRandom(5));
  const publisher = await RelayClient.connect(relay.url);
  const large = Array.from({ length: 40 }, (_, at) => {
    return signer.sign({ kind: 1, created_at: 1000 + at, tags: [], content: "x".repeat(100_000) });
  });
  await publisher.publishAll(large);
  await publisher.close();
  for (const { name } of attacks) {
    for (const connections of [1, 20]) {
      await test.step(`${name}, ${connections} connections`, async () => {
        const siege = { name, connections, addresses: 1, lastsMs: 700 };
        const ordinary = await besiege(relay, { ...siege, half: "ordinary" });
        const hostile = await besiege(relay, { ...siege, half: "hostile" });
        const mostMs = MOST_RATIO * Math.max(ordinary.p99Ms, NOISE_MS);
        console.log(JSON.stringify({ name, connections, ordinary, hostile }));
        ok(
          hostile.p99Ms <= mostMs,
          `p99 ${hostile.p99Ms} ms, beside ordinary traffic ${ordinary.p99Ms}`,
        );
        ok(hostile.grownBytes < MOST_GROWTH_BYTES, `${hostile.grownBytes} bytes more`);
      });
    }
  }
  equal(await relay.stop(), 0);
});
