/**
 * What every relay asks of an event besides a true id and signature.
 *
 * @module
 */

import { noAuthenticationKinds } from "./authentication_kinds.ts";
import { createdAtWithin } from "./created_at.ts";
import { notExpired } from "./expiration.ts";
import { sizeWithin } from "./event_size.ts";
import { noProtectedEvents } from "./protected.ts";
import { firstRefusal, type Policy } from "./policy.ts";

/**
 * The limits on size and date, nothing expired and no proofs of who speaks; `further` reasons are asked after them.
 */
export function standardPolicy(
  limits: Parameters<typeof sizeWithin>[0] & Parameters<typeof createdAtWithin>[0],
  further: readonly Policy[] = [],
): Policy {
  return firstRefusal([
    sizeWithin(limits),
    createdAtWithin(limits),
    noAuthenticationKinds,
    notExpired,
    noProtectedEvents,
    ...further,
  ]);
}
