/**
 * What would be removed at once is not taken.
 *
 * @module
 */

import { kindClass } from "../../nostr/kind.ts";
import { reason } from "../../nostr/reason.ts";
import type { Policy } from "../../relay/access/policy.ts";
import { isTooOld, type RetentionRules } from "../../store/write/retention.ts";
import { isRequest } from "../../store/write/tombstones.ts";

/**
 * Refuses events that are older than the rules keep them. Requests to delete or to vanish pass: what they
 * ask for is done and remembered, however long they are kept themselves. So do ephemeral events, which
 * are not kept anyway.
 */
export function youngEnough(rules: RetentionRules): Policy {
  return {
    name: "retention",
    screen({ event, nowMs }) {
      if (isRequest(event) || kindClass(event.kind) === "ephemeral") return undefined;
      const { pubkey, kind, created_at: createdAt } = event;
      return isTooOld({ pubkey, kind, createdAt }, rules, Math.floor(nowMs / 1_000))
        ? reason("blocked", "older than this relay keeps events of its kind")
        : undefined;
    },
  };
}
