/**
 * What the log of the real program says of its clients.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { WebSocket as WsClient } from "ws";
import { once } from "node:events";
import { PgliteDirectory } from "../kit/pglite_directory.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

Deno.test("a connection that ends, whom the relay refused and an unknown proxy are told", async () => {
  await using relay = await startRelay({ database: "memory:" });
  await using client = await RelayClient.connect(relay.url);
  const signer = new SchnorrSigner(new SeededRandom(1));
  const note = signer.sign({ kind: 1, created_at: 1_700_000_000, tags: [], content: "x" });
  equal((await client.publish(note))?.accepted, true);
  for (let time = 0; time < 25; time++) await client.publish({ ...note, content: `${time}` });
  await client.query([{ tags: new Map() }]);
  await client.close();
  const proxied = new WsClient(relay.url, { headers: { "X-Forwarded-For": "192.0.2.1" } });
  await once(proxied, "open");
  proxied.close();
  await once(proxied, "close");
  equal(await relay.stop(), 0);

  const lines = relay.log.map((line) => JSON.parse(line));
  const ended = lines.find(({ message }) => message === "connection ended");
  equal(ended.level, "info");
  equal(ended.address, "127.0.0.1");
  equal(ended.cause, "peer");
  // The challenge is no event; the one that was stored came back.
  const { messages, accepted, refused, events } = ended;
  match(JSON.stringify([messages, accepted, refused, events]), /^\[2[78],1,25,1\]$/);
  ok(ended.receivedBytes > 26 * 300 && ended.sentBytes > 300, JSON.stringify(ended));
  const often = lines.find(({ message }) => message === "client was refused often");
  equal(often.reasons, "invalid:25");
  const warned = lines.filter(({ message }) => message.includes("network.trusted_proxies"));
  equal(warned.length, 1);
  equal(warned[0].header, "x-forwarded-for");
});

Deno.test("slow queries are told with their filter and their plan, and once of a kind", async () => {
  await using directory = await PgliteDirectory.make({ hasSchema: true });
  await using relay = await startRelay({
    database: `pglite:${directory.path}`,
    // The database answers everything, and always takes longer than this.
    settings: ["log.slow_query_ms=1", "cache.max_mib=0"],
  });
  await using client = await RelayClient.connect(relay.url);
  for (let kind = 1_000; kind < 1_050; kind++) {
    await client.query([{ kinds: new Set([kind]), tags: new Map(), limit: 5 }]);
  }
  const line = JSON.parse(await relay.logged("slow query"));
  const { level, part, verb, source, plan, address } = line;
  deepEqual({ level, part, verb, source, plan, address }, {
    ...{ level: "info", part: "relay", verb: "REQ", source: "database", plan: "kind×1" },
    address: "127.0.0.1",
  });
  match(line.filter, /^\{"kinds":\[10\d\d\],"limit":5\}$/);
  ok(line.ms >= 1 && line.databaseMs <= line.ms, JSON.stringify(line));
  await client.close();
  equal(await relay.stop(), 0);
  equal(relay.log.filter((text) => text.includes('"slow query"')).length, 1);
  const more = relay.log.find((text) => text.includes("more slow queries")) ?? "{}";
  ok(JSON.parse(more).times > 10, more);
});
