import { equal, match } from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";
import { createRelay } from "../../src/app/embedded/create_relay.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

/** A relay in memory and a client that would like compression. */
async function meet(compression: boolean) {
  const relay = await createRelay({
    settings: {
      "database.url": "memory:",
      "signatures.workers": 0,
      "network.compression": compression,
    },
  });
  const client = new WebSocket(await relay.listen("127.0.0.1:0"));
  await once(client, "open");
  return { relay, client };
}

Deno.test("a relay compresses for clients that ask, live events and stored ones", async () => {
  const { relay, client } = await meet(true);
  match(client.extensions, /^permessage-deflate/);
  const [event] = generateEvents(new SeededRandom(3), 1, { signed: true });
  const json = JSON.stringify(event);
  const heard: string[] = [];
  client.on("message", (data: unknown) => heard.push(String(data)));
  const told = async (start: string) => {
    while (!heard.some((text) => text.startsWith(start))) await once(client, "message");
    return heard.find((text) => text.startsWith(start));
  };
  client.send('["REQ","live",{}]');
  await told('["EOSE","live"');
  client.send(`["EVENT",${json}]`);
  equal(await told('["EVENT","live"'), `["EVENT","live",${json}]`);
  client.send('["REQ","stored",{}]');
  await told('["EOSE","stored"');
  equal(await told('["EVENT","stored"'), `["EVENT","stored",${json}]`);
  client.close();
  await once(client, "close");
  await relay.close();
});

Deno.test("network.compression = false declines it", async () => {
  const { relay, client } = await meet(false);
  equal(client.extensions, "");
  client.close();
  await once(client, "close");
  await relay.close();
});
