/**
 * The addresses of clients in log lines: whole, shortened, hashed or left out.
 *
 * Every line names a client in the field `address`, and nowhere else, so that this is the one place
 * which decides what of it is written.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import type { Log, LogFields } from "../base/log.ts";
import { truncateAddress } from "../net/address/ip_address.ts";
import { formatNetwork, type Network, parseNetwork } from "../net/address/network.ts";

/** What is written of an address, see `log.addresses`. */
export type AddressStyle = "full" | "network" | "hashed" | "none";

/** The bits of an address that are left when it is shortened. */
const SHORT_BITS = { 4: 24, 6: 48 } as const;

/** One IPv6 client has a /64, within which it may choose its address. */
const CLIENT_BITS = { 4: 32, 6: 64 } as const;

/** 48 bits tell 100,000 clients apart, with one chance in 50,000 that two are the same. */
const HASH_DIGITS = 12;

/** The peer of a Unix socket. It names nobody. */
const UNIX = "unix";

/** The bytes of a secret for {@link shownAddress}. */
export const ADDRESS_SECRET_BYTES = 32;

/** How addresses are written. */
export interface AddressOptions {
  readonly addresses: AddressStyle;
  /**
   * For hashes. IPv4 has so few addresses that whoever knows it can undo them all, so it is made at
   * each start and kept nowhere.
   */
  readonly secret: Uint8Array;
}

/**
 * What is written of an address or a network; undefined for nothing. Hashes are those of what counts as
 * one client: an IPv4 address, or an IPv6 /64.
 */
export function shownAddress(text: string, options: AddressOptions): string | undefined {
  const { addresses, secret } = options;
  if (addresses === "full" || text === UNIX) return text;
  // The zone of a link-local address (RFC 4007 §11) is an interface of this machine.
  const network = parseNetwork(text.replace(/%.*$/, ""));
  if (addresses === "none" || network.type === "fault") return undefined;
  if (addresses === "network") return shortened(network, SHORT_BITS);
  const client = shortened(network, CLIENT_BITS);
  return createHmac("sha256", secret).update(client).digest("hex").slice(0, HASH_DIGITS);
}

/** The fields of a line, with the address as it is shown. */
export function withShownAddress<Fields extends Readonly<Record<string, unknown>>>(
  fields: Fields,
  options: AddressOptions,
): Fields {
  const { address } = fields;
  if (options.addresses === "full" || typeof address !== "string") return fields;
  return { ...fields, address: shownAddress(address, options) };
}

/** A log that shows addresses in this way. */
export function showingAddresses(log: Log, options: AddressOptions): Log {
  const shown = (fields: LogFields = {}) => withShownAddress(fields, options);
  return {
    debug: (message, fields) => log.debug(message, shown(fields)),
    info: (message, fields) => log.info(message, shown(fields)),
    warn: (message, fields) => log.warn(message, shown(fields)),
    error: (message, fields) => log.error(message, shown(fields)),
  };
}

function shortened(
  { type, address, bits }: Network,
  most: Readonly<Record<4 | 6, number>>,
): string {
  const left = Math.min(bits, most[address.version]);
  return formatNetwork({ type, address: truncateAddress(address, left), bits: left });
}
