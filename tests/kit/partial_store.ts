/**
 * Stores of which a test replaces some methods.
 *
 * @module
 */

import { MemoryStore } from "../../src/store/memory.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";

/** A memory store with `parts` in place of its own methods. */
export function partialStore(parts: Partial<TidyStore>): TidyStore {
  return Object.assign(new MemoryStore(), parts);
}
