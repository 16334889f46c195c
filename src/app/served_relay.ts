/**
 * What `serve` runs: a relay in this thread, or one in several.
 *
 * @module
 */

import type { Activity } from "./activity/activity.ts";
import type { Settings } from "./settings/setting_list.ts";

/** A relay that is served, in however many threads. */
export interface ServedRelay {
  /** Resolves when the relay cannot go on. Where there is none, it always can. */
  readonly failed?: Promise<void>;
  /** How many connections are open, as far as is known. */
  readonly connectionCount: number;
  /** What it does just now and for whom. Nothing is measured while nobody asks. */
  activity(): Promise<Activity>;
  /** Accepts connections at `address` and returns the URL. Rejects if it cannot listen there. */
  listen(address: string): Promise<string>;
  /** Reads the certificates again if their files have changed. */
  reloadCertificates(): void;
  /** Names reloadable settings that cannot have their value in `read` in this relay. */
  heldBack(read: Settings): ReadonlySet<string>;
  /**
   * Makes new settings ready and returns a function that puts them into force. Rejects if they cannot
   * be used.
   */
  prepare(settings: Settings): Promise<() => void>;
  /** Shuts down within `network.shutdown_timeout_ms`. */
  close(): Promise<void>;
}
