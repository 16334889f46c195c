import { equal } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { removeStaleSocket } from "../../../src/net/server/unix_socket.ts";

async function inDirectory(test: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(`${directory}/relay.sock`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** Leaves a socket file behind as a killed server does: its name survives it. */
async function leaveStale(path: string): Promise<void> {
  const server = createServer().listen(`${path}.new`);
  await once(server, "listening");
  await Deno.rename(`${path}.new`, path);
  server.close();
  await once(server, "close");
}

Deno.test("a socket that nobody listens at is removed", () =>
  inDirectory(async (path) => {
    await leaveStale(path);
    equal(await exists(path), true);
    equal(await removeStaleSocket(path), true);
    equal(await exists(path), false);
  }));

Deno.test("a socket that answers stays", () =>
  inDirectory(async (path) => {
    const server = createServer((socket) => socket.destroy()).listen(path);
    await once(server, "listening");
    equal(await removeStaleSocket(path), false);
    equal(await exists(path), true);
    server.close();
    await once(server, "close");
  }));

Deno.test("what is not a socket stays", () =>
  inDirectory(async (path) => {
    await Deno.writeTextFile(path, "precious");
    equal(await removeStaleSocket(path), false);
    equal(await Deno.readTextFile(path), "precious");
  }));

Deno.test("where nothing is, nothing is removed", () =>
  inDirectory(async (path) => {
    equal(await removeStaleSocket(path), false);
  }));
