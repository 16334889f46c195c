import { equal, rejects } from "node:assert/strict";
import { once } from "node:events";
import { dialPostgres } from "../../../src/store/database/postgres_socket.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

Deno.test("hosts are tried in order, and the error is that of the last one", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const nobody = { host: "127.0.0.1", port: 1 };
  const somebody = { host: "localhost", port: listener.addr.port };
  const clock = new FakeClock();
  let opened = 0;
  const options = { timeoutMs: 1_000, clock, onSocket: () => opened++ };
  const { socket, host } = await dialPostgres({ ...options, hosts: [nobody, somebody] });
  equal(host, somebody);
  equal((socket as { host?: string }).host, "localhost");
  equal(opened, 2);
  (await accepted).close();
  socket.destroy();
  await once(socket, "close");
  await rejects(dialPostgres({ ...options, hosts: [nobody] }), { code: "ECONNREFUSED" });
  await rejects(dialPostgres({ ...options, hosts: [] }), { message: "no host is named" });
  equal(clock.timerCount, 0);
});

Deno.test("a host that does not answer times out", async () => {
  const clock = new FakeClock();
  // The clock is ahead of the network, whatever that says.
  const hosts = [{ host: "127.0.0.1", port: 1 }];
  const dialling = dialPostgres({ hosts, timeoutMs: 1_000, clock, onSocket: () => {} });
  clock.advance(1_000);
  await rejects(dialling, { code: "CONNECT_TIMEOUT" });
});

Deno.test("a Unix socket is named by its directory", async () => {
  const directory = await Deno.makeTempDir();
  try {
    using listener = Deno.listen({ transport: "unix", path: `${directory}/.s.PGSQL.5433` });
    const accepted = listener.accept();
    const { socket } = await dialPostgres({
      hosts: [{ host: directory, port: 5433 }],
      ...{ timeoutMs: 1_000, clock: new FakeClock(), onSocket: () => {} },
    });
    (await accepted).close();
    socket.destroy();
    await once(socket, "close");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
