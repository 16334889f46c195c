/**
 * From a database's URL to a store.
 *
 * @module
 */

import { type EventStore, StoreUnavailable } from "../store/event_store.ts";
import { MemoryStore } from "../store/memory.ts";
import { databaseUrl, withoutPassword } from "./database_url.ts";
import type { Settings } from "./setting_list.ts";

/**
 * Opens the store that the settings name. Rejects with {@link StoreUnavailable}.
 *
 * @example
 * ```ts
 * import { openStore } from "./open_store.ts";
 * import { settingsWith } from "./setting_list.ts";
 *
 * const store = await openStore(settingsWith(new Map([["database.url", "memory:"]])));
 * await store.close();
 * ```
 */
export function openStore({ database }: Settings): Promise<EventStore> {
  const url = databaseUrl(database);
  if (url === "memory:") return Promise.resolve(new MemoryStore());
  return Promise.reject(new StoreUnavailable(`cannot open ${withoutPassword(url)}`));
}
