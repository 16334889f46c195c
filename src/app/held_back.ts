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
import type { Settings } from "./settings/setting_list.ts";

/** The settings that {@link heldBack} compares. */
export interface HeldBackSettings {
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
 * events. The database's own time-out was set at the start, by the longest of the relay's.
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
  return new Set(names);
}
