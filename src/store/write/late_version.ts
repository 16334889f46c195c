/**
 * Versions that come after their own deletion was asked for.
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { addressOf } from "../../nostr/kind.ts";
import type { LateVersion } from "../event_store.ts";

/** What a deleted event takes with it; undefined for one that replaces nothing. */
export function lateVersion(event: NostrEvent): LateVersion | undefined {
  const address = addressOf(event);
  return address && { id: event.id, createdAt: event.created_at, ...address };
}
