/**
 * The policy that follows what the operator has decided one by one.
 *
 * @see NIP-86
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Policy } from "./policy.ts";
import type { RuleBook } from "./rules.ts";

/**
 * Refuses banned keys, events and kinds, and blocked addresses. A request to vanish is taken from anybody,
 * as NIP-62 asks: whoever is banned may still take back what they wrote.
 */
export function ruledBy(rules: RuleBook): Policy {
  return {
    name: "operator's rules",
    connect: ({ address }) =>
      rules.has("blocked-ip", address) ? reason("blocked", "this address is blocked") : undefined,
    screen: ({ event }) => event.kind === VANISH_REQUEST ? undefined : refusalOf(event, rules),
  };
}

function refusalOf({ id, pubkey, kind }: NostrEvent, rules: RuleBook): Reason | undefined {
  if (rules.has("banned-key", pubkey)) return reason("blocked", "this key is banned");
  if (rules.has("banned-event", id)) return reason("blocked", "this event is banned");
  const isAllowed = rules.count("allowed-kind") === 0 || rules.has("allowed-kind", `${kind}`);
  return !isAllowed || rules.has("banned-kind", `${kind}`)
    ? reason("blocked", `events of kind ${kind} are not taken here`)
    : undefined;
}
