/**
 * Databases' URLs, for people to see.
 *
 * @module
 */

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
