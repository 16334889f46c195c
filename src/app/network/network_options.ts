/**
 * Converts the settings into the options of the `net` room.
 *
 * @module
 */

import type { TrustedPeers } from "../../net/server/acceptor.ts";
import type { GateLimits } from "../../net/server/admission.ts";
import type { ForwardedTrust } from "../../net/address/forwarded.ts";
import { defaultListenLimits, type ListenLimits } from "../../net/server/listen.ts";
import type { PaceLimits } from "../../net/paced_reading.ts";
import { networkList, parseNetwork } from "../../net/address/network.ts";
import type { UnreadWindowOptions } from "../../net/unread_window.ts";
import { UnusableSetting } from "../settings/load_settings.ts";
import type { Settings } from "../settings/setting_list.ts";

/** The limits of each listener. */
export function listenLimits({ limits, network }: Settings): ListenLimits {
  return {
    ...defaultListenLimits,
    maxMessageBytes: limits.max_message_bytes,
    maxFrameBytes: Math.min(limits.max_frame_bytes, limits.max_message_bytes),
    maxConnections: network.max_connections,
    maxHeaderBytes: network.max_header_bytes,
    handshakeTimeoutMs: network.handshake_timeout_ms,
    closeTimeoutMs: network.close_timeout_ms,
    highWaterBytes: limits.high_water_bytes,
    lowWaterBytes: limits.high_water_bytes / 4,
  };
}

/** How fast a connection may send. */
export function paceLimits({ limits }: Settings): PaceLimits {
  return {
    messages: { perSecond: limits.message_rate, burst: limits.message_burst },
    bytes: { perSecond: limits.byte_rate, burst: limits.burst_bytes },
  };
}

/** How much is sent to a connection before it has shown that it reads. */
export function unreadLimits({ limits }: Settings): Omit<UnreadWindowOptions, "random"> {
  return {
    initialBytes: Math.min(limits.initial_unread_bytes, limits.max_unread_bytes),
    maxBytes: limits.max_unread_bytes,
  };
}

/** RFC 6177: an end site gets a /64 at least. */
const clientPrefix = { ipv4Bits: 32, ipv6Bits: 64 };

/**
 * Limits how many connections are open, per client and in total, and how fast clients connect and
 * request. Throws an UnusableSetting that names an invalid network.
 */
export function admissionLimits({ network }: Settings): GateLimits {
  return {
    maxTotal: network.max_connections,
    requestRate: { perSecond: network.client_request_rate, burst: network.client_request_burst },
    perClient: {
      maxInside: network.max_client_connections,
      rate: { perSecond: network.client_connection_rate, burst: network.client_connection_burst },
      prefix: clientPrefix,
      exempt: trustedPeers("unlimited_clients", network.unlimited_clients).networks,
    },
  };
}

/** Which proxies are trusted, by PROXY protocol and by header. */
export interface ProxyOptions {
  readonly proxyProtocol: TrustedPeers | undefined;
  readonly forwarded: ForwardedTrust | undefined;
}

/** The proxies that the settings trust. Throws an UnusableSetting that names an invalid network. */
export function proxyOptions({ network }: Settings): ProxyOptions {
  const senders = network.proxy_protocol_from;
  const proxies = trustedPeers("trusted_proxies", network.trusted_proxies);
  return {
    proxyProtocol: senders.length === 0 ? undefined : trustedPeers("proxy_protocol_from", senders),
    forwarded: network.trusted_proxies.length === 0 ? undefined : {
      header: network.forwarded_header,
      proxies: proxies.networks,
      unixIsProxy: proxies.unix,
    },
  };
}

/**
 * Whether an Origin may connect; undefined if all may. Origins are compared in the form that
 * browsers send: lower case, without a default port.
 *
 * @see RFC 6455 §10.2
 */
export function originRule(
  allowed: readonly string[],
): ((origin: string | undefined) => boolean) | undefined {
  if (allowed.length === 0) return undefined;
  const origins = new Set(allowed.map((origin) => new URL(origin).origin));
  return (origin) => origin === undefined || origins.has(origin);
}

function trustedPeers(setting: string, texts: readonly string[]): TrustedPeers {
  const networks = texts.filter((text) => text !== "unix").map((text) => {
    const network = parseNetwork(text);
    if (network.type === "network") return network;
    throw new UnusableSetting(`network.${setting}`, network.sentence);
  });
  return { networks: networkList(networks), unix: texts.includes("unix") };
}
