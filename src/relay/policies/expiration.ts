/**
 * What has expired is not taken any more.
 *
 * @see NIP-40
 * @module
 */

import { hasExpired } from "../../nostr/expiration.ts";
import { reason } from "../../nostr/reason.ts";
import type { Policy } from "./policy.ts";

/**
 * Refuses events that have expired.
 *
 * @see NIP-40
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { notExpired } from "./expiration.ts";
 *
 * const tags = [["expiration", "100"]];
 * const event = { id: "", pubkey: "", created_at: 0, kind: 1, tags, content: "", sig: "" };
 * equal(notExpired({ event, jsonBytes: 100, nowMs: 99_999 }), undefined);
 * equal(notExpired({ event, jsonBytes: 100, nowMs: 100_000 })?.prefix, "invalid");
 * ```
 */
export const notExpired: Policy = ({ event, nowMs }) =>
  hasExpired(event, Math.floor(nowMs / 1000)) ? reason("invalid", "event expired") : undefined;
