/**
 * Connects to a server: by name or address, with or without TLS, or by a Unix socket.
 *
 * One deadline covers all steps, and the error says which step took how long.
 *
 * @module
 */

import { lookup } from "node:dns";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error_text.ts";
import { type DialTarget, formatDialTarget, parseDialTarget } from "./dial_target.ts";
import {
  type Attempt,
  defaultAttemptDelayMs,
  firstToSucceed,
  interleaveFamilies,
} from "./happy_eyeballs.ts";

/** One address of a host. */
export interface HostAddress {
  /** An IP address, or what stands for one. */
  readonly address: string;
  /** 4 or 6. */
  readonly family: number;
}

/** Finds the addresses of a host, the best first. */
export type Resolve = (host: string) => Promise<readonly HostAddress[]>;

/** How to connect. */
export interface DialOptions {
  /** The time, and timers. */
  readonly clock: Clock;
  /** How long all of it may take, from the name to the end of the TLS handshake, milliseconds. */
  readonly timeoutMs?: number;
  /** Certificate authorities, as PEM, in place of the system's. */
  readonly authorities?: string;
  /** The client certificate, for a server that asks for one. */
  readonly identity?: { readonly certificate: string; readonly key: string };
  /** The protocols to offer by ALPN, the best first. */
  readonly alpnProtocols?: readonly string[];
  /** How names are looked up; as the system does, its hosts file included, if not given. */
  readonly resolve?: Resolve;
  /**
   * Whether an address may be connected to, be it written in the target or found for its name. All
   * may if not given. A Unix socket has no address and may not where this is given.
   */
  readonly permits?: (address: string) => boolean;
  /** Gives up when it is aborted. */
  readonly signal?: AbortSignal;
}

/** A socket that is connected. */
export interface Dialled {
  /** Paused, so that nothing is lost: call `resume` to read. */
  readonly socket: Socket;
  /** The address that answered; a path for a Unix socket. */
  readonly address: string;
  /** The server's certificate over TLS, verified for this host. */
  readonly certificate: PeerCertificate | undefined;
}

/** The connection failed. The message names the target, the step and the reason. */
export class DialFailed extends Error {
  /** The name of the error. */
  override readonly name = "DialFailed";
  /** `timeout`, `aborted`, `forbidden`, or the system's name, such as `ECONNREFUSED`. */
  readonly code: string;

  /** Makes the error, with the system's name of what happened. */
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const defaultTimeoutMs = 10_000;

/**
 * Connects. Rejects with {@link DialFailed}, and with a TypeError for a text that is no address. Over
 * TLS the server's certificate must be good for the host that was asked for; there is no way round that
 * but an authority of one's own.
 *
 * @example
 * ```ts
 * import { equal, rejects } from "node:assert/strict";
 * import { dial, DialFailed } from "./dial.ts";
 *
 * const clock = {
 *   nowMs: () => Date.now(),
 *   monotonicMs: () => performance.now(),
 *   after(delayMs: number, callback: () => void) {
 *     const id = setTimeout(callback, delayMs);
 *     return { cancel: () => clearTimeout(id) };
 *   },
 *   every: () => ({ cancel() {} }),
 * };
 * await rejects(dial("unix:/nowhere/relay.sock", { clock }), (error) => {
 *   equal(error instanceof DialFailed && error.code, "ENOENT");
 *   return true;
 * });
 * ```
 */
export function dial(to: string | DialTarget, options: DialOptions): Promise<Dialled> {
  const target = typeof to === "string" ? parseDialTarget(to) : to;
  if (target === undefined) return Promise.reject(new TypeError(`not an address to dial: ${to}`));
  return new Dial(target, options).run();
}

/** One call of {@link dial}. */
class Dial {
  readonly #target: DialTarget;
  readonly #options: DialOptions;
  readonly #name: string;
  /** The current step, as text that follows "while". */
  #step: string;
  /** Ends the step. */
  #abandon: () => void = () => {};

  constructor(target: DialTarget, options: DialOptions) {
    this.#target = target;
    this.#options = options;
    this.#name = formatDialTarget(target);
    this.#step = `connecting to ${this.#name}`;
  }

  run(): Promise<Dialled> {
    const { clock, signal, timeoutMs = defaultTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const giveUp = (failure: DialFailed) => {
        // First, so that what abandoning leads to is not taken for the reason.
        reject(failure);
        this.#abandon();
      };
      const deadline = clock.after(timeoutMs, () => {
        giveUp(new DialFailed(`gave up after ${timeoutMs} ms of ${this.#step}`, "timeout"));
      });
      const onAbort = () => {
        deadline.cancel();
        giveUp(new DialFailed(`given up while ${this.#step}`, "aborted"));
      };
      if (signal?.aborted) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#connect().then(resolve, (error) => reject(this.#failure(error)))
        .finally(() => {
          deadline.cancel();
          signal?.removeEventListener("abort", onAbort);
        });
    });
  }

