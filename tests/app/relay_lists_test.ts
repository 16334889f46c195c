/**
 * Relays that are named by strangers, and are what a stranger would name.
 *
 * @see NIP-65
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { metricsOf } from "../../src/app/network/metrics.ts";
import type { RelayHost } from "../../src/app/relay_host.ts";
import { Histogram } from "../../src/base/histogram.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { hostSettings, startHost, until } from "../kit/mirrored_relays.ts";
import { OtherRelay } from "../kit/other_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const random = new SeededRandom(65);
const [alice, mallory] = [new SchnorrSigner(random), new SchnorrSigner(random)];
const nowS = Math.floor(Date.now() / 1_000);
let count = 0;

function note(author: SchnorrSigner, changes: Partial<NostrEvent> = {}): NostrEvent {
  const draft = { created_at: nowS, kind: 1, tags: [], content: `${count++}` };
  return author.sign({ ...draft, ...changes });
}

function relayList(author: SchnorrSigner, urls: readonly string[]): NostrEvent {
  return note(author, {
    kind: 10_002,
    tags: urls.map((url) => ["r", url]),
    created_at: nowS + count,
  });
}

const OUTBOX = { "relay_lists.outbox_filter": "{}", "relay_lists.allow_private_addresses": "true" };
const INBOX = {
  "relay_lists.inbox_keys": alice.pubkey,
  "relay_lists.allow_private_addresses": "true",
};

async function stored(host: RelayHost, kind = 1): Promise<number> {
  let sum = 0;
  for await (const rows of host.query([{ kinds: new Set([kind]), tags: new Map() }])) {
    sum += rows.length;
  }
  return sum;
}

/** A server that does with each socket what `hostile` does. */
async function withServer(
  server: Server,
  test: (url: string) => Promise<void>,
): Promise<void> {
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  try {
    await test(`ws://127.0.0.1:${typeof address === "object" ? address!.port : 0}/`);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  }
}

