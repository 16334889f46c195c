/**
 * The server: one address, HTTP and WebSocket on it, plain or over TLS.
 *
 * Sockets come from an `Acceptor`, which knows who is at the other end. HTTP itself is an
 * `HttpConversation` on each. What happens to a request is decided here.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { CountingLog } from "../../base/counting_log.ts";
import { describeError } from "../../base/error_text.ts";
import type { Log } from "../../base/log.ts";
import { BufferPool } from "../../websocket/buffer_pool.ts";
import { CloseCode } from "../../websocket/close_code.ts";
import type { Extension } from "../../websocket/extension.ts";
import {
  answerUpgrade,
  encodeResponse,
  type HandshakeOptions,
  type HandshakeResponse,
  refuse,
} from "../../websocket/handshake.ts";
import { Protocol, type ProtocolLimits } from "../../websocket/protocol.ts";
import { type AcceptedSocket, Acceptor, type SocketPeer, type TrustedPeers } from "./acceptor.ts";
import { createGates, type Gates } from "./admission.ts";
import type { BindOptions } from "./bind.ts";
import type { ByteStream } from "../byte_stream.ts";
import { Connection, type ConnectionLimits } from "../connection.ts";
import { forwardedClient, type ForwardedTrust } from "../address/forwarded.ts";
import { fullResponse } from "./full_response.ts";
import { HttpConversation, type HttpLimits } from "./http_conversation.ts";
import { requestUrl, toRequest } from "./http_exchange.ts";
import { endLate, endWith } from "./last_response.ts";
import { type ListenAddress, listenUrl } from "../address/listen_address.ts";
import { type NetCounters, type RefusalReason, zeroNetCounters } from "./net_counters.ts";
import type { PaceLimits } from "../paced_reading.ts";
import type { RequestFault, RequestHead } from "./request_head.ts";
import { nodeSha1 } from "../sha1.ts";
import type { TlsGate } from "./tls_gate.ts";
import type { UnreadWindowOptions } from "../unread_window.ts";

/**
 * The bounds of a server. Each says what it costs to raise it. A server keeps the object, so whoever
 * changes its fields changes them for open connections too; `maxConnections` belongs to the gates.
 */
export interface ListenLimits extends ProtocolLimits, ConnectionLimits, HttpLimits {
  /** WebSocket connections at a time; more are answered 503. Each costs some kilobytes and a descriptor. */
  readonly maxConnections: number;
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

/** What is known of whoever sent a request: the client's own address, as far as proxies are believed. */
export type RequestInfo = SocketPeer;

/** What is known of a connection from its handshake. */
export interface ConnectionInfo extends RequestInfo {
  /** The path that was asked for, with its query. */
  readonly target: string;
  /** The fields of its head. */
  readonly headers: Headers;
  /** What was agreed on, if anything. */
  readonly subprotocol: string | undefined;
}

/** What a server needs. */
export interface ListenOptions extends HandshakeOptions, BindOptions {
  /** Where to listen. */
  readonly at: ListenAddress;
  /** The time, and timers. */
  readonly clock: Clock;
  /** Where faults are told. */
  readonly log: Log;
  /** The bounds of the server and its connections. */
  readonly limits: ListenLimits;
  /** Memory for connections, shared with other servers of the process; one of its own if not given. */
  readonly pool?: BufferPool;
  /** Who may come in, shared with other servers of the process; only the total is bounded if not given. */
  readonly gates?: Gates;
  /** What happened, shared with other servers of the process. */
  readonly counters?: NetCounters;
  /** How fast each connection may send; as fast as it can if not given. */
  readonly pace?: PaceLimits | undefined;
  /** How much a peer is sent that does not show that it reads; as much as the system takes if not given. */
  readonly unread?: UnreadWindowOptions | undefined;
  /** Whose connections open with a header of the PROXY protocol. Nobody's if not given. */
  readonly proxyProtocol?: TrustedPeers | undefined;
  /** Which proxies are believed when they say whom they speak for. None if not given. */
  readonly forwarded?: ForwardedTrust | undefined;
  /** Speaks TLS; plain if not given. */
  readonly tls?: TlsGate | undefined;
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
 * import { silentLog } from "../../base/log.ts";
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
  readonly #gates: Gates;
  readonly #counters: NetCounters;
  /** What a peer can cause is said once and then counted. */
  readonly #log: CountingLog;
  readonly #acceptor: Acceptor;
  /** Sockets that speak HTTP, and what is said on them. */
  readonly #conversations = new Set<HttpConversation>();
  /** One for all connections. */
  readonly #told = {
    onThrottled: () => void this.#counters.throttled++,
    onUnanswered: () => void this.#counters.unanswered++,
  };
  #connectionCount = 0;
  /** Set while closing waits for nothing but the connections' own ends. */
  #onLastGone: (() => void) | undefined = undefined;
  #closed: Promise<void> | undefined = undefined;

