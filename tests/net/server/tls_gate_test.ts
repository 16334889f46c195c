import { deepEqual, equal, match, throws } from "node:assert/strict";
import { once } from "node:events";
import { connect as connectPlain } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { WebSocket as WsClient } from "ws";
import { silentLog } from "../../../src/base/log.ts";
import type { Connection } from "../../../src/net/connection.ts";
import {
  type ConnectionInfo,
  defaultListenLimits,
  listen,
  type Listener,
} from "../../../src/net/server/listen.ts";
import { zeroNetCounters } from "../../../src/net/server/net_counters.ts";
import { TlsGate, type TlsMaterial } from "../../../src/net/server/tls_gate.ts";
import { systemClock } from "../../../src/app/system/system_clock.ts";
import { RecordedEvents } from "../../kit/recorded_events.ts";
import { testAuthority, testIdentity } from "../../kit/test_certificates.ts";

const localhost = testIdentity("localhost");
const relayTest = testIdentity("relay.test");
const client = testIdentity("client");
const stranger = testIdentity("stranger");
const limits = { ...defaultListenLimits, closeTimeoutMs: 500 };
const plainMaterial: TlsMaterial = { identities: [localhost, relayTest] };

/** A server that echoes over TLS. */
class SecureServer {
  readonly counters = zeroNetCounters();
  readonly connections: Connection[] = [];
  readonly infos: ConnectionInfo[] = [];
  readonly gate: TlsGate;
  listener!: Listener;

  constructor(material: TlsMaterial) {
    const { counters } = this;
    this.gate = new TlsGate(material, { log: silentLog, counters, handshakeTimeoutMs: 10_000 });
  }

  get port(): number {
    return this.listener.at.type === "tcp" ? this.listener.at.port : 0;
  }

  async open(): Promise<void> {
    this.listener = await listen({
      at: { type: "tcp", host: "127.0.0.1", port: 0 },
      clock: systemClock,
      log: silentLog,
      counters: this.counters,
      limits,
      tls: this.gate,
      onConnection: (connection, info) => {
        const events = new RecordedEvents();
        events.messages = (batch) => {
          for (const message of batch) if (message.type === "text") connection.send(message.text);
        };
        this.connections.push(connection);
        this.infos.push(info);
        connection.start(events);
      },
      onRequest: (request, { certificate }) =>
        new Response(`${new URL(request.url).protocol} ${certificate?.subject}`),
    });
  }
}

async function withServer(
  material: TlsMaterial,
  test: (server: SecureServer) => Promise<void>,
): Promise<void> {
  const server = new SecureServer(material);
  await server.open();
  try {
    await test(server);
  } finally {
    for (const connection of server.connections) connection.terminate();
    await server.listener.close();
    equal(server.listener.connectionCount, 0);
  }
}

/** A TLS client past its handshake. */
async function secureClient(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: testAuthority,
    ...options,
  });
  await once(socket, "secureConnect");
  return socket;
}

