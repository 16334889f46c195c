/**
 * Events that come after their own deletion was asked for, and take others with them.
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { addressOf } from "../../nostr/kind.ts";
import type { LateEvent } from "../event_store.ts";
import { isRequest } from "./tombstones.ts";

/** The tags that say what is deleted or replaced. */
const NAMES: ReadonlySet<string | undefined> = new Set(["a", "d", "e"]);

/** What is announced of a deleted event; undefined for one that takes nothing with it. */
export function lateEvent(event: NostrEvent): LateEvent | undefined {
  if (addressOf(event) === undefined && !isRequest(event)) return undefined;
  const { id, pubkey, kind, created_at, tags } = event;
  return { id, pubkey, kind, created_at, tags: tags.filter(([name]) => NAMES.has(name)) };
}
