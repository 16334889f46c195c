/**
 * What would be removed at once is not taken.
 *
 * @module
 */

import { kindClass } from "../nostr/kind.ts";
import { reason } from "../nostr/reason.ts";
import type { Policy } from "../relay/policies/policy.ts";
import { isTooOld, type RetentionRules } from "../store/retention.ts";
import { isRequest } from "../store/tombstones.ts";

/**
 * Refuses events that are older than the rules keep them. Requests to delete or to vanish pass: what they
 * ask for is done and remembered, however long they are kept themselves. So do ephemeral events, which
 * are not kept anyway.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { youngEnough } from "./retention_policy.ts";
 *
 * const policy = youngEnough({
 *   ages: [{ kinds: { first: 0, last: 65_535 }, maxAgeS: 60 }],
 *   maxBytes: Infinity,
 *   keptKinds: [],
 *   keptAuthors: new Set(),
 * });
 * const event = { id: "", pubkey: "", created_at: 100, kind: 1, tags: [], content: "", sig: "" };
 * equal(policy({ event, jsonBytes: 100, nowMs: 160_000 }), undefined);
 * equal(policy({ event, jsonBytes: 100, nowMs: 161_000 })?.prefix, "blocked");
 * ```
 */
export function youngEnough(rules: RetentionRules): Policy {
  return ({ event, nowMs }) => {
    if (isRequest(event) || kindClass(event.kind) === "ephemeral") return undefined;
    const { pubkey, kind, created_at: createdAt } = event;
    return isTooOld({ pubkey, kind, createdAt }, rules, Math.floor(nowMs / 1_000))
      ? reason("blocked", "older than this relay keeps events of its kind")
      : undefined;
  };
}