/** The common name of the certificate that a client is shown. */
async function shownName(port: number, servername: string): Promise<string> {
  const socket = await secureClient(port, { servername, rejectUnauthorized: false });
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

/** The body of the page that a client gets, or why it gets none. */
async function page(port: number, options: ConnectionOptions = {}): Promise<string> {
  try {
    const socket = await secureClient(port, options);
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let text = "";
    for await (const chunk of socket) text += chunk;
    return text.slice(text.indexOf("\r\n\r\n") + 4);
  } catch (error) {
    return error instanceof Error ? `refused: ${error.message}` : "refused";
  }
}

Deno.test("WebSocket and pages are spoken over TLS, and known to be", () =>
  withServer(plainMaterial, async (server) => {
    match(server.listener.url, /^wss:/);
    const ws = new WsClient(`wss://localhost:${server.port}/`, {
      ca: testAuthority,
      perMessageDeflate: false,
    });
    await once(ws, "open");
    const text = "x".repeat(300_000);
    ws.send(text);
    equal(String((await once(ws, "message"))[0]), text);
    ws.close();
    await once(ws, "close");
    equal(server.infos[0]?.secure, true);
    equal(server.infos[0]?.address, "127.0.0.1");
    equal(await page(server.port), "https: undefined");
  }));

Deno.test("RFC 6066 §3: each name is shown its own certificate, another name the first one", () =>
  withServer(plainMaterial, async ({ port }) => {
    equal(await shownName(port, "localhost"), "localhost");
    equal(await shownName(port, "relay.test"), "relay.test");
    equal(await shownName(port, "RELAY.test"), "relay.test");
    equal(await shownName(port, "eu.relay.test"), "relay.test");
    equal(await shownName(port, "nobody.example"), "localhost");
  }));

Deno.test("RFC 7301 §3.2: a client that offers HTTP/2 too gets HTTP/1.1", () =>
  withServer(plainMaterial, async ({ port }) => {
    const socket = await secureClient(port, { ALPNProtocols: ["h2", "http/1.1"] });
    equal(socket.alpnProtocol, "http/1.1");
    socket.destroy();
  }));

Deno.test("new certificates are for new connections; the old ones go on", () =>
  withServer({ identities: [localhost] }, async ({ port, gate, connections }) => {
    const ws = new WsClient(`wss://localhost:${port}/`, { ca: testAuthority });
    await once(ws, "open");
    gate.update({ identities: [relayTest, localhost] });
    equal(await shownName(port, "nobody.example"), "relay.test");
    equal(await shownName(port, "localhost"), "localhost");
    ws.send("still here");
    equal(String((await once(ws, "message"))[0]), "still here");
    equal(connections.length, 1);
    ws.close();
    await once(ws, "close");
  }));

Deno.test("what is no certificate is refused, and the old one stays", () =>
  withServer({ identities: [localhost] }, async ({ port, gate }) => {
    throws(() => gate.update({ identities: [{ certificate: "nonsense", key: "nonsense" }] }));
    throws(() => gate.update({ identities: [{ ...relayTest, key: "nonsense" }] }));
    throws(() => gate.update({ identities: [{ ...relayTest, key: localhost.key }] }), {
      message: /^the key does not belong to the certificate of CN=relay\.test/,
    });
    equal(await shownName(port, "localhost"), "localhost");
  }));

Deno.test("a client with a certificate is known by it, one without is nobody, where it is asked for", () =>
  withServer({
    identities: [localhost],
    clients: { authorities: testAuthority, required: false },
  }, async ({ port }) => {
    const { certificate: cert, key } = client;
    equal(await page(port, { cert, key }), "https: O=Test, CN=client");
    equal(await page(port), "https: undefined");
    const { certificate, key: strangerKey } = stranger;
    match(await page(port, { cert: certificate, key: strangerKey }), /undefined|refused/);
  }));

Deno.test("a client without a certificate does not get in where one is required", () =>
  withServer({
    identities: [localhost],
    clients: { authorities: testAuthority, required: true },
  }, async ({ port, counters }) => {
    const { certificate: cert, key } = client;
    equal(await page(port, { cert, key }), "https: O=Test, CN=client");
    match(await page(port), /^(refused.*)?$/);
    const { certificate, key: strangerKey } = stranger;
    match(await page(port, { cert: certificate, key: strangerKey }), /^(refused.*)?$/);
    deepEqual([counters.dropped.tls > 0, counters.opened], [true, 0]);
  }));

Deno.test("what is no TLS is dropped and counted", () =>
  withServer(plainMaterial, async ({ port, counters }) => {
    const socket = connectPlain(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    socket.resume();
    await once(socket, "close");
    equal(counters.dropped.tls, 1);
  }));

Deno.test("a client in the midst of its handshake, or gone before it, does not hold up closing", () =>
  withServer(plainMaterial, async ({ port, counters, listener }) => {
    const silent = connectPlain(port, "127.0.0.1");
    const gone = connectPlain(port, "127.0.0.1");
    for (const socket of [silent, gone]) socket.on("error", () => {});
    while (counters.accepted < 2) await new Promise((resolve) => setImmediate(resolve));
    gone.destroy();
    await listener.close();
    equal(counters.dropped["handshake-timeout"], 0);
    silent.destroy();
  }));
