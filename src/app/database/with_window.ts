/**
 * Whether the newest events are answered from memory.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { WindowStore } from "../../store/window/window_store.ts";
import { retentionRules } from "./retention_rules.ts";
import type { Settings } from "../settings/setting_list.ts";

const BYTES_PER_MIB = 1_048_576;

/** The store, with a window before it where the settings ask for one and it can be exact. */
export function withWindow(store: TidyStore, settings: Settings, clock: Clock): TidyStore {
  const maxBytes = settings.cache.max_mib * BYTES_PER_MIB;
  return maxBytes === 0 || othersMayRemove(settings)
    ? store
    : new WindowStore(store, { maxBytes, clock });
}

/** What another instance removes for its age or size is told to nobody. */
function othersMayRemove(settings: Settings): boolean {
  const { ages, maxBytes } = retentionRules(settings);
  const isRemoving = maxBytes !== Infinity || ages.some(({ maxAgeS }) => maxAgeS !== Infinity);
  return isRemoving && /^postgres(?:ql)?:/.test(settings.database.url);
}
