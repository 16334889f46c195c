/**
 * From an address to a server that listens there.
 *
 * @module
 */

import { chmod, lstat, mkdtemp, rename, rmdir, unlink } from "node:fs/promises";
import type { Server } from "node:net";
import type { ListenAddress } from "../address/listen_address.ts";
import { removeStaleSocket } from "./unix_socket.ts";

/** How to listen. */
export interface BindOptions {
  /** The mode of a Unix socket's file; what the process's umask makes of it if not given. */
  readonly socketMode?: number;
  /** Whether other processes and threads may listen at the same port, and the system shares out. */
  readonly reusePort?: boolean;
  /** Connections that may wait to be accepted. The system has a bound of its own. */
  readonly backlog?: number;
}

/** Where a server listens, and how that ends. */
export interface Bound {
  /** With the port that the system chose. */
  readonly at: ListenAddress;
  /** Removes what the server does not remove by itself when it closes. */
  readonly cleanUp: () => Promise<void>;
}

/** As many as are let in at once by default; Linux takes no more than its `somaxconn`. */
const defaultBacklog = 1024;

/**
 * Makes a server listen. Rejects with the system's error if the address cannot be had.
 *
 * The IPv6 address of all interfaces, `[::]`, takes IPv4 connections too; `0.0.0.0` takes IPv4 alone.
 */
export function bind(server: Server, at: ListenAddress, options: BindOptions): Promise<Bound> {
  return at.type === "unix" ? bindUnix(server, at, options) : bindTcp(server, at, options);
}

async function bindTcp(
  server: Server,
  at: Extract<ListenAddress, { type: "tcp" }>,
  { reusePort = false, backlog = defaultBacklog }: BindOptions,
): Promise<Bound> {
  const { host, port } = at;
  await listening(server, { host, port, backlog, reusePort, ipv6Only: false });
  const bound = server.address();
  const chosen = bound !== null && typeof bound === "object" ? bound.port : port;
  return { at: { ...at, port: chosen }, cleanUp: () => Promise.resolve() };
}

/**
 * A socket's file gets its mode before anybody can find it: it is made in a directory of our own and
 * then moved to where it belongs. The process's umask would be another way, but all threads share it.
 */
async function bindUnix(
  server: Server,
  at: Extract<ListenAddress, { type: "unix" }>,
  { socketMode, backlog = defaultBacklog }: BindOptions,
): Promise<Bound> {
  await removeStaleSocket(at.path);
  if (socketMode === undefined || await inodeOf(at.path) !== undefined) {
    await listening(server, { path: at.path, backlog });
    return { at, cleanUp: () => Promise.resolve() };
  }
  // No longer than the name it will have, because a socket's path must be short.
  const directory = await mkdtemp(`${at.path.slice(0, at.path.lastIndexOf("/") + 1)}.s`);
  const path = `${directory}/s`;
  try {
    await listening(server, { path, backlog });
    await chmod(path, socketMode);
    await rename(path, at.path);
  } finally {
    await rmdir(directory);
  }
  const inode = await inodeOf(at.path);
  return {
    at,
    cleanUp: async () => {
      // Another server may have taken the place.
      if (await inodeOf(at.path) === inode) await unlink(at.path);
    },
  };
}

async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).ino;
  } catch {
    return undefined;
  }
}

function listening(server: Server, options: Parameters<Server["listen"]>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
