/**
 * The server: one address, plain HTTP and WebSocket on it.
 *
 * HTTP itself is the runtime's: its parser, its deadlines, its limits. Here lives what becomes of a
 * connection afterwards. TLS, the PROXY protocol and shared ports (`reusePort`) concern
 * `createHttpServer` and `listening` alone; limits per address concern `#accept`.
 *
 * @module
 */

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { BufferPool } from "../websocket/buffer_pool.ts";
import { CloseCode } from "../websocket/close_code.ts";
import {
  answerUpgrade,
  encodeResponse,
  type HandshakeOptions,
  type HandshakeResponse,
  refuse,
} from "../websocket/handshake.ts";
import { hasMember } from "../websocket/header_list.ts";
import { Protocol, type ProtocolLimits } from "../websocket/protocol.ts";
import type { ByteStream, StreamError } from "./byte_stream.ts";
import { Connection, type ConnectionLimits } from "./connection.ts";
import { toHeaders, toRequest, writeResponse } from "./http_exchange.ts";
import { formatListenAddress, type ListenAddress, listenUrl } from "./listen_address.ts";
import { peerAddress } from "./peer_address.ts";
import { removeStaleSocket, setSocketMode } from "./unix_socket.ts";

/** The bounds of a server. Each says what it costs to raise it. */
export interface ListenLimits extends ProtocolLimits, ConnectionLimits {
  /** How long a client may take to send a request's head, milliseconds. Slow ones hold a socket. */
  readonly handshakeTimeoutMs: number;
  /** The longest head of a request, in bytes. Each open request may make us hold as much. */
  readonly maxHeaderBytes: number;
  /** WebSocket connections at a time; more are answered 503. Each costs some kilobytes and a descriptor. */
  readonly maxConnections: number;
  /** The longest body of a plain request, in bytes. */
  readonly maxBodyBytes: number;
}

/**
 * Bounds that suit a relay on a small machine.
 *
 * @example
 * ```ts
 * import { defaultListenLimits } from "./listen.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal({ ...defaultListenLimits, maxConnections: 10 }.maxMessageBytes, 524_288);
 * ```
 */
export const defaultListenLimits: ListenLimits = {
  maxMessageBytes: 512 * 1024,
  closeTimeoutMs: 5_000,
  highWaterBytes: 256 * 1024,
  lowWaterBytes: 64 * 1024,
  handshakeTimeoutMs: 10_000,
  maxHeaderBytes: 16 * 1024,
  maxConnections: 10_000,
  maxBodyBytes: 256 * 1024,
};

/** Plain requests in progress for which there is room beside the WebSocket connections. */
const httpHeadroom = 1_000;

/** What is known of whoever sent a request. */
export interface RequestInfo {
  /** An IP address, or `unix`. */
  readonly address: string;
  /** Whether the connection is encrypted. */
  readonly secure: boolean;
}

/** What is known of a connection from its handshake. */
export interface ConnectionInfo extends RequestInfo {
  /** The path that was asked for, with its query. */
  readonly target: string;
  readonly headers: Headers;
  readonly subprotocol: string | undefined;
}

/** What a server needs. */
export interface ListenOptions extends HandshakeOptions {
  readonly at: ListenAddress;
  /** The mode of a Unix socket's file; what the process's umask makes of it if not given. */
  readonly socketMode?: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: ListenLimits;
  /** Memory for connections, shared with other servers of the process; one of its own if not given. */
  readonly pool?: BufferPool;
  /** Which paths, without their query, speak WebSocket; others are answered 404. All if not given. */
  readonly acceptsPath?: (path: string) => boolean;
  /** A WebSocket connection, not yet reading: whoever holds it calls {@link Connection.start}. */
  readonly onConnection: (connection: Connection, info: ConnectionInfo) => void;
  /** Any other request. */
  readonly onRequest: (request: Request, info: RequestInfo) => Response | Promise<Response>;
}

