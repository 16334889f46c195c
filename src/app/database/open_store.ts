/**
 * Opens the store that the settings name, in memory or in a database, and puts the window in front
 * of it.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { MemoryStore } from "../../store/memory.ts";
import type { NearbyChannel } from "../../store/feed/nearby_feeds.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { WindowStore } from "../../store/window/window_store.ts";
import { chooseDatabase } from "./choose_database.ts";
import { retentionRules } from "./retention_rules.ts";
import { type Settings, settingsOn } from "../settings/setting_list.ts";
import { memoryLimitBytes } from "../system/memory_limit.ts";
import { systemClock } from "../system/system_clock.ts";
import { systemRandom } from "../system/system_random.ts";
import { turnOf } from "../system/turn_of.ts";

const MEMORY = "memory:";
/** What the URL of a private server begins with; its directory follows. */
export const MANAGED = "managed:";

const BYTES_PER_MIB = 1_048_576;

/** The share of the relay's memory that the window takes at most. */
const WINDOW_SHARE = 0.25;

/**
 * Opens the store that the settings name and migrates its schema. Rejects with {@link
 * StoreUnavailable} if the database cannot be opened.
 */
export async function openStore(
  settings: Settings,
  log: Log,
  thread: ThreadOptions = {},
): Promise<TidyStore> {
  const { database, search } = settings;
  const { url } = await chooseDatabase(database);
  if (url === MEMORY) {
    return new MemoryStore(systemClock, search.max_candidates, turnOf);
  }
  // Imported late: without a database nothing of SQL is loaded.
  const { openSqlStore } = await import("./open_database.ts");
  return await openSqlStore(settingsOn(url, settings), log, thread);
}

/** How one of several threads opens the store. */
export interface ThreadOptions {
  /** How many long queries it may run at once. Default: as many as the pool has connections for them. */
  readonly longQueries?: number | undefined;
  /** Where the database is, if its server was started by another thread. */
  readonly directory?: string | undefined;
  /** Where it says that disk space is low. Default: the log. */
  readonly diskLog?: Log;
  /** To the other threads. */
  readonly nearby?: NearbyChannel;
}

/** The time-outs of queries, in `[limits]`. */
export const queryTimeouts = ["req_timeout_ms", "search_timeout_ms", "count_timeout_ms"] as const;

/** The longest time-out of queries, milliseconds. */
export function longestTimeoutMs(limits: Settings["limits"]): number {
  return Math.max(...queryTimeouts.map((name) => limits[name]));
}

/** Whether the URL names a Postgres server that the relay does not run itself. */
export function isServer(url: string): boolean {
  return /^postgres(ql)?:/.test(url);
}

/** Whether several threads can open the database, each by itself. */
export function canBeShared(url: string): boolean {
  return isServer(url) || url.startsWith(MANAGED);
}

/**
 * Puts the in-memory window in front of the store, if the settings enable it and it can be exact.
 */
export function withWindow(store: TidyStore, settings: Settings, clock: Clock): TidyStore {
  const maxBytes = windowBytes(settings);
  return maxBytes === 0 || othersMayRemove(settings)
    ? store
    : new WindowStore(store, { maxBytes, clock, random: systemRandom });
}

/**
 * How much memory the window may take, bytes: the connections need the larger part of what there is. Without
 * a database it holds everything, because `memory:` has all events in memory anyway and no index of them.
 */
export function windowBytes(
  { cache, limits, database }: Pick<Settings, "cache" | "limits" | "database">,
): number {
  if (database.url === MEMORY && cache.max_mib > 0) return Infinity;
  const most = WINDOW_SHARE * memoryLimitBytes(limits.max_memory_mb);
  return Math.min(cache.max_mib * BYTES_PER_MIB, most);
}

/**
 * Whether another instance may delete events by retention. Such deletions are not announced through
 * the feed, so a window would keep them.
 */
export function othersMayRemove(settings: Settings): boolean {
  const { ages, maxBytes } = retentionRules(settings);
  const isRemoving = maxBytes !== Infinity || ages.some(({ maxAgeS }) => maxAgeS !== Infinity);
  return isRemoving && isServer(settings.database.url);
}
