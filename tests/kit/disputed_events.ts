/**
 * Events that conflict: versions of a few addresses, deletion requests for them, and a request to
 * vanish. The resulting store must not depend on the order in which they are stored.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import { addressOf } from "../../src/nostr/kind.ts";
import { generateEvents } from "./event_generator.ts";
import { someEvent } from "./records.ts";
import type { SeededRandom } from "./seeded_random.ts";

/** Few, so that their events conflict often. */
const AUTHORS = 12;

/** About `count` events, shuffled. The same seed gives the same events. */
export function disputedEvents(random: SeededRandom, count: number): readonly NostrEvent[] {
  const events = generateEvents(random, count, { authors: AUTHORS, deletions: true });
  const versioned = events.filter((event) => addressOf(event) !== undefined);
  const versions = Array.from({ length: count / 5 }, () => rival(random, random.pick(versioned)));
  const requests = Array.from({ length: count / 10 }, () => request(random, random.pick(events)));
  const { pubkey, created_at } = random.pick(events);
  const vanish = { kind: 62, tags: [["relay", "ALL_RELAYS"]], pubkey, created_at };
  return random.shuffled([...events, ...versions, ...requests, eventOf(random, vanish)]);
}

/** Another version of the same address with a `created_at` near the first. */
function rival(random: SeededRandom, event: NostrEvent): NostrEvent {
  const created_at = Math.max(0, event.created_at + random.pick([-1, 0, 0, 0, 1]));
  return eventOf(random, { ...event, created_at });
}

/** A deletion request by the owner, for the event or for its address. */
function request(random: SeededRandom, event: NostrEvent): NostrEvent {
  const { id, pubkey, kind, tags, created_at } = event;
  const d = tags.find(([name]) => name === "d")?.[1] ?? "";
  const owner = kind === 1059 ? tags[0]![1]! : pubkey;
  const named = random.chance(0.5) ? ["e", id] : ["a", `${kind}:${pubkey}:${d}`];
  return eventOf(random, { kind: 5, pubkey: owner, tags: [named], created_at });
}

/** An event with a random id. */
function eventOf(random: SeededRandom, fields: Partial<NostrEvent>): NostrEvent {
  return someEvent({ ...fields, id: random.bytes(32).toHex() });
}
