/**
 * What the operator's rules ban, as the window needs it.
 *
 * @see NIP-86
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import type { Rule, RuleChange } from "../event_store.ts";

/** The keys and events that the operator's rules ban: no reader is shown them. */
export interface Banned {
  readonly keys: ReadonlySet<string>;
  readonly events: ReadonlySet<string>;
}

/** What these rules ban. */
export function bannedBy(rules: readonly Rule[]): Banned {
  return changedBy(rules, { keys: new Set(), events: new Set() });
}

/** What is banned after these changes. */
export function changedBy(changes: readonly RuleChange[], before: Banned): Banned {
  const keys = new Set(before.keys);
  const events = new Set(before.events);
  for (const { list, value, reason } of changes) {
    const values = list === "banned-key" ? keys : list === "banned-event" ? events : undefined;
    if (reason === undefined) values?.delete(value);
    else values?.add(value);
  }
  return { keys, events };
}

/** Whether the event is hidden. */
export function isBanned({ keys, events }: Banned, { id, pubkey }: NostrEvent): boolean {
  return keys.has(pubkey) || events.has(id);
}
