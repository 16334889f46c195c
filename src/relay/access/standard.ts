/**
 * The policies that every relay has.
 *
 * @module
 */

import { noAuthenticationKinds } from "./authentication_kinds.ts";
import { createdAtWithin } from "./created_at.ts";
import { sizeWithin } from "./event_size.ts";
import { notExpired } from "./expiration.ts";
import type { Policy } from "./policy.ts";
import { protectedEvents } from "./protected.ts";

/**
 * Size, date, expiration, authentication events and protected events.
 */
export function standardPolicies(
  limits: Parameters<typeof sizeWithin>[0] & Parameters<typeof createdAtWithin>[0],
): readonly Policy[] {
  return [
    sizeWithin(limits),
    createdAtWithin(limits),
    noAuthenticationKinds,
    notExpired,
    protectedEvents,
  ];
}
