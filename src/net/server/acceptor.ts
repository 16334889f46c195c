/**
 * Accepts sockets at one address, and passes them on once the peer is known.
 *
 * All that can be said before the first byte of HTTP is decided here: whether there is room, whether a
 * proxy speaks for somebody else, whether TLS works out. Whoever is turned away here hears nothing.
 *
 * @module
 */

import { createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { describeError } from "../../base/error_text.ts";
import type { Log } from "../../base/log.ts";
import type { Admission } from "./admission.ts";
import { bind, type BindOptions, type Bound } from "./bind.ts";
import { Deadline } from "./deadline.ts";
import type { ForwardedTrust } from "../address/forwarded.ts";
import { guarded } from "../guard.ts";
import { formatIpAddress, parseIpAddress } from "../address/ip_address.ts";
import { formatListenAddress, type ListenAddress } from "../address/listen_address.ts";
import { ListenWatch } from "./listen_watch.ts";
import type { DropReason, NetCounters } from "./net_counters.ts";
import type { NetworkList } from "../address/network.ts";
import { peerAddress } from "../address/peer_address.ts";
import { takeProxyHeader } from "../address/proxy_header.ts";
import type { ProxyHeader } from "../address/proxy_protocol.ts";

/** Peers that are trusted by their address. */
export interface TrustedPeers {
  /** The networks of their addresses. */
  readonly networks: NetworkList;
  /** Whether whoever comes by a Unix socket is one of them. */
  readonly unix: boolean;
}

/** The peer, as far as the socket tells. */
export interface SocketPeer {
  /** An IP address, or `unix`. */
  readonly address: string;
  /** Whether the connection is encrypted. */
  readonly secure: boolean;
  /** The certificate that the peer proved to have, if it was asked for one. */
  readonly certificate?: PeerIdentity;
}

/** The subject of a peer's certificate, verified against the operator's authorities. */
export interface PeerIdentity {
  /** The distinguished name, such as `CN=backup, O=Example`. */
  readonly subject: string;
  /** The SHA-256 of the certificate, in hex with colons. */
  readonly fingerprint: string;
}

/** An admitted socket that nothing has been read from. */
export interface AcceptedSocket {
  readonly socket: Socket;
  readonly peer: SocketPeer;
  /** What the sockets of the client are counted by; undefined if it is exempt, or a proxy of many. */
  readonly client: string | undefined;
  /** Runs until the first request has come; whoever gets the socket stops it, or lets it end the socket. */
  readonly deadline: Deadline;
  /** Ends the deadline for good: what was kept for the time before is let go. */
  settle(): void;
}

/** What is made of a socket before HTTP begins: TLS, or nothing. */
type SecureSocket = (
  raw: Socket,
  onSecure: (socket: Socket, certificate: PeerIdentity | undefined) => void,
) => void;

/** What an acceptor needs. */
export interface AcceptorOptions extends BindOptions {
  readonly at: ListenAddress;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: NetCounters;
  readonly gate: Admission;
  /** How long a socket may take from being accepted to its first whole request, milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Who must open with a header of the PROXY protocol. Nobody else may. */
  readonly proxyProtocol?: TrustedPeers | undefined;
  /** Whose sockets carry the requests of many clients and so are not counted as one. */
  readonly forwarded?: ForwardedTrust | undefined;
  /** Encrypts; plain if not given. */
  readonly secure?: SecureSocket | undefined;
  readonly onSocket: (accepted: AcceptedSocket) => void;
  /** A socket that was handed on did not ask for anything in time. */
  readonly onLate: (socket: Socket) => void;
}

/** Accepts sockets at one address. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #watch: ListenWatch;
  /** Sockets that have not been handed on yet. */
  readonly #arrivals = new Set<Arrival>();
  #server: Server;
  #bound: Bound | undefined = undefined;
  #closed: Promise<void> | undefined = undefined;

  constructor(options: AcceptorOptions) {
    this.#options = options;
    this.#server = this.#createServer();
    this.#watch = new ListenWatch(options.clock, {
      isShared: options.reusePort === true,
      address: () => this.at,
      replace: () => this.#listenAnew(),
    });
  }

  /** Where it listens, with the port that the system chose. */
  get at(): ListenAddress {
    return this.#bound?.at ?? this.#options.at;
  }

  /** Begins to listen. Rejects with the system's error. */
  async open(): Promise<void> {
    this.#bound = await bind(this.#server, this.#options.at, this.#options);
    this.#watch.start();
  }

  /**
   * Accepts no more, ends what has not been handed on yet, and resolves when the last socket is gone.
   * Idempotent.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#watch.stop();
    const gone = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const arrival of this.#arrivals) arrival.giveUp();
    await this.#bound?.cleanUp();
    await gone;
  }

  #createServer(): Server {
    // A frame is written whole when it is ready; waiting for more would only delay it.
    const server = createServer({ noDelay: true, allowHalfOpen: true }, this.#onAccepted);
    server.on("error", (error) => {
      // Whoever asked for the address is told that it cannot be had.
      if (this.#bound === undefined) return;
      const { log } = this.#options;
      log.warn("server error", { at: formatListenAddress(this.at), error: error.message });
    });
    return server;
  }

  /** Sockets of the old server live on; only its listening ends. */
  async #listenAnew(): Promise<void> {
    const { counters, log } = this.#options;
    const at = this.at;
    this.#server.close();
    this.#server = this.#createServer();
    counters.relistened++;
    log.warn("the listener stopped accepting connections and was reopened", {
      at: formatListenAddress(at),
    });
    this.#bound = await bind(this.#server, at, this.#options);
    if (this.#closed !== undefined) this.#server.close();
  }

  readonly #onAccepted = (raw: Socket): void => {
    if (this.#closed !== undefined) return void raw.destroy();
    // A peer that goes away while it is being let in is nobody's error.
    raw.on("error", ignore);
    this.#watch.receive(
      raw,
      guarded(() => this.#letIn(raw), (error) => failArrival(raw, this.#options, error)),
    );
  };

  readonly #letIn = (raw: Socket): void => {
    if (this.#closed !== undefined) return void raw.destroy();
    this.#options.counters.accepted++;
    const arrival = new Arrival(raw, this.#options, this.#arrivals);
    const { proxyProtocol } = this.#options;
    const address = peerAddress(raw);
    if (proxyProtocol === undefined || !isTrusted(address, proxyProtocol)) {
      return arrival.admit(address);
    }
    const onFault = (error: unknown) => failArrival(raw, this.#options, error);
    takeProxyHeader(
      raw,
      guarded((found) => {
        if (found.type === "header") return arrival.admit(clientOf(found) ?? address);
        this.#options.log.debug("PROXY header missing or invalid", { address, fault: found.name });
        arrival.drop("proxy-header");
      }, onFault),
    );
  };
}

/** One socket on its way in. */
class Arrival {
  readonly #raw: Socket;
  readonly #options: AcceptorOptions;
  readonly #arrivals: Set<Arrival>;
  readonly #deadline: Deadline;
  #client: string | undefined = undefined;
  /** What was handed on. */
  #socket: Socket | undefined = undefined;

  constructor(raw: Socket, options: AcceptorOptions, arrivals: Set<Arrival>) {
    this.#raw = raw;
    this.#options = options;
    this.#arrivals = arrivals.add(this);
    const onLate = guarded(this.#onLate, this.#fail);
    this.#deadline = new Deadline(options.clock, options.handshakeTimeoutMs, onLate);
    this.#deadline.restart();
    raw.on("close", this.#forget);
  }

  admit(address: string): void {
    if (this.#raw.destroyed) return;
    const { gate, forwarded, secure } = this.#options;
    const isForwarder = forwarded !== undefined &&
      isTrusted(address, { networks: forwarded.proxies, unix: forwarded.unixIsProxy });
    const counted = isForwarder ? "unix" : address;
    const refusal = gate.enter(counted);
    if (refusal !== undefined) return this.drop(refusal);
    leaveAtEnd(this.#raw, gate, counted);
    this.#client = gate.clientOf(counted);
    if (secure === undefined) return this.#handOn(this.#raw, { address, secure: false });
    const onSecure = guarded((socket: Socket, certificate: PeerIdentity | undefined) => {
      const proven = certificate === undefined ? {} : { certificate };
      this.#handOn(socket, { address, secure: true, ...proven });
    }, this.#fail);
    secure(this.#raw, onSecure);
  }

  drop(reason: DropReason): void {
    this.#options.counters.dropped[reason]++;
    this.#raw.destroy();
  }

  /**
   * Ends it because nobody will take it. The deadline would take its time, and the end of the peer does
   * not help: while it waits for a TLS handshake the runtime does not notice it.
   */
  giveUp(): void {
    this.#deadline.stop();
    this.#raw.destroy();
  }

  #handOn(socket: Socket, peer: SocketPeer): void {
    this.#arrivals.delete(this);
    this.#socket = socket;
    const settle = () => {
      this.#raw.off("close", this.#forget);
      this.#forget();
    };
    const client = this.#client;
    this.#options.onSocket({ socket, peer, client, deadline: this.#deadline, settle });
  }

  readonly #forget = (): void => {
    this.#deadline.stop();
    this.#arrivals.delete(this);
  };

  readonly #fail = (error: unknown): void => failArrival(this.#raw, this.#options, error);

  readonly #onLate = (): void => {
    if (this.#socket === undefined) return this.drop("handshake-timeout");
    this.#options.counters.dropped["handshake-timeout"]++;
    this.#options.onLate(this.#socket);
  };
}

/** Counts a socket out at its end. It keeps no more than it needs for as long as the socket lives. */
function leaveAtEnd(raw: Socket, gate: Admission, counted: string): void {
  raw.on("close", () => gate.leave(counted));
}

function ignore(): void {}

/** Ends a socket with which something of ours went wrong. */
function failArrival(raw: Socket, { log }: AcceptorOptions, error: unknown): void {
  raw.destroy();
  log.error("connection could not be accepted", {
    address: peerAddress(raw),
    error: describeError(error),
  });
}

function isTrusted(address: string, { networks, unix }: TrustedPeers): boolean {
  if (address === "unix") return unix;
  const parsed = parseIpAddress(address);
  return parsed !== undefined && networks.contains(parsed);
}

/** Undefined if the proxy speaks for nobody but itself. */
function clientOf({ origin }: ProxyHeader): string | undefined {
  if (origin.type === "tcp") return formatIpAddress(origin.source.address);
  return origin.type === "unix" ? "unix" : undefined;
}
