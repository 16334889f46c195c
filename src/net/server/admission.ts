/**
 * Limits how many connections are open, in total and per client, and how fast a client opens them.
 *
 * A client is a network prefix, not an address: one customer of an IPv6 provider has a /64 and could use
 * a new address each time. A peer without an address (a Unix socket) and a peer in a network that the
 * operator exempts count in the total alone.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { type ClientPrefix, parseIpAddress, prefixKey } from "../address/ip_address.ts";
import type { NetworkList } from "../address/network.ts";
import { type Rate, TokenBucket } from "../../base/token_bucket.ts";

/** The limits of an {@link Admission}. */
export interface AdmissionLimits {
  /** Open at a time, of all clients together. */
  readonly maxTotal: number;
  /** The limits of one client; none if not given. */
  readonly perClient?: ClientLimits;
}

/** The limits of one client. */
export interface ClientLimits {
  /** Open at a time. */
  readonly maxInside: number;
  /** How fast it may open them. */
  readonly rate: Rate;
  /** The prefix that is one client. */
  readonly prefix: ClientPrefix;
  /** Networks that only the total limits. */
  readonly exempt: NetworkList;
}

/**
 * Why a connection is refused.
 * - `total`: as many are open as may be.
 * - `per-client`: as many of this client are open as may be.
 * - `rate`: this client opens them too fast.
 */
export type AdmissionRefusal = "total" | "per-client" | "rate";

/** Told whom an {@link Admission} refuses. */
export type OnRefused = (address: string, refusal: AdmissionRefusal) => void;

/** What a connection has to stay within to be counted. */
export interface CountLimits {
  readonly maxTotal: number;
  readonly maxInside: number;
  /** An object whose fields are read at each use. */
  readonly rate: Rate;
}

/** Where an {@link Admission} counts; threads may count in one place. */
export interface AdmissionCounts {
  /** How many are open. */
  readonly total: number;
  /** How many clients are remembered. */
  readonly clientCount: number;
  /** Counts a connection of a client, or one that counts in the total alone, or gives the refusal. */
  enter(
    key: string | undefined,
    limits: CountLimits,
    nowMs: number,
  ): AdmissionRefusal | undefined;
  /** Counts it out. */
  leave(key: string | undefined): void;
}

/** What an {@link Admission} tells, and where it counts. */
interface AdmissionOptions {
  readonly onRefused?: OnRefused | undefined;
  /** Default: in this thread alone. */
  readonly counts?: AdmissionCounts | undefined;
}

/** The state of a client. */
interface ClientRecord {
  inside: number;
  readonly bucket: TokenBucket;
}

/**
 * The most clients without an open connection whose rate is remembered. Forgetting one resets its rate;
 * an attacker with so many networks gains nothing by that.
 */
const maxAbsentClients = 65_536;

/** Counts open connections. Call {@link leave} once for each that was admitted. */
export class Admission {
  #limits: AdmissionLimits;
  /** The rate of each client's bucket. */
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #onRefused: OnRefused | undefined;
  readonly #counts: AdmissionCounts;

  /** Admits nothing beyond these limits. */
  constructor(
    limits: AdmissionLimits,
    clock: Pick<Clock, "monotonicMs">,
    { onRefused, counts = new OwnCounts() }: AdmissionOptions = {},
  ) {
    this.#limits = limits;
    this.#rate = { perSecond: 1, burst: 1, ...limits.perClient?.rate };
    this.#clock = clock;
    this.#onRefused = onRefused;
    this.#counts = counts;
  }

