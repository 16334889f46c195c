import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Log, silentLog } from "../../../src/base/log.ts";
import {
  type AcceptedSocket,
  Acceptor,
  type AcceptorOptions,
  type TrustedPeers,
} from "../../../src/net/server/acceptor.ts";
import { Admission } from "../../../src/net/server/admission.ts";
import { type NetCounters, zeroNetCounters } from "../../../src/net/server/net_counters.ts";
import { networkList, parseNetwork } from "../../../src/net/address/network.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

/** A door, and what went through it. */
class Door {
  readonly clock = new FakeClock();
  readonly counters: NetCounters = zeroNetCounters();
  readonly accepted: AcceptedSocket[] = [];
  readonly late: Socket[] = [];
  readonly gate: Admission;
  readonly acceptor: Acceptor;
  #changed = Promise.withResolvers<void>();

  constructor(options: Partial<AcceptorOptions> & { readonly maxPerClient?: number } = {}) {
    const { maxPerClient = 100 } = options;
    this.gate = new Admission({
      maxTotal: 100,
      perClient: {
        maxInside: maxPerClient,
        rate: { perSecond: 100, burst: 100 },
        prefix: { ipv4Bits: 32, ipv6Bits: 64 },
        exempt: networkList([]),
      },
    }, this.clock);
    const log: Log = { ...silentLog, debug: () => this.#change() };
    this.acceptor = new Acceptor({
      at: { type: "tcp", host: "127.0.0.1", port: 0 },
      clock: this.clock,
      log,
      counters: this.counters,
      gate: this.gate,
      handshakeTimeoutMs: 1000,
      onSocket: (accepted) => {
        this.accepted.push(accepted);
        this.#change();
      },
      onLate: (socket) => {
        this.late.push(socket);
        socket.destroy();
      },
      ...options,
    });
  }

  /** A client that has sent `text`. */
  client(text = ""): Socket {
    const { at } = this.acceptor;
    const socket = connect(at.type === "tcp" ? at.port : 0, "127.0.0.1");
    socket.on("error", () => {});
    if (text !== "") socket.write(text);
    return socket;
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.#changed.promise;
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** Runs `test` at a door, and sees that nothing is left of it. */
async function atDoor(
  options: ConstructorParameters<typeof Door>[0],
  test: (door: Door) => Promise<void>,
): Promise<void> {
  const door = new Door(options);
  await door.acceptor.open();
  try {
    await test(door);
  } finally {
    for (const { socket } of door.accepted) socket.destroy();
    await door.acceptor.close();
    await door.acceptor.close();
  }
  equal(door.gate.total, 0);
  equal(door.clock.timerCount, 0);
}

/** Waits for the end of a socket, orderly or not. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

const loopback = parseNetwork("127.0.0.0/8");
if (loopback.type === "fault") throw new Error(loopback.sentence);
const local: TrustedPeers = { networks: networkList([loopback]), unix: false };
const nobody: TrustedPeers = { networks: networkList([]), unix: false };

Deno.test("a socket is handed on with who is at its other end", () =>
  atDoor({}, async (door) => {
    const client = door.client();
    await door.until(() => door.accepted.length === 1);
    deepEqual(door.accepted[0]?.peer, { address: "127.0.0.1", secure: false });
    equal(door.counters.accepted, 1);
    client.destroy();
  }));

Deno.test("a proxy of the operator's names its client, in either version", () =>
  atDoor({ proxyProtocol: local }, async (door) => {
    const first = door.client("PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\nrest");
    await door.until(() => door.accepted.length === 1);
    const second = door.client("PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n");
    await door.until(() => door.accepted.length === 2);
    deepEqual(door.accepted.map(({ peer }) => peer.address), ["203.0.113.7", "2001:db8::7"]);
    const { socket } = door.accepted[0]!;
    const read = once(socket, "data");
    socket.resume();
    equal(String((await read)[0]), "rest");
    first.destroy();
    second.destroy();
  }));

Deno.test("a proxy that speaks for nobody is itself the client", () =>
  atDoor({ proxyProtocol: local }, async (door) => {
    const client = door.client("PROXY UNKNOWN\r\n");
    await door.until(() => door.accepted.length === 1);
    equal(door.accepted[0]?.peer.address, "127.0.0.1");
    client.destroy();
  }));

Deno.test("a proxy that forgets its header is dropped and counted", () =>
  atDoor({ proxyProtocol: local }, async (door) => {
    const client = door.client("GET / HTTP/1.1\r\n\r\n");
    await closed(client);
    equal(door.counters.dropped["proxy-header"], 1);
    equal(door.accepted.length, 0);
  }));

Deno.test("a header from anybody else is nothing but bytes", () =>
  atDoor({ proxyProtocol: nobody }, async (door) => {
    const client = door.client("PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n");
    await door.until(() => door.accepted.length === 1);
    const { socket, peer } = door.accepted[0]!;
    equal(peer.address, "127.0.0.1");
    const read = once(socket, "data");
    equal(String((await read)[0]).startsWith("PROXY "), true);
    client.destroy();
  }));

Deno.test("a client that has enough sockets is dropped without a word, and counted", () =>
  atDoor({ maxPerClient: 1 }, async (door) => {
    const first = door.client();
    await door.until(() => door.accepted.length === 1);
    const second = door.client();
    await closed(second);
    equal(second.bytesRead, 0);
    equal(door.counters.dropped["per-client"], 1);
    first.destroy();
  }));

Deno.test("behind a proxy each client is counted by its own address", () =>
  atDoor({ maxPerClient: 1, proxyProtocol: local }, async (door) => {
    const clients = [1, 2, 3].map((last) =>
      door.client(`PROXY TCP4 203.0.113.${last} 192.0.2.1 4711 80\r\n`)
    );
    await door.until(() => door.accepted.length === 3);
    const again = door.client("PROXY TCP4 203.0.113.2 192.0.2.1 4711 80\r\n");
    await closed(again);
    equal(door.counters.dropped["per-client"], 1);
    for (const client of clients) client.destroy();
  }));

Deno.test("the sockets of a trusted HTTP proxy are not one client's", () => {
  const forwarded = { header: "x-forwarded", proxies: local.networks, unixIsProxy: false } as const;
  return atDoor({ maxPerClient: 1, forwarded }, async (door) => {
    const clients = [door.client(), door.client()];
    await door.until(() => door.accepted.length === 2);
    equal(door.counters.dropped["per-client"], 0);
    for (const client of clients) client.destroy();
  });
});

Deno.test("a header that does not arrive in time ends its socket", () =>
  atDoor({ proxyProtocol: local }, async (door) => {
    const client = door.client("PROXY TCP4 ");
    await once(client, "connect");
    while (door.counters.accepted === 0) await new Promise((resolve) => setImmediate(resolve));
    door.clock.advance(1000);
    await closed(client);
    equal(door.counters.dropped["handshake-timeout"], 1);
    equal(door.late.length, 0);
  }));

Deno.test("a socket that has not been let in yet does not hold up closing", () =>
  atDoor({ proxyProtocol: local }, async (door) => {
    const client = door.client("PROXY TCP4 ");
    await once(client, "connect");
    while (door.counters.accepted === 0) await new Promise((resolve) => setImmediate(resolve));
    const closing = door.acceptor.close();
    // Would end by its deadline what has not ended by itself.
    door.clock.advance(1000);
    await closing;
    equal(door.counters.dropped["handshake-timeout"], 0);
    client.destroy();
  }));

Deno.test("a socket that was handed on and asks for nothing is told to be late", () =>
  atDoor({}, async (door) => {
    const client = door.client();
    await door.until(() => door.accepted.length === 1);
    door.clock.advance(1000);
    equal(door.late[0], door.accepted[0]?.socket);
    await closed(client);
    equal(door.counters.dropped["handshake-timeout"], 1);
  }));

Deno.test("a peer that vanishes while it comes in is nobody's error", () =>
  atDoor({}, async (door) => {
    for (let at = 0; at < 20; at++) door.client("x").resetAndDestroy();
    const client = door.client();
    await door.until(() => door.accepted.some(({ socket }) => !socket.destroyed));
    client.destroy();
  }));

Deno.test("a listener that has gone deaf is replaced, at the same port, and its sockets live on", () =>
  atDoor({}, async (door) => {
    const client = door.client();
    await door.until(() => door.accepted.length === 1);
    const { at } = door.acceptor;
    // Nothing is accepted while the loop is held up here: once quiet, once called, once deaf.
    door.clock.advance(15_000);
    equal(door.counters.relistened, 1);
    while (door.accepted.length < 2) {
      const next = door.client();
      await new Promise((resolve) => next.once("connect", resolve).once("error", resolve));
      await new Promise((resolve) => setImmediate(resolve));
      next.destroy();
    }
    deepEqual(door.acceptor.at, at);
    equal(
      door.accepted[0]!.socket.destroyed,
      true,
      "its own deadline has passed, not its listener",
    );
    client.destroy();
  }));

Deno.test("whatever throws while a socket is let in ends that socket and is a line in the log", async () => {
  const bug = () => {
    throw new Error("bug");
  };
  const edges: readonly Partial<AcceptorOptions>[] = [{ onSocket: bug }, { secure: bug }, {
    secure: (raw, onSecure) => setImmediate(() => onSecure(raw, undefined)),
    onSocket: bug,
  }];
  for (const edge of edges) {
    const failed = Promise.withResolvers<string>();
    const log: Log = { ...silentLog, error: failed.resolve };
    const door = new Door({ ...edge, log });
    await door.acceptor.open();
    const client = door.client();
    equal(await failed.promise, "connection could not be accepted");
    client.resume();
    await once(client, "close");
    await door.acceptor.close();
  }
});

Deno.test("the call of a quiet listener is no client, and whoever comes meanwhile is one", () =>
  atDoor({ handshakeTimeoutMs: 60_000 }, async (door) => {
    const clients: Socket[] = [];
    for (let round = 1; round <= 3; round++) {
      // It is called when it was quiet for a period.
      door.clock.advance(round === 1 ? 5_000 : 10_000);
      clients.push(door.client());
      await door.until(() => door.accepted.length >= round);
    }
    const ports = (sockets: readonly Socket[], port: "localPort" | "remotePort") =>
      sockets.map((socket) => socket[port]);
    deepEqual(
      ports(door.accepted.map(({ socket }) => socket), "remotePort"),
      ports(clients, "localPort"),
    );
    deepEqual([door.counters.accepted, door.counters.relistened], [3, 0]);
    for (const client of clients) client.destroy();
  }));
