import { deepEqual, equal, rejects } from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { bind, type BindOptions } from "../../../src/net/server/bind.ts";
import type { ListenAddress } from "../../../src/net/address/listen_address.ts";

/** Runs `test` with a server that listens, and closes it. */
async function bound(
  at: ListenAddress,
  options: BindOptions,
  test: (at: ListenAddress, server: Server) => Promise<void> | void,
): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.destroy();
  });
  const { at: chosen, cleanUp } = await bind(server, at, options);
  try {
    await test(chosen, server);
  } finally {
    server.close();
    await once(server, "close");
    await cleanUp();
  }
}

async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function reaches(port: number, host: string): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function portOf(at: ListenAddress): number {
  return at.type === "tcp" ? at.port : 0;
}

Deno.test("the port that the system chose is told", () =>
  bound({ type: "tcp", host: "127.0.0.1", port: 0 }, {}, (at) => {
    equal(portOf(at) > 0, true);
  }));

Deno.test("the IPv6 address of all interfaces takes IPv4 as well", () =>
  bound({ type: "tcp", host: "::", port: 0 }, {}, async (at) => {
    equal(await reaches(portOf(at), "127.0.0.1"), true);
    equal(await reaches(portOf(at), "::1"), true);
  }));

Deno.test("the IPv4 address of all interfaces takes IPv4 alone", () =>
  bound({ type: "tcp", host: "0.0.0.0", port: 0 }, {}, async (at) => {
    equal(await reaches(portOf(at), "127.0.0.1"), true);
    equal(await reaches(portOf(at), "::1"), false);
  }));

Deno.test("with reusePort two servers share a port, without they do not", () => {
  const any = { type: "tcp", host: "127.0.0.1", port: 0 } as const;
  return bound(
    any,
    { reusePort: true },
    (first) =>
      bound(first, { reusePort: true }, async (second) => {
        deepEqual(second, first);
        await rejects(bind(createServer(), first, {}), { code: "EADDRINUSE" });
      }),
  );
});

Deno.test("a Unix socket has its mode, leaves nothing beside it, and is removed at the end", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/relay.sock`;
    await bound({ type: "unix", path }, { socketMode: 0o620 }, async () => {
      equal((await Deno.lstat(path)).mode! & 0o777, 0o620);
      deepEqual(Array.from(Deno.readDirSync(directory), ({ name }) => name), ["relay.sock"]);
      const socket = connect(path);
      await once(socket, "connect");
      socket.destroy();
    });
    deepEqual([...Deno.readDirSync(directory)], []);
  }));

Deno.test("a Unix socket that answers is not taken away from its server", () =>
  inDirectory(async (directory) => {
    const at = { type: "unix", path: `${directory}/relay.sock` } as const;
    await bound(at, { socketMode: 0o600 }, async () => {
      await rejects(bind(createServer(), at, { socketMode: 0o600 }), { code: "EADDRINUSE" });
      equal((await Deno.lstat(at.path)).isSocket, true);
    });
  }));

Deno.test("a file that is no socket is not touched", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/relay.sock`;
    await Deno.writeTextFile(path, "precious");
    const server = createServer();
    await rejects(bind(server, { type: "unix", path }, { socketMode: 0o600 }));
    equal(await Deno.readTextFile(path), "precious");
  }));

Deno.test("the socket of a successor is not removed with ours", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/relay.sock`;
    await bound({ type: "unix", path }, { socketMode: 0o600 }, async () => {
      await Deno.remove(path);
      await Deno.writeTextFile(path, "another's");
    });
    equal(await Deno.readTextFile(path), "another's");
  }));