  /**
   * Replaces the numbers. Who is one client, and who is exempt, stays as it is: open connections
   * are counted by it. Connections beyond the new numbers stay open.
   */
  update({ maxTotal, perClient }: AdmissionLimits): void {
    const { perClient: before } = this.#limits;
    if (before === undefined || perClient === undefined) {
      this.#limits = { ...this.#limits, maxTotal };
      return;
    }
    const { maxInside, rate } = perClient;
    this.#limits = { maxTotal, perClient: { ...before, maxInside, rate } };
    Object.assign(this.#rate, rate);
  }

  /** How many are open. */
  get total(): number {
    return this.#counts.total;
  }

  /** How many clients are remembered, for metrics of memory. */
  get clientCount(): number {
    return this.#counts.clientCount;
  }

  /** Admits a connection from an IP address or `unix`, or gives the refusal. */
  enter(address: string): AdmissionRefusal | undefined {
    const { maxTotal, perClient } = this.#limits;
    const limits = { maxTotal, maxInside: perClient?.maxInside ?? Infinity, rate: this.#rate };
    const key = clientKey(address, perClient);
    const refusal = this.#counts.enter(key, limits, this.#clock.monotonicMs());
    if (refusal !== undefined) this.#onRefused?.(address, refusal);
    return refusal;
  }

  /** Counts a connection for the rate alone. */
  pass(address: string): AdmissionRefusal | undefined {
    const refusal = this.enter(address);
    if (refusal === undefined) this.leave(address);
    return refusal;
  }

  /** What the connections of the client at this address are counted by; undefined if it is exempt. */
  clientOf(address: string): string | undefined {
    return clientKey(address, this.#limits.perClient);
  }

  /** An admitted connection from this address is closed. */
  leave(address: string): void {
    this.#counts.leave(this.clientOf(address));
  }
}

/** Counts for one thread. */
class OwnCounts implements AdmissionCounts {
  readonly #clients = new Map<string, ClientRecord>();
  total = 0;

  get clientCount(): number {
    return this.#clients.size;
  }

  enter(
    key: string | undefined,
    { maxTotal, maxInside, rate }: CountLimits,
    nowMs: number,
  ): AdmissionRefusal | undefined {
    if (this.total >= maxTotal) return "total";
    if (key !== undefined) {
      const client = this.#client(key, rate, nowMs);
      if (client.inside >= maxInside) return "per-client";
      if (!client.bucket.tryTake(1, nowMs)) return "rate";
      client.inside++;
    }
    this.total++;
    return undefined;
  }

  leave(key: string | undefined): void {
    this.total--;
    const client = key === undefined ? undefined : this.#clients.get(key);
    if (client !== undefined) client.inside--;
  }

  #client(key: string, rate: Rate, nowMs: number): ClientRecord {
    let client = this.#clients.get(key);
    if (client === undefined) {
      if (this.#clients.size - this.total >= maxAbsentClients) this.#forgetAbsent();
      client = { inside: 0, bucket: new TokenBucket(rate, nowMs) };
      this.#clients.set(key, client);
    }
    return client;
  }

  /** Forgets many at once, so that thousands of connections share the cost of the search. */
  #forgetAbsent(): void {
    for (const [key, client] of this.#clients) {
      if (client.inside === 0) this.#clients.delete(key);
    }
  }
}

/**
 * The key under which a client is counted: its prefix; undefined if it is exempt or has no address.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { clientKey } from "./admission.ts";
 * import { networkList } from "../address/network.ts";
 *
 * const limits = { prefix: { ipv4Bits: 32, ipv6Bits: 64 }, exempt: networkList([]) };
 * equal(clientKey("2001:db8::1", limits), clientKey("2001:db8::2", limits));
 * equal(clientKey("unix", limits), undefined);
 * ```
 */
export function clientKey(
  text: string,
  perClient: Pick<ClientLimits, "prefix" | "exempt"> | undefined,
): string | undefined {
  if (perClient === undefined) return undefined;
  const address = parseIpAddress(text);
  if (address === undefined || perClient.exempt.contains(address)) return undefined;
  return prefixKey(address, perClient.prefix);
}

/** The admissions of a server: of sockets, of WebSocket connections and of HTTP requests. */
export interface Gates {
  /** A socket that is refused here is closed without an answer, at next to no cost. */
  readonly sockets: Admission;
  /** A handshake that is refused here is answered with an HTTP error. */
  readonly connections: Admission;
  /** Every other request is counted here; one that is refused is answered with an HTTP error. */
  readonly requests: Admission;
}

/** The limits of {@link createGates}. */
export interface GateLimits extends AdmissionLimits {
  /** How fast one client may send HTTP requests; without limit if not given. */
  readonly requestRate?: Rate;
}

/**
 * Sockets for each WebSocket connection that is allowed: more, for HTTP requests and for the answers to
 * refused handshakes.
 */
const socketsPerConnection = 4;

/** Sockets in all that are not WebSocket connections: requests in progress, handshakes. */
const otherSockets = 1_000;

/**
 * Makes the admissions of a server with so many connections.
 *
 * @param counts shared with other threads; of this thread alone if not given
 */
export function createGates(
  limits: GateLimits,
  clock: Pick<Clock, "monotonicMs">,
  { onRefused, counts }: GateOptions = {},
): Gates {
  const { sockets, connections, requests } = limitsOfGates(limits);
  return {
    sockets: new Admission(sockets, clock, { onRefused, counts: counts?.sockets }),
    connections: new Admission(connections, clock, { onRefused, counts: counts?.connections }),
    requests: new Admission(requests, clock, { onRefused, counts: counts?.requests }),
  };
}

/** Where the admissions of a server count. */
export type GateCounts = Readonly<Record<keyof Gates, AdmissionCounts>>;

/** What gates tell, and where they count. */
interface GateOptions {
  readonly onRefused?: OnRefused | undefined;
  /** Default: in this thread alone. */
  readonly counts?: GateCounts | undefined;
}

/** Replaces the numbers of all gates, see {@link Admission.update}. */
export function updateGates(gates: Gates, limits: GateLimits): void {
  const { sockets, connections, requests } = limitsOfGates(limits);
  gates.sockets.update(sockets);
  gates.connections.update(connections);
  gates.requests.update(requests);
}

function limitsOfGates(limits: GateLimits): Readonly<Record<keyof Gates, AdmissionLimits>> {
  const { maxTotal, perClient, requestRate } = limits;
  const sockets = {
    maxTotal: maxTotal + otherSockets,
    ...perClient === undefined ? {} : { perClient: socketLimits(perClient) },
  };
  const requests = {
    maxTotal: Infinity,
    ...perClient === undefined || requestRate === undefined
      ? {}
      : { perClient: { ...perClient, maxInside: Infinity, rate: requestRate } },
  };
  return { sockets, connections: limits, requests };
}

function socketLimits(limits: ClientLimits): ClientLimits {
  const { perSecond, burst } = limits.rate;
  return {
    ...limits,
    maxInside: limits.maxInside * socketsPerConnection,
    rate: {
      perSecond: perSecond * socketsPerConnection,
      burst: burst * socketsPerConnection,
    },
  };
}
