/**
 * Tells which settings the chosen database ignores.
 *
 * @module
 */

import type { Settings } from "../settings/setting_list.ts";
import { type DatabaseKind, databaseKind } from "./database_url.ts";

/** The databases that use a setting, where not all do. */
const usedBy: Readonly<Record<string, readonly DatabaseKind[]>> = {
  "database.read_url": ["postgres"],
  "database.max_replica_lag_ms": ["postgres"],
  "database.pool_size": ["managed", "postgres"],
  "database.shared_buffers_mb": ["pglite", "managed"],
  "database.min_free_mib": ["pglite", "managed"],
  "database.direct_url": ["postgres"],
  "database.start_wait_s": ["postgres"],
  "sync.slices": ["pglite", "managed", "postgres"],
  "sync.slice_events": ["pglite", "managed", "postgres"],
  "limits.max_fetched_bytes": ["pglite", "managed", "postgres"],
};

/** A setting that has no effect, and why. */
interface IgnoredSetting {
  /** The full name. */
  readonly name: string;
  /** The end of a sentence that begins with the name. */
  readonly because: string;
}

/**
 * The settings, of those that were given, that have no effect with this database.
 *
 * @param url the chosen database
 * @param given full names
 */
export function ignoredSettings(
  { retention }: Pick<Settings, "retention">,
  url: string,
  given: Iterable<string>,
): readonly IgnoredSetting[] {
  const kind = databaseKind(url);
  const hasRetention = retention.max_age_days > 0 || retention.max_total_mib > 0 ||
    retention.kind_age_days.length > 0;
  return [...given].flatMap((name) => {
    const because = usedBy[name]?.includes(kind) === false
      ? `has no effect: the database is ${words[kind]}`
      : name === "cache.max_mib" && kind === "postgres" && hasRetention
      ? "has no effect: with [retention] on a server's database events are not kept in memory"
      : undefined;
    return because === undefined ? [] : [{ name, because }];
  });
}

const words: Readonly<Record<DatabaseKind, string>> = {
  memory: "memory:",
  pglite: "pglite:",
  managed: "managed:, a private server",
  postgres: "a server of its own (postgres://)",
};