/** A server that listens. */
export interface Listener {
  /** Where, with the port that the system chose. */
  readonly at: ListenAddress;
  /** The same for clients: `ws://HOST:PORT`. */
  readonly url: string;
  /** WebSocket connections that are open now. */
  readonly connectionCount: number;
  /**
   * Stops accepting, and resolves when the last connection is gone. Plain connections end by
   * themselves; WebSocket connections are whoever's got them to close. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Listens at an address. Rejects with the system's error if that cannot be had.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { silentLog } from "../base/log.ts";
 * import { defaultListenLimits, listen } from "./listen.ts";
 *
 * const listener = await listen({
 *   at: { type: "tcp", host: "127.0.0.1", port: 0 },
 *   clock: {
 *     nowMs: () => Date.now(),
 *     monotonicMs: () => performance.now(),
 *     after: () => ({ cancel() {} }),
 *     every: () => ({ cancel() {} }),
 *   },
 *   log: silentLog,
 *   limits: defaultListenLimits,
 *   onConnection(connection) {
 *     connection.start({
 *       messages(batch) {
 *         for (const message of batch) if (message.type === "text") connection.send(message.text);
 *       },
 *       drained() {},
 *       closed() {},
 *     });
 *   },
 *   onRequest: () => new Response("a page"),
 * });
 * const client = new WebSocket(listener.url);
 * client.onopen = () => client.send("hello");
 * const echo = await new Promise((resolve) => client.onmessage = ({ data }) => resolve(data));
 * equal(echo, "hello");
 * client.close();
 * await listener.close();
 * ```
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const listening = new HttpListener(options);
  await listening.bind();
  return listening;
}

/** A server and the connections it has made. */
class HttpListener implements Listener {
  readonly #options: ListenOptions;
  readonly #pool: BufferPool;
  readonly #server: Server;
  #at: ListenAddress;
  #connectionCount = 0;
  /** Set while closing waits for nothing but the connections' own ends. */
  #onLastGone: (() => void) | undefined = undefined;
  #closed: Promise<void> | undefined = undefined;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#pool = options.pool ?? new BufferPool();
    this.#at = options.at;
    this.#server = createHttpServer(options.limits);
    this.#server.on("request", this.#onRequest);
    this.#server.on("upgrade", this.#onUpgrade);
    this.#server.on("clientError", refuseBadRequest);
    this.#server.on("error", (error) => {
      options.log.warn("server error", { at: formatListenAddress(this.#at), error: error.message });
    });
  }

  get at(): ListenAddress {
    return this.#at;
  }

  get url(): string {
    return listenUrl(this.#at);
  }

  get connectionCount(): number {
    return this.#connectionCount;
  }

  async bind(): Promise<void> {
    const { at, socketMode } = this.#options;
    if (at.type === "unix") await removeStaleSocket(at.path);
    await listening(this.#server, at);
    if (at.type === "unix") {
      if (socketMode !== undefined) await setSocketMode(at.path, socketMode);
      return;
    }
    const bound = this.#server.address();
    if (bound !== null && typeof bound === "object") this.#at = { ...at, port: bound.port };
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      // The runtime counts a socket out a moment before the socket says that it is closed.
      this.#server.close(() => {
        if (this.#connectionCount === 0) resolve();
        else this.#onLastGone = resolve;
      });
      this.#server.closeIdleConnections();
    });
    return this.#closed;
  }

