/**
 * Which database the settings mean.
 *
 * @module
 */

import type { Settings } from "./setting_list.ts";

/**
 * The database's URL: the one that was set, or else the embedded database inside the data directory.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { databaseUrl } from "./database_url.ts";
 * import { defaultSettings } from "./setting_list.ts";
 *
 * equal(databaseUrl(defaultSettings.database), "pglite:./data/pglite");
 * equal(databaseUrl({ ...defaultSettings.database, url: "memory:" }), "memory:");
 * ```
 */
export function databaseUrl({ url, data }: Settings["database"]): string {
  return url === "" ? `pglite:${data.replace(/\/+$/, "")}/pglite` : url;
}

/**
 * A database's URL as it may be shown: with `***` where a password was.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { withoutPassword } from "./database_url.ts";
 *
 * equal(withoutPassword("postgres://relay:secret@db/events"), "postgres://relay:***@db/events");
 * equal(withoutPassword("pglite:./data/pglite"), "pglite:./data/pglite");
 * ```
 */
export function withoutPassword(url: string): string {
  return url
    .replace(/^([a-z]+:\/\/[^:@/?]*):.*@/, "$1:***@")
    .replace(/([?&]password=)[^&]*/g, "$1***");
}
