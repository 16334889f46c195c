/**
 * TLS for accepted sockets: TLS 1.2 and 1.3, one certificate for each name, HTTP/1.1 and nothing
 * else.
 *
 * Certificates can be exchanged at any time. Open connections keep theirs; the next handshake uses
 * the new ones.
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import {
  createSecureContext,
  createServer,
  type DetailedPeerCertificate,
  type SecureContext,
  type Server,
  type TLSSocket,
} from "node:tls";
import type { Log } from "../../base/log.ts";
import { describeError, messageOf } from "../../base/error_text.ts";
import type { PeerIdentity } from "./acceptor.ts";
import { guarded } from "../guard.ts";
import type { NetCounters } from "./net_counters.ts";
import { namesMatch } from "../address/server_name.ts";

/** A certificate and its key. */
export interface TlsIdentity {
  /** The certificate and those that lead to an authority, as PEM. */
  readonly certificate: string;
  /** The private key, as PEM. */
  readonly key: string;
}

/** What a server proves itself with, and what it asks of clients. */
export interface TlsMaterial {
  /** One at least. The first one serves clients that ask for a name which no certificate has. */
  readonly identities: readonly TlsIdentity[];
  /**
   * What clients are asked for. Only with authorities of the operator's own is a certificate asked
   * for.
   */
  readonly clients?: {
    /** The certificates, as PEM, of those who may vouch for clients. */
    readonly authorities: string;
    /** Whether a client without a certificate is turned away. */
    readonly required: boolean;
  };
}

/** What a gate needs. */
export interface TlsGateOptions {
  readonly log: Log;
  readonly counters: NetCounters;
  /** How long a handshake may take, milliseconds. */
  readonly handshakeTimeoutMs: number;
}

/** A context and the names it is good for. */
interface NamedContext {
  readonly names: readonly string[];
  readonly context: SecureContext;
}

/** Who waits for a socket to become secure. */
type OnSecure = (socket: Socket, certificate: PeerIdentity | undefined) => void;

/**
 * Makes sockets secure. Throws what is wrong with the material: a key that does not fit, text that is
 * no PEM. Whether clients must have certificates stays as it was at first; all else can be exchanged.
 */
export class TlsGate {
  readonly #options: TlsGateOptions;
  readonly #server: Server;
  readonly #waiting = new WeakMap<Socket, OnSecure>();
  #contexts: readonly NamedContext[];

  /** Throws what is wrong with the certificates. */
  constructor(material: TlsMaterial, options: TlsGateOptions) {
    this.#options = options;
    this.#contexts = material.identities.map((identity) => namedContext(identity, material));
    this.#server = createServer({
      ...contextOptions(material.identities[0]!, material),
      ALPNProtocols: ["http/1.1"],
      handshakeTimeout: options.handshakeTimeoutMs,
      requestCert: material.clients !== undefined,
      rejectUnauthorized: material.clients?.required === true,
      SNICallback: (name, choose) =>
        guarded(() => choose(null, this.#contextFor(name)), (error) => choose(error as Error))(),
    });
    this.#server.on("secureConnection", (socket: TLSSocket) => {
      guarded(this.#onSecure, (error) => {
        socket.destroy();
        options.log.error("TLS connection could not be accepted", { error: describeError(error) });
      })(socket);
    });
    this.#server.on("tlsClientError", (error: Error) => {
      options.counters.dropped.tls++;
      options.log.debug("no TLS handshake", { error: error.message });
    });
  }

  /** Exchanges the certificates. Throws what is wrong with the new ones, and keeps the old ones then. */
  update(material: TlsMaterial): void {
    this.prepare(material)();
  }

  /** Checks certificates and returns a function that exchanges them. Throws what is wrong with them. */
  prepare(material: TlsMaterial): () => void {
    const contexts = material.identities.map((identity) => namedContext(identity, material));
    return () => {
      this.#server.setSecureContext(contextOptions(material.identities[0]!, material));
      this.#contexts = contexts;
    };
  }

  /** Does the handshake. A socket with which it fails is destroyed, and nobody is called. */
  readonly secure = (raw: Socket, onSecure: OnSecure): void => {
    this.#waiting.set(raw, onSecure);
    this.#server.emit("connection", raw);
  };

  #contextFor(name: string): SecureContext {
    const named = this.#contexts.find(({ names }) => namesMatch(names, name));
    return (named ?? this.#contexts[0]!).context;
  }

  readonly #onSecure = (socket: TLSSocket): void => {
    const raw = rawSocket(socket);
    const onSecure = raw === undefined ? undefined : this.#waiting.get(raw);
    if (onSecure === undefined) return void socket.destroy();
    onSecure(socket, socket.authorized ? identityOf(socket) : undefined);
  };
}

/** What a context is made of. Older protocols than TLS 1.2 are broken, and the runtime has none. */
function contextOptions({ certificate, key }: TlsIdentity, { clients }: TlsMaterial) {
  const ca = clients === undefined ? {} : { ca: clients.authorities };
  return { cert: certificate, key, minVersion: "TLSv1.2", ...ca } as const;
}

/**
 * What is wrong with a certificate and its key, as the rest of a sentence; undefined if they can be used.
 *
 * @example
 * ```ts
 * import { match } from "node:assert/strict";
 * import { identityFault } from "./tls_gate.ts";
 *
 * match(identityFault({ certificate: "no PEM", key: "" })!, /^the certificate is not valid PEM/);
 * ```
 */
export function identityFault({ certificate, key }: TlsIdentity): string | undefined {
  const first = attempt("certificate", () => new X509Certificate(certificate));
  if (typeof first === "string") return first;
  const secret = attempt("key", () => createPrivateKey(key));
  if (typeof secret === "string") return secret;
  // The runtime notices a key that does not fit at the first handshake, which is too late.
  return first.checkPrivateKey(secret)
    ? undefined
    : `the key does not belong to the certificate of ${first.subject.replaceAll("\n", ", ")}`;
}

function attempt<Read>(what: string, read: () => Read): Read | string {
  try {
    return read();
  } catch (error) {
    const why = messageOf(error);
    return `the ${what} is not valid PEM (${why})`;
  }
}

function namedContext(identity: TlsIdentity, material: TlsMaterial): NamedContext {
  const fault = identityFault(identity);
  if (fault !== undefined) throw new TypeError(fault);
  const certificate = new X509Certificate(identity.certificate);
  const { subjectAltName = "" } = certificate;
  const names = subjectAltName.split(", ")
    .filter((entry) => entry.startsWith("DNS:"))
    .map((entry) => entry.slice("DNS:".length).toLowerCase());
  return { names, context: createSecureContext(contextOptions(identity, material)) };
}

/** The socket below TLS. It has no public name, neither here nor in Node, but the same one in both. */
function rawSocket(socket: TLSSocket & { readonly _parent?: Socket }): Socket | undefined {
  return socket._parent;
}

function identityOf(socket: TLSSocket): PeerIdentity | undefined {
  const certificate: Partial<DetailedPeerCertificate> = socket.getPeerCertificate(true);
  if (certificate.subject === undefined || certificate.fingerprint256 === undefined) {
    return undefined;
  }
  return {
    subject: distinguishedName(certificate.subject),
    fingerprint: certificate.fingerprint256,
  };
}

/** RFC 4514, as far as telling one name from another needs. */
function distinguishedName(subject: object): string {
  return Object.entries(subject)
    .flatMap(([key, values]) => [values].flat().map((value) => `${key}=${escaped(String(value))}`))
    .join(", ");
}

function escaped(value: string): string {
  return value.replace(/[,+"\\<>;=]/g, "\\$&");
}