  readonly #onRequest = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { limits, log, onRequest } = this.#options;
    const info = requestInfo(incoming.socket);
    try {
      const { maxBodyBytes } = limits;
      const request = await toRequest(incoming, { secure: info.secure, maxBodyBytes });
      const response = request instanceof Response ? request : await onRequest(request, info);
      await writeResponse(outgoing, response);
    } catch (error) {
      log.error("request handler failed", { address: info.address, error: describe(error) });
      await writeResponse(outgoing, new Response("internal error\n", { status: 500 }));
    }
  };

  readonly #onUpgrade = (incoming: IncomingMessage, socket: ByteStream, head: Uint8Array) => {
    // Until a connection takes over, a peer that goes away must not end the process.
    socket.on("error", () => {});
    try {
      const refusal = this.#accept(incoming, socket, head);
      if (refusal !== undefined) endWith(socket, refusal);
    } catch (error) {
      this.#options.log.error("upgrade failed", { error: describe(error) });
      endWith(socket, refuse(500, "internal error"));
    }
  };

  /** Makes a connection of an upgrade request, or says how to refuse it. */
  #accept(
    incoming: IncomingMessage,
    socket: ByteStream,
    head: Uint8Array,
  ): HandshakeResponse | undefined {
    const { limits, acceptsPath } = this.#options;
    const { method = "", httpVersion, url: target = "/" } = incoming;
    const path = target.split("?", 1)[0]!;
    if (acceptsPath !== undefined && !acceptsPath(path)) return refuse(404, "nothing here");
    if (this.#connectionCount >= limits.maxConnections) {
      return refuse(503, "too many connections", [["Retry-After", "30"]]);
    }
    const headers = toHeaders(incoming);
    const handshake = answerUpgrade({ method, httpVersion, headers }, this.#options);
    if (handshake.type === "refused") return handshake.response;

    const { subprotocol, extension } = handshake;
    const info = { ...requestInfo(incoming.socket), target, headers, subprotocol };
    const protocol = new Protocol({ role: "server", ...limits, extension, pool: this.#pool });
    socket.write(encodeResponse(handshake.response));
    this.#handOver(this.#connect(socket, { protocol, head, address: info.address }), info);
    return undefined;
  }

  /** From here on HTTP is over, and so an error ends the connection in the WebSocket way. */
  #handOver(connection: Connection, info: ConnectionInfo): void {
    try {
      this.#options.onConnection(connection, info);
    } catch (error) {
      const { address } = info;
      this.#options.log.error("connection not accepted", { address, error: describe(error) });
      connection.close(CloseCode.internalError, "internal error");
    }
  }

  #connect(
    socket: ByteStream,
    made: { readonly protocol: Protocol; readonly head: Uint8Array; readonly address: string },
  ): Connection {
    const { clock, log, limits } = this.#options;
    this.#connectionCount++;
    socket.on("close", () => {
      this.#connectionCount--;
      if (this.#connectionCount === 0) this.#onLastGone?.();
    });
    return new Connection({ ...made, socket, clock, log, limits });
  }
}

/** An option of the runtime's server that the declarations of its types lack. */
interface UpgradeFilter {
  readonly shouldUpgradeCallback: (incoming: IncomingMessage) => boolean;
}

/** The runtime's server with its own limits set. TLS would be another server here. */
function createHttpServer(limits: ListenLimits): Server {
  const serverOptions: ServerOptions & UpgradeFilter = {
    headersTimeout: limits.handshakeTimeoutMs,
    requestTimeout: limits.handshakeTimeoutMs * 2,
    connectionsCheckingInterval: Math.max(50, limits.handshakeTimeoutMs / 4),
    maxHeaderSize: limits.maxHeaderBytes,
    // A frame is written whole when it is ready; waiting for more would only delay it.
    noDelay: true,
    // RFC 9110 §7.8: a server ignores an upgrade to what it does not speak, such as h2c.
    shouldUpgradeCallback: ({ headers }) => hasMember(headers.upgrade ?? "", "websocket"),
  };
  const server = createServer(serverOptions);
  server.maxConnections = limits.maxConnections + httpHeadroom;
  return server;
}

function listening(server: Server, at: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const bound = () => {
      server.off("error", reject);
      resolve();
    };
    if (at.type === "unix") server.listen(at.path, bound);
    else server.listen(at.port, at.host, bound);
  });
}

function requestInfo(socket: Socket & { readonly encrypted?: boolean }): RequestInfo {
  return { address: peerAddress(socket), secure: socket.encrypted === true };
}

/** Answers what the parser refused. What was sent so far may be no HTTP at all. */
function refuseBadRequest(error: StreamError, socket: ByteStream): void {
  if (!socket.writable) return void socket.destroy();
  if (error.code === "HPE_HEADER_OVERFLOW") endWith(socket, refuse(431, "the head is too long"));
  else if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") endWith(socket, refuse(408, "too slow"));
  else endWith(socket, refuse(400, "malformed request"));
}

/** Sends a last response. A peer that does not close after it is not waited for. */
function endWith(socket: ByteStream, response: HandshakeResponse): void {
  socket.end(encodeResponse(response), () => socket.destroy());
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
