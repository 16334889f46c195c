/**
 * Limits how fast one public key may publish, over all connections.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { type Rate, TokenBucket } from "../../base/token_bucket.ts";
import { reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Policy } from "./policy.ts";

/** Most keys to remember, about 200 bytes each. The least recently active is dropped first. */
const MAX_KEYS = 20_000;

/**
 * Refuses events of a key that exceeds the rate. Asked after the signature check, so that nobody
 * can use up another key's rate.
 */
export function keyRates(rate: Rate, clock: Pick<Clock, "monotonicMs">): Policy {
  const buckets = new Map<string, TokenBucket>();
  return {
    name: "rate of a key",
    event({ event: { pubkey, kind }, origin }) {
      if (kind === VANISH_REQUEST || origin !== "socket") return undefined;
      const nowMs = clock.monotonicMs();
      const bucket = buckets.get(pubkey) ?? new TokenBucket(rate, nowMs);
      // Re-inserted to keep the Map in order of last use.
      buckets.delete(pubkey);
      if (buckets.size >= MAX_KEYS) buckets.delete(buckets.keys().next().value!);
      buckets.set(pubkey, bucket);
      return bucket.tryTake(1, nowMs)
        ? undefined
        : reason("rate-limited", "this key publishes too much for now, try again later");
    },
  };
}
