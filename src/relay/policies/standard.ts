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
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { standardPolicy } from "./standard.ts";
 *
 * const policy = standardPolicy({
 *   maxEventBytes: 1_000,
 *   maxEventTags: 10,
 *   maxContentLength: 100,
 *   createdAtUpperLimitS: 900,
 *   createdAtLowerLimitS: 0,
 * });
 * const event = { id: "", pubkey: "", created_at: 0, kind: 27235, tags: [], content: "", sig: "" };
 * equal(policy({ event, jsonBytes: 100, nowMs: 0 })?.prefix, "invalid");
 * ```
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
