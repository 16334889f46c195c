/**
 * Accepts plain sockets, for protocols that are neither HTTP nor WebSocket.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { type Log, silentLog } from "../../base/log.ts";
import {
  formatListenAddress,
  type ListenAddress,
  parseListenAddress,
} from "../address/listen_address.ts";
import { Acceptor, type SocketPeer } from "./acceptor.ts";
import { Admission } from "./admission.ts";
import { zeroNetCounters } from "./net_counters.ts";
import { TlsGate, type TlsMaterial } from "./tls_gate.ts";

/** How sockets are accepted. */
export interface AcceptSocketsOptions {
  /** The time, and timers. */
  readonly clock: Clock;
  /** Default: nothing is said. */
  readonly log?: Log;
  /** Encrypts, by SNI and with certificates of clients where these are asked for. Default: plain. */
  readonly tls?: TlsMaterial;
  /** Sockets at a time; more are ended at once. Default: 10,000. */
  readonly maxSockets?: number;
  /** How long a TLS handshake may take, milliseconds. Default: 10,000. */
  readonly handshakeTimeoutMs?: number;
  /** Whether other processes may listen at the same port and share what comes. Default: no. */
  readonly reusePort?: boolean;
  /** Connections that may wait to be accepted. Default: 1,024. */
  readonly backlog?: number;
  /** The mode of the file of a Unix socket. Default: 0o660. */
  readonly socketMode?: number;
  /** A socket that nobody has read from, and who is at its other end. */
  readonly onSocket: (socket: Socket, peer: SocketPeer) => void;
}

/** A server of sockets. */
export interface SocketServer {
  /** `HOST:PORT`, with the port that the system chose, or `unix:/path`. */
  readonly address: string;
  /** Accepts no more, and resolves when the last socket is gone. */
  close(): Promise<void>;
}

/**
 * Accepts sockets at `HOST:PORT`, `[IPV6]:PORT` or `unix:/path`. Rejects with the system's error when the
 * address cannot be had, and with a TypeError for what is no address or no certificate.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { connect } from "node:net";
 * import { acceptSockets } from "./accept_sockets.ts";
 *
 * const clock = {
 *   nowMs: () => 0,
 *   monotonicMs: () => 0,
 *   after: () => ({ cancel() {} }),
 *   every: () => ({ cancel() {} }),
 * };
 * const server = await acceptSockets("127.0.0.1:0", {
 *   clock,
 *   onSocket: (socket, { address }) => socket.end(`you are ${address}\n`),
 * });
 * const client = connect(Number(server.address.split(":")[1]), "127.0.0.1");
 * const [bytes] = await Array.fromAsync(client);
 * equal(String(bytes), "you are 127.0.0.1\n");
 * await server.close();
 * ```
 */
export async function acceptSockets(
  address: string | ListenAddress,
  options: AcceptSocketsOptions,
): Promise<SocketServer> {
  const at = typeof address === "string" ? parseListenAddress(address) : address;
  if (at === undefined) throw new TypeError(`not an address to listen at: ${address}`);
  const { clock, log = silentLog, tls, maxSockets = 10_000, handshakeTimeoutMs = 10_000 } = options;
  const counters = zeroNetCounters();
  const gate = tls && new TlsGate(tls, { log, counters, handshakeTimeoutMs });
  const acceptor = new Acceptor({
    ...options,
    ...{ at, log, counters, handshakeTimeoutMs },
    gate: new Admission({ maxTotal: maxSockets }, clock),
    secure: gate?.secure,
    onSocket: ({ socket, peer, deadline }) => {
      // From here on the holder of the socket keeps its deadlines.
      deadline.stop();
      options.onSocket(socket, peer);
    },
    onLate: (socket) => socket.destroy(),
  });
  await acceptor.open();
  return {
    address: formatListenAddress(acceptor.at),
    close: () => acceptor.close(),
  };
}
