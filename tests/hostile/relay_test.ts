/**
 * The whole program under attack, over real sockets, with default settings and a heap of 512 MB. One
 * connection, more of them, more addresses and databases: tests/long/hostile_test.ts.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { startRelay } from "../kit/running_relay.ts";
import { drawSeed } from "../kit/seeded_random.ts";
import { attacks } from "./attacks.ts";
import { storeLargeEvents, withstands } from "./siege.ts";

Deno.test("an honest client is served, and the process lives, whatever others send", async (test) => {
  await using relay = await startRelay({ database: "memory:", heapMb: 512 });
  await storeLargeEvents(relay);
  const generated = `generated ${drawSeed()}`;
  for (const name of [...attacks.map(({ name }) => name), generated]) {
    await test.step(`${name}, 20 connections`, () =>
      withstands(relay, { name, connections: 20, addresses: 1, lastsMs: 700 }));
  }
  equal(await relay.stop(), 0);
});
