/**
 * The rates of clients and keys, of the real program behind a proxy.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import WebSocket from "ws";
import { SeededRandom } from "../kit/seeded_random.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const random = new SeededRandom(1);
let written = 0;

function note(signer: SchnorrSigner): readonly unknown[] {
  return [
    "EVENT",
    signer.sign({ kind: 1, created_at: 1_700_000_000 + written++, tags: [], content: "" }),
  ];
}

/** Connects as a client of the proxy, and gives the outcome of each message that is sent. */
async function connect(url: string, address: string) {
  const socket = new WebSocket(url, { headers: { "x-forwarded-for": address } });
  await new Promise((resolve) => socket.once("open", resolve));
  return {
    async ask(message: readonly unknown[]): Promise<string> {
      const answer = new Promise<string>((resolve) =>
        socket.on("message", (data: Uint8Array) => {
          const [verb, , ...rest] = JSON.parse(data.toString());
          if (verb === "AUTH") return;
          const reason = String(rest.at(verb === "OK" ? 1 : 0) ?? "");
          resolve(reason.startsWith("rate-limited:") ? "rate-limited" : verb);
        })
      );
      socket.send(JSON.stringify(message));
      const outcome = await answer;
      socket.removeAllListeners("message");
      return outcome;
    },
    async close(): Promise<void> {
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.close();
      await closed;
    },
  };
}

Deno.test("a client has its rates over all its connections, and a key over all clients", async () => {
  await using relay = await startRelay({
    database: "memory:",
    settings: [
      "network.trusted_proxies=127.0.0.0/8",
      "limits.client_event_rate=1",
      "limits.client_event_burst=3",
      "limits.client_req_rate=1",
      "limits.client_req_burst=2",
      "limits.client_count_rate=1",
      "limits.client_count_burst=1",
      "limits.key_event_rate=1",
      "limits.key_event_burst=4",
    ],
  });
  const [alice, bob] = [new SchnorrSigner(random), new SchnorrSigner(random)];
  const first = await connect(relay.url, "2001:db8::1");
  const second = await connect(relay.url, "2001:db8::2");
  const other = await connect(relay.url, "2001:db8:0:1::1");
  deepEqual(
    [
      await first.ask(note(alice)),
      await second.ask(note(alice)),
      await first.ask(note(alice)),
      await second.ask(note(bob)),
    ],
    ["OK", "OK", "OK", "rate-limited"],
    "both are of one /64",
  );
  deepEqual(
    [await other.ask(note(alice)), await other.ask(note(alice)), await other.ask(note(bob))],
    ["OK", "rate-limited", "OK"],
    "the key has published three by another client",
  );
  const filter = { kinds: [7] };
  deepEqual(
    [
      await first.ask(["REQ", "a", filter]),
      await second.ask(["REQ", "a", filter]),
      await first.ask(["REQ", "b", filter]),
      await other.ask(["REQ", "b", filter]),
    ],
    ["EOSE", "EOSE", "rate-limited", "EOSE"],
  );
  deepEqual(
    [await first.ask(["COUNT", "a", filter]), await second.ask(["COUNT", "a", filter])],
    ["COUNT", "rate-limited"],
  );
  for (const client of [first, second, other]) await client.close();
  equal(await relay.stop(), 0);
});