  async #connect(): Promise<Dialled> {
    const target = this.#target;
    if (target.type === "unix") {
      if (this.#options.permits !== undefined) throw this.#forbidden(target.path);
      const socket = await this.#follow(attemptPlain({ path: target.path }));
      return { socket, address: target.path, certificate: undefined };
    }
    const candidates = await this.#addressesOf(target.host);
    this.#step = `connecting to ${this.#name} (${candidates.length} addresses)`;
    const plain = await this.#follow(firstToSucceed({
      candidates,
      attempt: ({ address }) => attemptPlain({ host: address, port: target.port }),
      clock: this.#options.clock,
      attemptDelayMs: defaultAttemptDelayMs,
    }));
    const address = plain.remoteAddress ?? "";
    if (!target.secure) return { socket: plain, address, certificate: undefined };
    this.#step = `shaking hands over TLS with ${this.#name} at ${address}`;
    const socket = await this.#follow(attemptTls(plain, target.host, this.#options));
    return { socket, address, certificate: socket.getPeerCertificate() };
  }

  async #addressesOf(host: string): Promise<readonly HostAddress[]> {
    const all = await this.#allAddressesOf(host);
    const { permits = () => true } = this.#options;
    const permitted = all.filter(({ address }) => permits(address));
    if (permitted.length === 0) throw this.#forbidden(host);
    return interleaveFamilies(permitted);
  }

  #forbidden(place: string): DialFailed {
    return new DialFailed(`${place} is no place to connect to`, "forbidden");
  }

  async #allAddressesOf(host: string): Promise<readonly HostAddress[]> {
    if (isIP(host) !== 0) return [{ address: host, family: isIP(host) }];
    this.#step = `looking up ${host}`;
    let abandoned = false;
    this.#abandon = () => abandoned = true;
    const addresses = await (this.#options.resolve ?? resolveBySystem)(host);
    if (abandoned || addresses.length === 0) {
      throw new DialFailed(`${host} has no address`, "ENOTFOUND");
    }
    return addresses;
  }

  #follow<Result>(attempt: Attempt<Result>): Promise<Result> {
    this.#abandon = () => attempt.cancel();
    return attempt.result;
  }

  #failure(error: unknown): DialFailed {
    if (error instanceof DialFailed) return error;
    const causes = error instanceof AggregateError ? error.errors : [error];
    const reasons = causes.map((cause) => messageOf(cause));
    const message = `failed in ${this.#step}: ${reasons.join("; ")}`;
    return new DialFailed(message, codeOf(causes[0]), { cause: error });
  }
}

function attemptPlain(
  to: { readonly path: string } | { readonly host: string; readonly port: number },
): Attempt<Socket> {
  // What is written whole should leave at once; waiting for more would only delay it.
  const socket = "path" in to ? connect(to.path) : connect({ ...to, noDelay: true });
  return attemptOf(socket, "connect");
}

function attemptTls(
  socket: Socket,
  host: string,
  { authorities, identity, alpnProtocols }: DialOptions,
): Attempt<TLSSocket> {
  const secure = connectTls({
    socket,
    host,
    minVersion: "TLSv1.2",
    // RFC 6066 §3: 'Literal IPv4 and IPv6 addresses are not permitted in "HostName".'
    ...isIP(host) === 0 ? { servername: host } : {},
    ...authorities === undefined ? {} : { ca: authorities },
    ...identity === undefined ? {} : { cert: identity.certificate, key: identity.key },
    ...alpnProtocols === undefined ? {} : { ALPNProtocols: [...alpnProtocols] },
  });
  return attemptOf(secure, "secureConnect");
}

/** Waits for the socket to say that it is ready. */
function attemptOf<Kind extends Socket>(
  socket: Kind,
  ready: "connect" | "secureConnect",
): Attempt<Kind> {
  const { promise, resolve, reject } = Promise.withResolvers<Kind>();
  const onClose = () => reject(new Error("the connection was closed"));
  socket.once("error", reject);
  socket.once("close", onClose);
  socket.once(ready, () => {
    socket.off("error", reject);
    socket.off("close", onClose);
    // Until the caller listens, an error event would end the process.
    socket.on("error", () => {});
    socket.pause();
    resolve(socket);
  });
  return {
    result: promise,
    cancel() {
      // An attempt that was given up may still fail, and nobody asks any more.
      socket.on("error", () => {});
      socket.destroy();
    },
  };
}

/** All addresses that the system knows, in the order of its own preference. */
function resolveBySystem(host: string): Promise<readonly HostAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true, verbatim: true }, (error, addresses) => {
      if (error === null) resolve(addresses);
      else reject(error);
    });
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
