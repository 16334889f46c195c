/**
 * How fast one key may publish, over however many connections.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { type Rate, TokenBucket } from "../../base/token_bucket.ts";
import { reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Policy } from "./policy.ts";

/** Keys that are remembered at most, about 200 bytes each; the ones that were quiet longest go first. */
const MAX_KEYS = 20_000;

/**
 * Refuses what a key publishes beyond the rate. Asked after the signature, so that nobody spends what is
 * another key's.
 */
export function keyRates(rate: Rate, clock: Pick<Clock, "monotonicMs">): Policy {
  const buckets = new Map<string, TokenBucket>();
  return {
    name: "rate of a key",
    event({ event: { pubkey, kind }, origin }) {
      if (kind === VANISH_REQUEST || origin !== "socket") return undefined;
      const nowMs = clock.monotonicMs();
      const bucket = buckets.get(pubkey) ?? new TokenBucket(rate, nowMs);
      // A Map keeps the order of its keys: whoever was heard last is last.
      buckets.delete(pubkey);
      if (buckets.size >= MAX_KEYS) buckets.delete(buckets.keys().next().value!);
      buckets.set(pubkey, bucket);
      return bucket.tryTake(1, nowMs)
        ? undefined
        : reason("rate-limited", "this key publishes too much for now, try again later");
    },
  };
}
