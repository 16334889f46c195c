/**
 * Refuses events whose `created_at` is too far from now.
 *
 * @see NIP-11 `created_at_lower_limit`, `created_at_upper_limit`
 * @module
 */

import { reason } from "../../nostr/reason.ts";
import type { RelayLimits } from "../limits.ts";
import type { Policy } from "./policy.ts";

/**
 * Refuses events whose `created_at` is beyond a limit; 0 disables the limit.
 */
export function createdAtWithin(
  limits: Pick<RelayLimits, "createdAtUpperLimitS" | "createdAtLowerLimitS">,
): Policy {
  const { createdAtUpperLimitS: ahead, createdAtLowerLimitS: behind } = limits;
  return {
    name: "created_at",
    screen({ event, nowMs }) {
      const nowS = Math.floor(nowMs / 1000);
      if (ahead > 0 && event.created_at > nowS + ahead) {
        return reason("invalid", `created_at is more than ${ahead} seconds in the future`);
      }
      if (behind > 0 && event.created_at < nowS - behind) {
        return reason("invalid", `created_at is more than ${behind} seconds in the past`);
      }
      return undefined;
    },
  };
}
