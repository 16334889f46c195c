/**
 * How a relay is connected to that a stranger has named.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { type Rate, TokenBucket } from "../../base/token_bucket.ts";
import { isFarAddress } from "../../net/address/public_address.ts";
import type { Connection } from "../../net/connection.ts";
import {
  defaultClientLimits,
  type WebSocketClientLimits,
} from "../../net/client/websocket_client.ts";

/** What such a relay may do. */
export interface UntrustedRelay {
  /** Whether an address may be connected to. Default: all may. */
  readonly permits?: (address: string) => boolean;
  readonly limits: WebSocketClientLimits;
  /** How much it may send, in bytes. */
  readonly reading: Rate;
}

/** What may be sent at once, in seconds of the rate. */
const BURST_S = 32;

/** How long it may take to be reached, and then to answer, milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 5_000;

/** How often what it sent is looked at, milliseconds. */
const WATCH_MS = 1_000;

/** What the settings allow a relay of a relay list. */
export function untrustedRelay(
  { maxMessageBytes, bytesPerS, allowsPrivate }: {
    readonly maxMessageBytes: number;
    readonly bytesPerS: number;
    /** Whether this machine and private networks may be connected to. */
    readonly allowsPrivate: boolean;
  },
): UntrustedRelay {
  return {
    ...!allowsPrivate && { permits: (address: string) => isFarAddress(address) },
    limits: {
      ...{ ...defaultClientLimits, maxMessageBytes },
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
    },
    reading: { perSecond: bytesPerS, burst: BURST_S * bytesPerS },
  };
}

/**
 * Cuts off a connection that sends more than its share, whatever it sends. Returns a function that
 * ends this.
 */
export function watchReading(
  connection: Pick<Connection, "receivedBytes" | "terminate">,
  rate: Rate,
  clock: Clock,
): () => void {
  const bucket = new TokenBucket(rate, clock.monotonicMs());
  let counted = 0;
  const timer = clock.every(WATCH_MS, () => {
    const { receivedBytes } = connection;
    const debtMs = bucket.spend(receivedBytes - counted, clock.monotonicMs());
    counted = receivedBytes;
    if (debtMs > 0) connection.terminate();
  });
  return () => timer.cancel();
}
