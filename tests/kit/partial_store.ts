/**
 * Stores of which a test writes only what it is about.
 *
 * @module
 */

import { MemoryStore } from "../../src/store/memory.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";

/** A memory store with `parts` in place of its own. */
export function partialStore(parts: Partial<TidyStore>): TidyStore {
  return Object.assign(new MemoryStore(), parts);
}
