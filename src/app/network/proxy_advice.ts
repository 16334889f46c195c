/**
 * Notices a proxy that the settings do not know.
 *
 * Behind such a proxy all clients have its address. Then the limits for one client hold for all of
 * them together, or for none where the address is exempt, as that of this machine is by default.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import { parseIpAddress } from "../../net/address/ip_address.ts";
import { networkList, parseNetwork } from "../../net/address/network.ts";

/** So many connections from one address, and none from another, look like a proxy. */
const MANY_CONNECTIONS = 100;

/** What proxies add to a request. Clients of Nostr have no reason to. */
const PROXY_HEADERS = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip"];

/** Addresses that do not come from the internet: loopback, RFC 1918, RFC 4193, RFC 6598, RFC 3927. */
const NEARBY = networkList(
  [
    ...["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"],
    ...["100.64.0.0/10", "fc00::/7", "fe80::/10"],
  ].map((text) => {
    const network = parseNetwork(text);
    if (network.type !== "network") throw new TypeError(network.sentence);
    return network;
  }),
);

const ADVICE = "clients seem to come through a proxy that network.trusted_proxies does not name: " +
  "all of them count as one, and bans by address would ban everybody (docs/proxies.md)";

/** Watches the first connections, and warns once. */
export class ProxyAdvice {
  readonly #log: Log;
  /** Whether there is still something to find out. */
  #isWatching: boolean;
  #address: string | undefined;
  #connections = 0;

  /** @param isConfigured whether the settings name any proxy */
  constructor(log: Log, isConfigured: boolean) {
    this.#log = log;
    this.#isWatching = !isConfigured;
  }

  /** Takes note of a connection that was opened. */
  note(address: string, headers: Pick<Headers, "has">): void {
    if (!this.#isWatching) return;
    this.#address ??= address;
    if (address !== this.#address || !isNearby(address)) {
      // Somebody comes directly. From now on only a header tells of a proxy.
      this.#connections = -Infinity;
    }
    this.#connections++;
    const header = isNearby(address) && PROXY_HEADERS.find((name) => headers.has(name));
    if (!header && this.#connections < MANY_CONNECTIONS) return;
    this.#isWatching = false;
    this.#log.warn(ADVICE, { address, header: header || undefined });
  }
}

/** Whether an address is this machine's, of a private network or of a Unix socket: a proxy's, it may be. */
export function isNearby(address: string): boolean {
  if (address === "unix") return true;
  const parsed = parseIpAddress(address);
  return parsed !== undefined && NEARBY.contains(parsed);
}
