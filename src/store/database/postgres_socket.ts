/**
 * Opens TCP and Unix sockets to a Postgres server.
 *
 * @module
 */

import { Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import type { PostgresHost } from "./postgres_url.ts";

/** The idle time before the first keep-alive probe, milliseconds. */
const KEEP_ALIVE_MS = 10_000;

/** How to connect to a server. */
export interface DialOptions {
  /** Tried in this order until one answers. */
  readonly hosts: readonly PostgresHost[];
  /** The timeout for each host, milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "after">;
  /** Called with each socket as soon as it exists. */
  readonly onSocket: (socket: Socket) => void;
}

/** Connects to the first of several hosts that answers. Rejects with the error of the last one. */
export async function dialPostgres(
  options: DialOptions,
): Promise<{ readonly socket: Socket; readonly host: PostgresHost }> {
  let failure: unknown = new Error("no host is named");
  for (const host of options.hosts) {
    try {
      return { socket: await dialOne(host, options), host };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function dialOne(
  { host, port }: PostgresHost,
  { timeoutMs, clock, onSocket }: DialOptions,
): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = new Socket();
  onSocket(socket);
  const timer = clock.after(timeoutMs, () => {
    socket.destroy(Object.assign(new Error(`no connection after ${timeoutMs} ms`), {
      code: "CONNECT_TIMEOUT",
    }));
  });
  const onError = (error: Error) => reject(error);
  const onClose = () => reject(new Error("the connection was closed before it was open"));
  const finish = () => {
    timer.cancel();
    socket.off("error", onError);
    socket.off("close", onClose);
  };
  socket.on("error", onError);
  socket.on("close", onClose);
  socket.once("connect", () => {
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    // The driver verifies the server's certificate against this name.
    resolve(Object.assign(socket, { host }));
  });
  if (host.startsWith("/")) socket.connect(`${host}/.s.PGSQL.${port}`);
  else socket.connect(port, host);
  return promise.finally(finish);
}
