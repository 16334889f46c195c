/**
 * Short ways to make events for stores and to read their answers.
 *
 * @module
 */

import { deepEqual } from "node:assert/strict";
import { utf8 } from "../../src/base/bytes.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import type { EventRecord, EventStore } from "../../src/store/event_store.ts";
import { SeededRandom } from "./seeded_random.ts";

const keys = new SeededRandom(9);

/** 64 hex digits that were not used before. */
export function newKey(): string {
  return keys.bytes(32).toHex();
}

/** An event with a unique id; kind 1 and time 100 unless given. */
export function someEvent(fields: Partial<NostrEvent> = {}): NostrEvent {
  return {
    id: newKey(),
    pubkey: "ab".repeat(32),
    created_at: 100,
    kind: 1,
    tags: [],
    content: "",
    sig: "0".repeat(128),
    ...fields,
  };
}

/** The event as a store takes it. */
export function recordOf(event: NostrEvent): EventRecord {
  return { event, json: utf8(eventJson(event)) };
}

/** A filter with these conditions. */
export function filterOf(fields: Partial<ReqFilter>): ReqFilter {
  return { tags: new Map(), ...fields };
}

/** The ids that the store returns, in its order; what it has at hand is the same. */
export async function idsIn(
  store: EventStore,
  ...filters: readonly Partial<ReqFilter>[]
): Promise<string[]> {
  const answer = store.query(filters.map(filterOf));
  const whole = answer.whole?.();
  const ids: string[] = [];
  for await (const chunk of answer) ids.push(...chunk.map(({ id }) => id));
  if (whole !== undefined) deepEqual(whole.map(({ id }) => id), ids);
  return ids;
}
