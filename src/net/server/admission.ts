/**
 * Who may come in: how many at a time, how many of one client, and how fast.
 *
 * A client is a network, not an address, because one customer of an IPv6 provider has a /64 and could
 * come from a new address each time. Whoever has no address (a Unix socket), and whoever is in a network
 * that the operator exempts, counts in the total alone.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { type ClientPrefix, parseIpAddress, prefixKey } from "../address/ip_address.ts";
import type { NetworkList } from "../address/network.ts";
import { type Rate, TokenBucket } from "../../base/token_bucket.ts";

/** The bounds of an {@link Admission}. */
export interface AdmissionLimits {
  /** At a time, of all clients together. */
  readonly maxTotal: number;
  /** What one client may take of it; all of it if not given. */
  readonly perClient?: ClientLimits;
}

/** The bounds for one client. */
export interface ClientLimits {
  /** At a time. */
  readonly maxInside: number;
  /** How fast it may come. */
  readonly rate: Rate;
  /** What a client is. */
  readonly prefix: ClientPrefix;
  /** Those who are no client in this sense: only the total bounds them. */
  readonly exempt: NetworkList;
}

/**
 * Why somebody is not let in.
 * - `total`: nobody is, for now.
 * - `per-client`: this client has enough.
 * - `rate`: this client comes too fast.
 */
export type AdmissionRefusal = "total" | "per-client" | "rate";

/** What is remembered of a client. */
interface ClientRecord {
  inside: number;
  readonly bucket: TokenBucket;
}

/**
 * Clients that are remembered without being inside. Forgetting one forgives how fast it came; an
 * attacker with so many networks has no need of that.
 */
const maxAbsentClients = 65_536;

/**
 * Counts who is inside. Whoever was let in must {@link leave} once.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { Admission } from "./admission.ts";
 * import { networkList } from "../address/network.ts";
 *
 * const admission = new Admission({
 *   maxTotal: 10,
 *   perClient: {
 *     maxInside: 1,
 *     rate: { perSecond: 1, burst: 5 },
 *     prefix: { ipv4Bits: 32, ipv6Bits: 64 },
 *     exempt: networkList([]),
 *   },
 * }, { monotonicMs: () => 0 });
 * equal(admission.enter("2001:db8::1"), undefined);
 * equal(admission.enter("2001:db8::2"), "per-client");
 * admission.leave("2001:db8::1");
 * equal(admission.enter("2001:db8::2"), undefined);
 * ```
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #clients = new Map<string, ClientRecord>();
  #total = 0;

  /** Lets nobody in beyond these bounds. */
  constructor(limits: AdmissionLimits, clock: Pick<Clock, "monotonicMs">) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** How many are inside. */
  get total(): number {
    return this.#total;
  }

  /** How many clients are remembered, for those who watch the memory. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** Lets a client in, from an IP address or `unix`, or says why not. */
  enter(address: string): AdmissionRefusal | undefined {
    if (this.#total >= this.#limits.maxTotal) return "total";
    const { perClient } = this.#limits;
    const key = clientKey(address, perClient);
    if (perClient !== undefined && key !== undefined) {
      const client = this.#client(key, perClient);
      if (client.inside >= perClient.maxInside) return "per-client";
      if (!client.bucket.tryTake(1, this.#clock.monotonicMs())) return "rate";
      client.inside++;
    }
    this.#total++;
    return undefined;
  }

  /** Lets a client in for a moment: what counts is how fast it comes. */
  pass(address: string): AdmissionRefusal | undefined {
    const refusal = this.enter(address);
    if (refusal === undefined) this.leave(address);
    return refusal;
  }

  /** Somebody who was let in, from this address, has gone. */
  leave(address: string): void {
    this.#total--;
    const key = clientKey(address, this.#limits.perClient);
    const client = key === undefined ? undefined : this.#clients.get(key);
    if (client !== undefined) client.inside--;
  }

  #client(key: string, { rate }: ClientLimits): ClientRecord {
    let client = this.#clients.get(key);
    if (client === undefined) {
      if (this.#clients.size - this.#total >= maxAbsentClients) this.#forgetAbsent();
      client = { inside: 0, bucket: new TokenBucket(rate, this.#clock.monotonicMs()) };
      this.#clients.set(key, client);
    }
    return client;
  }

  /** In one go, so that the cost of looking is shared by the thousands that come until the next. */
  #forgetAbsent(): void {
    for (const [key, client] of this.#clients) {
      if (client.inside === 0) this.#clients.delete(key);
    }
  }
}

/**
 * Under which name a client is counted: its network; undefined for one that is exempt or has no address.
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

/** The doors of a server: to its sockets, to its WebSocket connections, and to its pages. */
export interface Gates {
  /** Whoever is refused here is dropped without a word, at next to no cost. */
  readonly sockets: Admission;
  /** Whoever is refused here is told so. */
  readonly connections: Admission;
  /** Each plain request passes here. Whoever is refused is told so. */
  readonly requests: Admission;
}

/** The bounds of {@link createGates}. */
export interface GateLimits extends AdmissionLimits {
  /** How fast one client may send plain requests; as fast as it can if not given. */
  readonly requestRate?: Rate;
}

/**
 * How many sockets there is room for where one connection is allowed: for pages, and for answers to
 * those who are refused.
 */
const socketsPerConnection = 4;

/** Sockets in all that are not WebSocket connections: requests in progress, handshakes. */
const otherSockets = 1_000;

/**
 * The gates for so many connections.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { createGates } from "./admission.ts";
 *
 * const { connections, sockets } = createGates({ maxTotal: 1 }, { monotonicMs: () => 0 });
 * equal(connections.enter("192.0.2.1"), undefined);
 * equal(connections.enter("192.0.2.2"), "total");
 * equal(sockets.enter("192.0.2.2"), undefined, "who is refused hears it");
 * ```
 */
export function createGates(limits: GateLimits, clock: Pick<Clock, "monotonicMs">): Gates {
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
  return {
    sockets: new Admission(sockets, clock),
    connections: new Admission(limits, clock),
    requests: new Admission(requests, clock),
  };
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
