/**
 * Reloadable settings that cannot change in a relay that runs.
 *
 * @module
 */

import { admins } from "./access/access_policies.ts";
import {
  longestTimeoutMs,
  othersMayRemove,
  queryTimeouts,
  windowBytes,
} from "./database/open_store.ts";
import { searchLimits } from "./relay_limits.ts";
import type { Settings } from "./settings/setting_list.ts";

interface HeldBackSettings {
  /** Those that the relay was started with. */
  readonly started: Settings;
  /** Those in force. */
  readonly running: Settings;
  /** Those that were read. */
  readonly read: Settings;
}

/**
 * Names reloadable settings that cannot have their value in `read`. The management API is made at the
 * start. A window has to hear of each event that goes, which it does not when other instances remove
 * events. It keeps its size, which is a share of the memory limit. The database's own time-out was set at
 * the start, by the longest of the relay's. Kinds that were private at the start have no words in the
 * index for search.
 */
export function heldBack({ started, running, read }: HeldBackSettings): ReadonlySet<string> {
  const names: string[] = [];
  if (admins(started).size === 0 && admins(read).size > 0) {
    names.push("access.admins", "relay.pubkey");
  }
  const maxTimeoutMs = longestTimeoutMs(started.limits);
  for (const name of queryTimeouts) {
    if (read.limits[name] > maxTimeoutMs) names.push(`limits.${name}`);
  }
  if (started.tls.certificate_files.length > 0 !== read.tls.certificate_files.length > 0) {
    names.push("tls.certificate_files", "tls.key_files");
  }
  const { retention } = read;
  const hasWindow = windowBytes(started) > 0 && !othersMayRemove(started);
  if (hasWindow && othersMayRemove({ ...running, retention })) {
    names.push(...Object.keys(retention).map((key) => `retention.${key}`));
  }
  if (windowBytes({ ...started, limits: read.limits }) < windowBytes(started)) {
    names.push("limits.max_memory_mb");
  }
  const indexed = searchLimits(started)?.kinds;
  const searched = searchLimits({ ...started, access: read.access })?.kinds;
  if (indexed && searched?.isSubsetOf(indexed) === false) names.push("access.private_kinds");
  return new Set(names);
}
