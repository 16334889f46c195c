/**
 * Stores of which a test writes only what it is about.
 *
 * @module
 */

import type { EventStore } from "../../src/store/event_store.ts";
import { MemoryStore } from "../../src/store/memory.ts";

/** A memory store with `parts` in place of its own. */
export function partialStore(parts: Partial<EventStore>): EventStore {
  return Object.assign(new MemoryStore(), parts);
}
