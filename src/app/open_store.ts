/**
 * From a database's URL to a store.
 *
 * @module
 */

import type { Log } from "../base/log.ts";
import { type EventStore, StoreUnavailable } from "../store/event_store.ts";
import { MemoryStore } from "../store/memory.ts";
import { databaseUrl, withoutPassword } from "./database_url.ts";
import type { Settings } from "./setting_list.ts";

/**
 * Opens the store that the settings name; a database that the relay runs itself speaks through the log.
 * Rejects with {@link StoreUnavailable}.
 *
 * @example
 * ```ts
 * import { silentLog } from "../base/log.ts";
 * import { openStore } from "./open_store.ts";
 * import { settingsWith } from "./setting_list.ts";
 *
 * const settings = settingsWith(new Map([["database.url", "memory:"]]));
 * const store = await openStore(settings, silentLog);
 * await store.close();
 * ```
 */
export function openStore({ database }: Settings, _log: Log): Promise<EventStore> {
  const url = databaseUrl(database);
  if (url === "memory:") return Promise.resolve(new MemoryStore());
  return Promise.reject(new StoreUnavailable(`cannot open ${withoutPassword(url)}`));
}
