/**
 * Opens a WebSocket connection to a URL.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { BufferPool } from "../../websocket/buffer_pool.ts";
import {
  type AcceptedHandshake,
  ClientHandshake,
  type ClientHandshakeOptions,
} from "../../websocket/client_handshake.ts";
import { type HandshakeFault, handshakeFaults } from "../../websocket/handshake_fault.ts";
import { Protocol, type ProtocolLimits } from "../../websocket/protocol.ts";
import { parseWebSocketUrl, type WebSocketUrl } from "../../websocket/websocket_url.ts";
import type { ByteStream, StreamError } from "../byte_stream.ts";
import { Connection, type ConnectionLimits } from "../connection.ts";
import { dial, type DialOptions } from "./dial.ts";
import { guarded } from "../guard.ts";
import { nodeSha1 } from "../sha1.ts";

/** The limits of a client's connection. */
export interface WebSocketClientLimits extends ProtocolLimits, ConnectionLimits {
  /** How long a server may take to be reached, and then as long again to answer, milliseconds. */
  readonly handshakeTimeoutMs: number;
}

/**
 * Limits for servers that are not trusted, like those of a server for its clients.
 *
 * @example
 * ```ts
 * import { defaultClientLimits } from "./websocket_client.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal({ ...defaultClientLimits, closeTimeoutMs: 100 }.handshakeTimeoutMs, 10_000);
 * ```
 */
export const defaultClientLimits: WebSocketClientLimits = {
  maxMessageBytes: 512 * 1024,
  closeTimeoutMs: 5_000,
  highWaterBytes: 256 * 1024,
  lowWaterBytes: 64 * 1024,
  handshakeTimeoutMs: 10_000,
};

/** What a client needs beside the URL. */
export interface WebSocketClientOptions
  extends
    Pick<ClientHandshakeOptions, "subprotocols" | "extension" | "headers">,
    Pick<DialOptions, "authorities" | "identity" | "resolve" | "permits" | "signal"> {
  /** The time, and timers. */
  readonly clock: Clock;
  /** Where faults are told. */
  readonly log: Log;
  /** Makes the handshake's key and the masking keys, which must be unpredictable. */
  readonly random: Random;
  /** The limits of the connection. */
  readonly limits: WebSocketClientLimits;
  /** Memory for connections, shared with others of the process; one of its own if not given. */
  readonly pool?: BufferPool;
}

/** A connection whose handshake is done. */
export interface OpenedWebSocket {
  /** Not yet reading: call {@link Connection.start}. */
  readonly connection: Connection;
  /** What the server chose among the subprotocols that were offered, if anything. */
  readonly subprotocol: string | undefined;
}

/** The server was reached, and did not open a WebSocket connection. `fault` says how. */
export class HandshakeFailed extends Error {
  /** The name of the error. */
  override readonly name = "HandshakeFailed";
  /** What was wrong with the answer. */
  readonly fault: HandshakeFault;

  /** Makes the error for a fault. */
  constructor(fault: HandshakeFault, url: string, options?: ErrorOptions) {
    const { sentence, status, location } = fault;
    const details = [url, status, location].filter((detail) => detail !== undefined);
    super(`${sentence} (${details.join(", ")})`, options);
    this.fault = fault;
  }
}

/**
 * Connects to `ws://`, `wss://` or `ws+unix:` and shakes hands. Rejects with {@link HandshakeFailed}
 * when the server does not agree, with {@link DialFailed} when it cannot be reached, and with a
 * TypeError for what is no such URL.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { silentLog } from "../../base/log.ts";
 * import { connectWebSocket, defaultClientLimits } from "./websocket_client.ts";
 *
 * const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
 *   const { socket, response } = Deno.upgradeWebSocket(request);
 *   socket.onmessage = ({ data }) => socket.send(data);
 *   return response;
 * });
 * const { connection } = await connectWebSocket(`ws://127.0.0.1:${server.addr.port}/`, {
 *   clock: {
 *     nowMs: () => Date.now(),
 *     monotonicMs: () => performance.now(),
 *     after: () => ({ cancel() {} }),
 *     every: () => ({ cancel() {} }),
 *   },
 *   log: silentLog,
 *   random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
 *   limits: defaultClientLimits,
 * });
 * const echo = Promise.withResolvers<string>();
 * const closed = Promise.withResolvers<boolean>();
 * connection.start({
 *   messages: ([first]) => echo.resolve(first?.type === "text" ? first.text : ""),
 *   drained() {},
 *   closed: ({ clean }) => closed.resolve(clean),
 * });
 * connection.send("hello");
 * equal(await echo.promise, "hello");
 * connection.close(1000, "");
 * equal(await closed.promise, true);
 * await server.shutdown();
 * ```
 */
