import { equal, rejects } from "node:assert/strict";
import { systemClock as clock } from "../../../src/app/system/system_clock.ts";
import { BufferedReader } from "../../../src/net/buffered_reader.ts";
import { dial, DialFailed } from "../../../src/net/client/dial.ts";
import {
  acceptSockets,
  type AcceptSocketsOptions,
} from "../../../src/net/server/accept_sockets.ts";
import { testAuthority, testIdentity } from "../../kit/test_certificates.ts";

const resolve = () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]);

/** Tells each client who it is: the address, and whom its certificate names. */
const greet: AcceptSocketsOptions["onSocket"] = (socket, { address, certificate }) =>
  void socket.end(`${address} ${certificate?.subject ?? "nobody"}\n`);

async function lineFrom(url: string, options: Partial<Parameters<typeof dial>[1]> = {}) {
  const { socket } = await dial(url, { clock, resolve, authorities: testAuthority, ...options });
  const line = await new BufferedReader(socket, clock).readLine(256);
  socket.destroy();
  return line;
}

Deno.test("TLS: a certificate is chosen by name, and a client may prove who it is", async () => {
  const server = await acceptSockets("127.0.0.1:0", {
    clock,
    tls: {
      identities: [testIdentity("localhost"), testIdentity("relay.test")],
      clients: { authorities: testAuthority, required: false },
    },
    // A client that turns away in the middle of a handshake is waited for as long.
    handshakeTimeoutMs: 500,
    onSocket: greet,
  });
  const port = server.address.split(":")[1];
  for (const host of ["localhost", "relay.test"]) {
    equal(await lineFrom(`tls://${host}:${port}`), "127.0.0.1 nobody");
  }
  const identity = testIdentity("client");
  equal((await lineFrom(`tls://relay.test:${port}`, { identity })).includes("CN="), true);
  // The certificate has to be good for the very host, by an authority that is believed.
  await rejects(lineFrom(`tls://other.test:${port}`), DialFailed);
  const { authorities: _, ...believed } = { clock, resolve, authorities: "" };
  await rejects(dial(`tls://localhost:${port}`, believed), DialFailed);
  await server.close();
});

Deno.test("TLS: where certificates of clients are required, a client without one is turned away", async () => {
  const server = await acceptSockets("127.0.0.1:0", {
    clock,
    tls: {
      identities: [testIdentity("localhost")],
      clients: { authorities: testAuthority, required: true },
    },
    onSocket: greet,
  });
  const url = `tls://localhost:${server.address.split(":")[1]}`;
  await rejects(lineFrom(url));
  await rejects(lineFrom(url, { identity: testIdentity("stranger") }));
  equal((await lineFrom(url, { identity: testIdentity("client") })).startsWith("127.0.0.1 "), true);
  await server.close();
});

Deno.test("beyond the most sockets, one is ended at once; a port may be shared", async () => {
  const open: { destroy(): void }[] = [];
  const server = await acceptSockets("127.0.0.1:0", {
    clock,
    maxSockets: 1,
    reusePort: true,
    onSocket: (socket) => void open.push(socket),
  });
  const second = await acceptSockets(server.address, { clock, reusePort: true, onSocket: greet });
  await second.close();
  const url = `tcp://${server.address}`;
  const first = await dial(url, { clock });
  const turnedAway = await dial(url, { clock });
  await rejects(new BufferedReader(turnedAway.socket, clock).readLine(10));
  for (const socket of [...open, first.socket, turnedAway.socket]) socket.destroy();
  await server.close();
});

Deno.test("what is no address is refused, and what is taken is the system's error", async () => {
  await rejects(acceptSockets("nonsense", { clock, onSocket: greet }), TypeError);
  const server = await acceptSockets("127.0.0.1:0", { clock, onSocket: greet });
  await rejects(acceptSockets(server.address, { clock, onSocket: greet }), { code: "EADDRINUSE" });
  await server.close();
});