  constructor(options: ListenOptions) {
    const { clock, limits, tls } = options;
    this.#options = options;
    this.#pool = options.pool ?? new BufferPool();
    this.#gates = options.gates ?? createGates({ maxTotal: limits.maxConnections }, clock);
    this.#counters = options.counters ?? zeroNetCounters();
    this.#log = new CountingLog(options);
    this.#acceptor = new Acceptor({
      ...options,
      log: this.#log,
      counters: this.#counters,
      gate: this.#gates.sockets,
      handshakeTimeoutMs: limits.handshakeTimeoutMs,
      secure: tls?.secure,
      onSocket: this.#onSocket,
      onLate: endLate,
    });
  }

  get at(): ListenAddress {
    return this.#acceptor.at;
  }

  get url(): string {
    return listenUrl(this.at, this.#options.tls !== undefined);
  }

  get connectionCount(): number {
    return this.#connectionCount;
  }

  async bind(): Promise<void> {
    try {
      await this.#acceptor.open();
    } catch (error) {
      this.#log.close();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const accepting = this.#acceptor.close();
    for (const conversation of this.#conversations) conversation.finish();
    await accepting;
    // The runtime counts a socket out a moment before the socket says that it is closed.
    if (this.#connectionCount > 0) {
      await new Promise<void>((resolve) => this.#onLastGone = resolve);
    }
    this.#log.close();
  }

  readonly #onSocket = (accepted: AcceptedSocket): void => {
    const { clock, limits } = this.#options;
    const { socket, client, deadline } = accepted;
    const conversation = new HttpConversation({ socket, client, deadline, clock, limits }, {
      request: (head, body) => this.#onRequest(head, body, accepted),
      upgrade: (head, rest) => {
        // A connection keeps nothing of what was said before.
        socket.off("close", forget);
        forget();
        this.#onUpgrade(head, rest, accepted);
      },
      refused: ({ status }) => this.#refused(status),
      failed: (error) => this.#failed("request handler failed", error, accepted),
    });
    const forget = () => void this.#conversations.delete(conversation);
    this.#conversations.add(conversation);
    socket.on("close", forget);
    conversation.start();
  };

  #onRequest(
    head: RequestHead,
    body: Uint8Array<ArrayBuffer>,
    accepted: AcceptedSocket,
  ): Response | Promise<Response> {
    const info = this.#infoOf(accepted, head.headers);
    if (this.#gates.requests.pass(info.address) !== undefined) {
      this.#counters.refused["request-rate"]++;
      const headers = { "retry-after": "5", connection: "close" };
      return new Response("too many requests of yours\n", { status: 429, headers });
    }
    const request = toRequest(head, { secure: info.secure, body });
    return request instanceof Response ? request : this.#options.onRequest(request, info);
  }

  #onUpgrade(head: RequestHead, rest: Uint8Array, accepted: AcceptedSocket): void {
    const { socket } = accepted;
    try {
      const refusal = this.#accept(head, rest, accepted);
      if (refusal !== undefined) endWith(socket, refusal);
    } catch (error) {
      this.#failed("upgrade failed", error, accepted);
      endWith(socket, refuse(500, "internal error"));
    }
  }

  /** Makes a connection of an upgrade request, or says how to refuse it. */
  #accept(
    head: RequestHead,
    rest: Uint8Array,
    accepted: AcceptedSocket,
  ): HandshakeResponse | undefined {
    const { limits, acceptsPath } = this.#options;
    const { headers } = head;
    const target = pathAndQuery(head);
    const path = target.split("?", 1)[0]!;
    if (acceptsPath !== undefined && !acceptsPath(path)) {
      return this.#refuse("path", refuse(404, "nothing here"));
    }
    const handshake = answerUpgrade(head, this.#options, nodeSha1);
    if (handshake.type === "refused") return this.#refuse("handshake", handshake.response);
    const peer = this.#infoOf(accepted, headers);
    const refusal = this.#gates.connections.enter(peer.address);
    if (refusal !== undefined) return this.#refuse(refusal, fullResponse(refusal));

    accepted.settle();
    const { subprotocol, extension } = handshake;
    const info = { ...peer, target, headers, subprotocol };
    const protocol = new Protocol(new ServerSide(limits, extension, this.#pool));
    const { socket } = accepted;
    socket.write(encodeResponse(handshake.response));
    const made = { protocol, head: rest, address: info.address };
    this.#handOver(this.#connect(socket, made), info);
    return undefined;
  }

  /** Who sent a request with these headers. */
  #infoOf({ peer }: AcceptedSocket, headers: Headers): RequestInfo {
    const { forwarded } = this.#options;
    if (forwarded === undefined) return peer;
    return { ...peer, ...forwardedClient(peer, headers, forwarded) };
  }

  /** Counts a refusal. */
  #refuse(reason: RefusalReason, response: HandshakeResponse): HandshakeResponse {
    this.#counters.refused[reason]++;
    return response;
  }

  /** Counts a request that is none. */
  #refused(status: RequestFault["status"]): void {
    this.#counters.refused[status === 431 ? "header-too-long" : "malformed"]++;
  }

  #failed(what: string, error: unknown, { peer }: AcceptedSocket): void {
    this.#log.error(what, { address: peer.address, error: describeError(error) });
  }

  /** From here on HTTP is over, and so an error ends the connection in the WebSocket way. */
  #handOver(connection: Connection, info: ConnectionInfo): void {
    try {
      this.#options.onConnection(connection, info);
    } catch (error) {
      const { address } = info;
      this.#log.error("connection not accepted", { address, error: describeError(error) });
      connection.close(CloseCode.internalError, "internal error");
    }
  }

  #connect(
    socket: ByteStream,
    made: { readonly protocol: Protocol; readonly head: Uint8Array; readonly address: string },
  ): Connection {
    const { clock, limits, pace, unread } = this.#options;
    const log = this.#log;
    this.#connectionCount++;
    this.#counters.opened++;
    const { address } = made;
    socket.on("close", () => {
      this.#connectionCount--;
      this.#gates.connections.leave(address);
      if (this.#connectionCount === 0) this.#onLastGone?.();
    });
    const shedTimeoutMs = limits.closeTimeoutMs * spreadShare(this.#counters.opened);
    const client = this.#gates.connections.clientOf(made.address);
    const shared = { client, clock, log, limits, pace, unread, ...this.#told };
    return new Connection({ ...made, ...shared, socket, shedTimeoutMs });
  }
}

/**
 * The options of a server's protocol, with the limits of the moment. An object with getters of its
 * own, in place of those of a class, takes 400 bytes of each connection.
 */
class ServerSide implements ProtocolLimits {
  readonly role = "server";
  readonly extension: Extension | undefined;
  readonly pool: BufferPool;
  readonly #limits: ListenLimits;

  constructor(limits: ListenLimits, extension: Extension | undefined, pool: BufferPool) {
    this.#limits = limits;
    this.extension = extension;
    this.pool = pool;
  }

  get maxMessageBytes(): number {
    return this.#limits.maxMessageBytes;
  }

  get maxFrameBytes(): number {
    return this.#limits.maxFrameBytes ?? this.#limits.maxMessageBytes;
  }
}

/**
 * A share between a half and all, far from those of the numbers around it. Peers that are too slow for
 * the same events are shed in one moment; to reset all of them in one moment, too, takes the system
 * a tenth of a second, in which nobody else is served.
 */
function spreadShare(number: number): number {
  const goldenRatio = (1 + Math.sqrt(5)) / 2;
  return 0.5 + (number * goldenRatio % 1) / 2;
}

/** What was asked for without the host, whichever way it was written. */
function pathAndQuery(head: RequestHead): string {
  if (head.target.startsWith("/")) return head.target;
  const url = URL.parse(requestUrl(head, false) ?? "");
  return url === null ? "*" : `${url.pathname}${url.search}`;
}
