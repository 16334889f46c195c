import { deepEqual, equal, rejects } from "node:assert/strict";
import { createRelay, type Policy, reason } from "../../../mod.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { SchnorrSigner } from "../../kit/signer.ts";

const note = new SchnorrSigner(new SeededRandom(1))
  .sign({ created_at: 1, kind: 1, tags: [], content: "hello" });
const settings = { "database.url": "memory:", "signatures.workers": 0 };

/** Says each text once connected and gives as many answers as asked for. */
async function talk(url: string, texts: readonly string[], answers: number): Promise<unknown[]> {
  const socket = new WebSocket(url);
  const heard: unknown[] = [];
  let greeted = false;
  const done = Promise.withResolvers<void>();
  socket.onopen = () => texts.forEach((text) => socket.send(text));
  socket.onerror = () => done.reject(new Error("the connection failed"));
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    // Each connection begins with a challenge.
    if (message[0] === "AUTH" && heard.length === 0 && !greeted) return void (greeted = true);
    heard.push(message);
    if (heard.length === answers) done.resolve();
  };
  await done.promise;
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
  return heard;
}

const conversation = [`["EVENT",${eventJson(note)}]`, '["REQ","s",{"kinds":[9]}]'];
const answered = [["OK", note.id, true, ""], ["EOSE", "s", ["finish"]]];

Deno.test("an embedded relay speaks through the host's own server", async () => {
  const relay = await createRelay({ settings });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, relay.fetch);
  const { port } = server.addr;
  const heard = await talk(`ws://127.0.0.1:${port}`, conversation, 2);
  deepEqual(heard.toSorted((a, b) => String(b).localeCompare(String(a))), answered);

  const elsewhere = await fetch(`http://127.0.0.1:${port}/elsewhere`);
  equal(elsewhere.status, 404);
  await elsewhere.body?.cancel();
  await relay.close();
  await server.shutdown();
});

Deno.test("NIP01-64 an upgrade on another path is refused, by either transport", async () => {
  const relay = await createRelay({ settings });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, relay.fetch);
  const url = await relay.listen("127.0.0.1:0");
  for (const base of [`ws://127.0.0.1:${server.addr.port}`, url]) {
    await rejects(talk(`${base}/anything`, [], 1));
  }
  await relay.close();
  await server.shutdown();
});

Deno.test("an embedded relay listens by itself", async () => {
  const relay = await createRelay({ settings });
  const url = await relay.listen("127.0.0.1:0");
  const heard = await talk(url, conversation, 2);
  deepEqual(heard.toSorted((a, b) => String(b).localeCompare(String(a))), answered);
  await relay.close();
});

Deno.test("wrong settings are all named", async () => {
  const wrong = { "limits.max_limt": 5, "log.level": "loud" };
  await rejects(createRelay({ settings: wrong }), (error) => {
    return error instanceof TypeError && error.message.split("\n").length === 2;
  });
});

Deno.test("an address that is none is refused", async () => {
  const relay = await createRelay({ settings });
  await rejects(relay.listen("nowhere"), /not an address/);
  await relay.close();
});

Deno.test("an embedded relay asks the policies of its host", async () => {
  const names = new Set<string>();
  const policy: Policy = {
    name: "quiet",
    connect: ({ userAgent, origin }) => void names.add(`${userAgent !== undefined} ${origin}`),
    event: ({ event, client }) =>
      event.kind === 1 && client!.keys.size === 0
        ? Promise.resolve(reason("auth-required", "who are you?"))
        : undefined,
    request: ({ filters }) => filters.map((filter) => ({ ...filter, limit: 0 })),
  };
  const relay = await createRelay({ settings, policies: [policy] });
  const url = await relay.listen("127.0.0.1:0");
  const heard = await talk(url, conversation, 3) as [string, ...unknown[]][];
  deepEqual(heard.map(([verb]) => verb).toSorted(), ["AUTH", "EOSE", "OK"]);
  deepEqual(heard.find(([verb]) => verb === "OK"), [
    "OK",
    note.id,
    false,
    "auth-required: who are you?",
  ]);
  equal(names.size, 1);
  await relay.close();
});

Deno.test("a host publishes, asks and listens without a socket", async () => {
  const relay = await createRelay({ settings: { ...settings, "relay.name": "embedded" } });
  const heard: string[] = [];
  const listening = (async () => {
    for await (const event of relay.subscribe([{ kinds: [1], "#t": ["x"] }])) {
      heard.push(event.content);
      if (heard.length === 2) return;
    }
  })();
  const signer = new SchnorrSigner(new SeededRandom(2));
  const sign = (content: string, kind = 1) =>
    signer.sign({ created_at: 1, kind, tags: [["t", "x"]], content });
  for (const event of [sign("a"), sign("none", 7), sign("b")]) {
    deepEqual(await relay.publish(event), { accepted: true });
  }
  await listening;
  deepEqual(heard, ["a", "b"]);
  const forged = await relay.publish({ ...sign("c"), content: "d" });
  deepEqual([forged.accepted, forged.reason?.prefix], [false, "invalid"]);
  const found = await Array.fromAsync(relay.query([{ kinds: [7] }]));
  deepEqual(found.map(({ content }) => content), ["none"]);
  await rejects(Array.fromAsync(relay.query([{ kinds: [-1] }])), TypeError);
  equal(relay.information()["name"], "embedded");
  equal(relay.counters.stored, 3);
  // Whoever still listens comes to an end with the relay.
  const rest = Array.fromAsync(relay.subscribe([{}]));
  await relay.close();
  deepEqual(await rest, []);
});
