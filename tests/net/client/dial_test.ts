import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { dial, DialFailed, type DialOptions } from "../../../src/net/client/dial.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { testAuthority, testIdentity } from "../../kit/test_certificates.ts";

const clock = new FakeClock();

/** Runs `test` with a server that greets, or, over TLS, says whom it takes the client for. */
async function withServer(
  server: Server,
  test: (port: number) => Promise<void>,
): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  try {
    await test(address !== null && typeof address === "object" ? address.port : 0);
  } finally {
    server.close();
    await once(server, "close");
  }
}

function plainServer(): Server {
  return createServer((socket) => {
    socket.on("error", () => {});
    socket.end("hello");
  });
}

function tlsServer(name: "localhost" | "relay.test" | "stranger" = "localhost"): Server {
  const { certificate: cert, key } = testIdentity(name);
  const asked = { ca: testAuthority, requestCert: true, rejectUnauthorized: false };
  const server = createTlsServer({ cert, key, ...asked }, (socket) => {
    socket.on("error", () => {});
    const name = socket.authorized ? socket.getPeerCertificate().subject.CN : "stranger";
    socket.end(`hello ${name}`);
  });
  server.on("tlsClientError", () => {});
  return server;
}

async function greeting(to: string, options: Partial<DialOptions> = {}): Promise<string> {
  const { socket } = await dial(to, { clock, ...options });
  let text = "";
  socket.on("data", (chunk: Uint8Array) => text += new TextDecoder().decode(chunk));
  const ended = once(socket, "end");
  socket.resume();
  await ended;
  socket.destroy();
  return text;
}

/** How a call fails that must. */
async function failure(to: string, options: Partial<DialOptions> = {}): Promise<DialFailed> {
  try {
    (await dial(to, { clock, ...options })).socket.destroy();
  } catch (error) {
    if (error instanceof DialFailed) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

Deno.test("a plain server is reached by its address, and nothing it says is lost", () =>
  withServer(plainServer(), async (port) => {
    equal(await greeting(`127.0.0.1:${port}`), "hello");
    const { socket, address, certificate } = await dial(`tcp://127.0.0.1:${port}`, { clock });
    deepEqual([address, certificate], ["127.0.0.1", undefined]);
    socket.destroy();
  }));

Deno.test("a name is reached at the address that answers", () =>
  withServer(plainServer(), async (port) => {
    const resolve = () =>
      Promise.resolve([
        { address: "::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ]);
    equal(await greeting(`relay.test:${port}`, { resolve }), "hello");
    equal(await greeting(`localhost:${port}`), "hello", "the system's hosts file counts");
  }));

Deno.test("over TLS the server's certificate is checked and can be read", () =>
  withServer(tlsServer(), async (port) => {
    const options = { clock, authorities: testAuthority };
    const { socket, certificate } = await dial(`tls://localhost:${port}`, options);
    equal(certificate?.subject.CN, "localhost");
    socket.destroy();
    equal(await greeting(`wss://127.0.0.1:${port}`, options), "hello stranger");
  }));

Deno.test("a client can prove who it is", () =>
  withServer(tlsServer(), async (port) => {
    const options = { authorities: testAuthority, identity: testIdentity("client") };
    equal(await greeting(`tls://localhost:${port}`, options), "hello client");
  }));

Deno.test("a certificate for another host is refused", () =>
  withServer(tlsServer("relay.test"), async (port) => {
    const { code, message } = await failure(`tls://localhost:${port}`, {
      authorities: testAuthority,
    });
    equal(code, "ERR_TLS_CERT_ALTNAME_INVALID");
    match(
      message,
      /^failed in shaking hands over TLS with tls:\/\/localhost:\d+ at 127\.0\.0\.1: /,
    );
  }));

Deno.test("a certificate that nobody vouches for is refused", () =>
  withServer(tlsServer("stranger"), async (port) => {
    await rejects(
      dial(`tls://localhost:${port}`, { clock, authorities: testAuthority }),
      DialFailed,
    );
    await rejects(dial(`tls://localhost:${port}`, { clock }), DialFailed);
  }));

Deno.test("a Unix socket is reached by its path", async () => {
  const directory = await Deno.makeTempDir();
  const server = plainServer().listen(`${directory}/relay.sock`);
  await once(server, "listening");
  equal(await greeting(`unix:${directory}/relay.sock`), "hello");
  server.close();
  await once(server, "close");
  await Deno.remove(directory, { recursive: true });
});

Deno.test("nobody there is told with all that was tried", async () => {
  const server = createServer();
  let free = 0;
  await withServer(server, (port) => Promise.resolve(void (free = port)));
  const resolve = () =>
    Promise.resolve([
      { address: "127.0.0.1", family: 4 },
      { address: "127.0.0.2", family: 4 },
    ]);
  const { code, message } = await failure(`relay.test:${free}`, { resolve });
  equal(code, "ECONNREFUSED");
  match(message, /^failed in connecting to tcp:\/\/relay\.test:\d+ \(2 addresses\): .*; .*/);
});

Deno.test("a name without addresses is told", async () => {
  const { code } = await failure("relay.test:80", { resolve: () => Promise.resolve([]) });
  equal(code, "ENOTFOUND");
});

Deno.test("a look-up that takes too long is given up, and the error says so", async () => {
  const own = new FakeClock();
  const failed = failure("relay.test:80", {
    clock: own,
    timeoutMs: 3000,
    resolve: () => new Promise(() => {}),
  });
  own.advance(3000);
  const { code, message } = await failed;
  equal(code, "timeout");
  equal(message, "gave up after 3000 ms of looking up relay.test");
});

Deno.test("a server that does not shake hands is given up, and the error says so", () => {
  const silent = createServer((socket) => void socket.on("error", () => {}).resume());
  return withServer(silent, async (port) => {
    const own = new FakeClock();
    const connected = once(silent, "connection");
    const failed = failure(`tls://127.0.0.1:${port}`, { clock: own });
    const [socket] = await connected;
    await once(socket, "data");
    own.advance(10_000);
    const { code, message } = await failed;
    equal(code, "timeout");
    match(message, /^gave up after 10000 ms of shaking hands over TLS with /);
    if (!socket.destroyed) await once(socket, "close");
    equal(own.timerCount, 0);
  });
});

Deno.test("what is no address is a TypeError", async () => {
  await rejects(dial("nobody", { clock }), TypeError);
});

Deno.test("an address that is not permitted is not connected to, written or looked up", () =>
  withServer(plainServer(), async (port) => {
    const permits = (address: string) => address !== "127.0.0.1";
    const resolve = () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
    for (const to of [`127.0.0.1:${port}`, `relay.test:${port}`, "unix:/nowhere"]) {
      equal((await failure(to, { permits, resolve })).code, "forbidden", to);
    }
    const both = () =>
      Promise.resolve([{ address: "127.0.0.2", family: 4 }, { address: "127.0.0.1", family: 4 }]);
    equal((await failure(`relay.test:${port}`, { permits, resolve: both })).code, "ECONNREFUSED");
    equal(await greeting(`relay.test:${port}`, { permits: () => true, resolve: both }), "hello");
  }));

Deno.test("an attempt ends when its signal is aborted", async () => {
  const own = new FakeClock();
  const controller = new AbortController();
  const resolve = () => new Promise<never>(() => {});
  const failed = failure("relay.test:80", { clock: own, signal: controller.signal, resolve });
  controller.abort();
  equal((await failed).code, "aborted");
  equal(
    (await failure("relay.test:80", { clock: own, signal: controller.signal })).code,
    "aborted",
  );
  equal(own.timerCount, 0);
});