export async function connectWebSocket(
  url: string,
  options: WebSocketClientOptions,
): Promise<OpenedWebSocket> {
  const parsed = parseWebSocketUrl(url);
  if (parsed === undefined) throw new TypeError(`not the URL of a WebSocket server: ${url}`);
  const timeoutMs = options.limits.handshakeTimeoutMs;
  const { socket } = await dial(parsed, { ...options, timeoutMs, alpnProtocols: ["http/1.1"] });
  const { signal } = options;
  // Its end is the end of the handshake.
  const onAbort = () => socket.destroy();
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    return await openWebSocket(socket, parsed, options);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/**
 * Shakes hands over a stream that is connected already: what {@link connectWebSocket} does after
 * dialling.
 *
 * @example
 * ```ts
 * import { duplexPair } from "node:stream";
 * import { rejects } from "node:assert/strict";
 * import { silentLog } from "../../base/log.ts";
 * import { defaultClientLimits, HandshakeFailed, openWebSocket } from "./websocket_client.ts";
 *
 * const [near, far] = duplexPair();
 * far.end("HTTP/1.1 404 Not Found\r\n\r\n");
 * const opening = openWebSocket(near, { authority: "example.com", target: "/" }, {
 *   clock: {
 *     nowMs: () => 0,
 *     monotonicMs: () => 0,
 *     after: () => ({ cancel() {} }),
 *     every: () => ({ cancel() {} }),
 *   },
 *   log: silentLog,
 *   random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
 *   limits: defaultClientLimits,
 * });
 * await rejects(opening, HandshakeFailed);
 * ```
 */
export function openWebSocket(
  socket: ByteStream,
  url: Pick<WebSocketUrl, "authority" | "target">,
  options: WebSocketClientOptions,
): Promise<OpenedWebSocket> {
  const { authority, target } = url;
  const handshake = new ClientHandshake({ ...options, authority, target }, nodeSha1);
  return new Promise((resolve, reject) => {
    const settle: Settle = (outcome, cause) => {
      if (outcome.type === "accepted") {
        return resolve(adopt(socket, outcome, { authority, options }));
      }
      socket.on("error", () => {});
      socket.destroy();
      reject(new HandshakeFailed(outcome, authority + target, { cause }));
    };
    const onFault = (error: unknown) => {
      reject(error);
      socket.destroy();
    };
    // A connection is made in the same turn, so that nothing happens to the socket unheard.
    shakeHands({ socket, handshake, options, onFault }, settle);
  });
}

/** The outcome of a handshake, and the cause of a failure, if there is one. */
type Settle = (outcome: AcceptedHandshake | HandshakeFault, cause?: StreamError) => void;

/** Sends the request and reads until the response is whole, the socket ends, or time is up. */
function shakeHands(
  { socket, handshake, options, onFault }: {
    readonly socket: ByteStream;
    readonly handshake: ClientHandshake;
    readonly options: WebSocketClientOptions;
    /** An error was thrown in a callback of the runtime. */
    readonly onFault: (error: unknown) => void;
  },
  settle: Settle,
): void {
  const { handshakeTimeoutMs } = options.limits;
  const finish: Settle = (outcome, cause) => {
    deadline.cancel();
    socket.pause();
    socket.off("data", onData);
    socket.off("error", onError);
    socket.off("end", onEnd);
    socket.off("close", onEnd);
    settle(outcome, cause);
  };
  const fail = (error: unknown) => {
    deadline.cancel();
    onFault(error);
  };
  const onData = guarded((bytes: Uint8Array) => {
    const outcome = handshake.receive(bytes);
    if (outcome !== undefined) finish(outcome);
  }, fail);
  const onError = guarded((error: StreamError) => {
    finish(handshakeFaults.missingResponse, error);
  }, fail);
  const onEnd = guarded(() => finish(handshakeFaults.missingResponse), fail);
  const onLate = guarded(() => {
    const sentence = `the server did not answer within ${handshakeTimeoutMs} ms`;
    finish({ ...handshakeFaults.lateResponse, sentence });
  }, fail);
  const deadline = options.clock.after(handshakeTimeoutMs, onLate);
  socket.on("error", onError);
  socket.on("end", onEnd);
  socket.on("close", onEnd);
  socket.on("data", onData);
  socket.write(handshake.request);
  // The socket is paused since it was dialled.
  socket.resume();
}

function adopt(
  socket: ByteStream,
  { extension, subprotocol, rest }: AcceptedHandshake,
  { authority, options }: { readonly authority: string; readonly options: WebSocketClientOptions },
): OpenedWebSocket {
  const { clock, log, random, limits, pool } = options;
  const protocol = new Protocol({ role: "client", ...limits, random, extension, pool });
  const made = { socket, head: rest, protocol, address: authority };
  return { connection: new Connection({ ...made, clock, log, limits }), subprotocol };
}
