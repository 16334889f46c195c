/**
 * The file that stands for a Unix socket. A server that was killed leaves it behind, and nobody else
 * can then listen there.
 *
 * @module
 */

import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";

/**
 * Removes the socket file at `path` if nobody listens there any more. Anything that is not a socket
 * stays, as does a socket that answers; listening will then fail and say why.
 */
export async function removeStaleSocket(path: string): Promise<boolean> {
  if (!(await isSocket(path)) || (await answers(path))) return false;
  await unlink(path);
  return true;
}

async function isSocket(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSocket();
  } catch {
    return false;
  }
}

/** Connecting tells a live server from a leftover; anything but a refusal counts as alive. */
function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(path);
  probe.once("connect", () => resolve(true));
  probe.once("error", (error: Error & { readonly code?: string }) => {
    resolve(error.code !== "ECONNREFUSED");
  });
  return promise.finally(() => probe.destroy());
}