/** A relay that opens the connection, and then does as it likes. */
function hostileRelay(
  onOpen: (socket: WebSocket) => void,
  onMessage?: (socket: WebSocket) => void,
) {
  const sockets = new Set<WebSocket>();
  let closed = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.add(socket);
    socket.onopen = () => onOpen(socket);
    socket.onmessage = () => onMessage?.(socket);
    socket.onerror = () => {};
    socket.onclose = () => {
      sockets.delete(socket);
      closed++;
    };
    return response;
  });
  return {
    url: `ws://127.0.0.1:${server.addr.port}/`,
    get closed() {
      return closed;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.close();
      await server.shutdown();
      while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

Deno.test("a relay list of 10,000 relays is used for its first few", async () => {
  await using good = new OtherRelay();
  const host = await startHost({
    ...OUTBOX,
    "limits.max_event_bytes": "1000000",
    "limits.max_message_bytes": "1000000",
    "limits.max_event_tags": "20000",
  });
  try {
    const junk = Array.from({ length: 9_999 }, (_, at) => `ws://127.0.0.1:2/${at}`);
    const list = relayList(mallory, [good.url, ...junk]);
    deepEqual(await host.relay.publish(list), { accepted: true });
    await host.relay.publish(note(mallory));
    ok(await until(() => good.events.size === 2));
    const { outbox } = host.relayLists!;
    ok(await until(() => outbox!.counters.failed > 0));
    ok(outbox!.outgoing.length <= 2 * 3, `${outbox!.outgoing.length} wait`);
    ok(outbox!.counters.failed <= 2, "three relays of one host are one attempt");
  } finally {
    await host.close();
  }
});

Deno.test("a relay that accepts no handshake, and one that answers no event, hold up nobody", () =>
  withServer(createServer(), async (silentUrl) => {
    await using mute = hostileRelay(() => {});
    await using good = new OtherRelay();
    const host = await startHost({ ...OUTBOX, "relay_lists.max_connections": "8" });
    try {
      await host.relay.publish(relayList(mallory, [silentUrl, mute.url]));
      await host.relay.publish(relayList(alice, [good.url]));
      for (let at = 0; at < 5; at++) await host.relay.publish(note(mallory));
      const last = note(alice);
      await host.relay.publish(last);
      ok(await until(() => good.events.has(last.id)));
    } finally {
      const startMs = performance.now();
      await host.close();
      ok(performance.now() - startMs < 4_000, "and it stops at once");
    }
  }));

Deno.test("a relay that sends garbage is cut off when it is too much", async () => {
  const junk = ["x".repeat(50_000), '["EVENT"', '["OK",1,2,3]', "[]", '["EVENT","sync-1",{}]'];
  await using noisy = hostileRelay((socket) => {
    const send = () => {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (socket.bufferedAmount < 1_000_000) { for (const text of junk) socket.send(text); }
      setTimeout(send, 1);
    };
    send();
  });
  await using good = new OtherRelay({}, [note(mallory, { tags: [["p", alice.pubkey]] })]);
  const host = await startHost({
    ...INBOX,
    ...{ "relay_lists.byte_rate": "10000", "relay_lists.inbox_refresh_s": "1" },
    "relay_lists.inbox_max_relays": "1",
  });
  try {
    await host.relay.publish(relayList(alice, [noisy.url, good.url]));
    ok(await until(() => noisy.closed > 0), "it is cut off");
    ok(await until(async () => await stored(host) === 1), "and gives way to another");
  } finally {
    await host.close();
  }
});

Deno.test("an answer that is longer than any is the end of the connection", async () => {
  await using long = hostileRelay(() => {}, (socket) => socket.send("x".repeat(1_000_000)));
  const host = await startHost(OUTBOX);
  try {
    await host.relay.publish(relayList(mallory, [long.url]));
    await host.relay.publish(note(mallory));
    ok(await until(() => host.relayLists!.outbox!.counters.failed > 0));
    ok(await until(() => long.closed > 0));
  } finally {
    await host.close();
  }
});

Deno.test("events of an inbox relay wait for their turn, and forged ones are refused", async () => {
  const tags = [["p", alice.pubkey]];
  const made = Array.from({ length: 130 }, () => note(mallory, { tags }));
  const forged = { ...note(mallory, { tags }), sig: made[0]!.sig };
  await using other = new OtherRelay({}, [...made, forged, note(mallory)]);
  const host = await startHost({ ...INBOX, "relay_lists.inbox_event_rate": "1" });
  const sinceMs = performance.now();
  try {
    await host.relay.publish(relayList(alice, [other.url]));
    const { counters } = host.relayLists!.inbox!;
    ok(await until(() => counters.received >= 100));
    await new Promise((resolve) => setTimeout(resolve, 300));
    // A hundred at once, and one a second: on a busy machine that is a while.
    const later = Math.ceil((performance.now() - sinceMs) / 1_000);
    ok(counters.received <= 101 + later, `${counters.received} were taken at once`);
    equal(await stored(host), counters.stored);
    equal(other.heard["NEG-OPEN"], undefined, "a stranger is not told what is here");
  } finally {
    await host.close();
  }
});

Deno.test("changed settings begin and end it without a restart", async () => {
  await using good = new OtherRelay();
  const host = await startHost({});
  const use = async (values: Readonly<Record<string, string>>) =>
    (await host.prepare(hostSettings(values)))();
  try {
    equal(host.relayLists?.outbox, undefined);
    await host.relay.publish(relayList(alice, [good.url]));
    await use(OUTBOX);
    const { outbox } = host.relayLists!;
    const first = note(alice);
    await host.relay.publish(first);
    ok(await until(() => outbox!.counters.sent === 1));
    deepEqual([...good.events.keys()], [first.id]);
    const [line] = (await host.activity()).mirrors;
    deepEqual([line!.url, line!.direction], ["outbox (1 connected)", "up"]);
    const lag = new Histogram([1]);
    const figures = metricsOf(host, { lag, size: undefined, startedMs: 0 });
    const figure = (name: string) =>
      figures.flatMap((each) => "samples" in each && each.name === name ? each.samples : [])[0]
        ?.value;
    equal(figure("gallimimus_outbox_sent_total"), 1);
    equal(figure("gallimimus_outbox_connections"), 1);
    await use({ ...OUTBOX, "limits.max_limit": "4000" });
    equal(host.relayLists!.outbox, outbox, "what did not change goes on");
    await use({});
    await host.relay.publish(note(alice));
    ok(await until(() => good.connectionCount === 0));
    deepEqual([...good.events.keys()], [first.id]);
  } finally {
    await host.close();
  }
});

Deno.test("old events are not sent, and which filters are too broad for clients does not matter", async () => {
  await using good = new OtherRelay();
  const host = await startHost({ ...OUTBOX, "access.broad_filters": "false" });
  try {
    await host.relay.publish(relayList(alice, [good.url]));
    const [old, young] = [note(alice, { created_at: nowS - 700_000 }), note(alice)];
    for (const each of [old, young]) await host.relay.publish(each);
    ok(await until(() => good.events.has(young.id)));
    equal(good.events.has(old.id), false);
  } finally {
    await host.close();
  }
});

Deno.test("of a relay that only members may read nothing goes out, unless the settings say so", async () => {
  await using good = new OtherRelay();
  const members = { ...OUTBOX, "access.readers": "members" };
  const secrets = [4, 13, 1_059].map((kind) => note(alice, { kind, tags: [["p", alice.pubkey]] }));
  const guarded = note(alice, { tags: [["-"]] });
  const host = await startHost(members);
  try {
    await host.relay.publish(relayList(alice, [good.url]));
    await host.relay.publish(note(alice));
    const open = {
      ...{ ...members, "relay_lists.outbox_when_closed": "true" },
      "access.private_kinds": "",
    };
    (await host.prepare(hostSettings(open)))();
    for (const each of [...secrets, guarded]) await host.relay.publish(each);
    const last = note(alice);
    await host.relay.publish(last);
    ok(await until(() => good.events.has(last.id)));
    deepEqual([...good.events.keys()], [last.id]);
  } finally {
    await host.close();
  }
});
