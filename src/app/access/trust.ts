/**
 * Recomputes the web of trust from stored follow lists at intervals.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import {
  storedFollowLists,
  trustedKeys,
  type TrustOptions,
} from "../../relay/access/web_of_trust.ts";
import type { EventStore } from "../../store/event_store.ts";
import { readPublicKeys } from "../settings/public_key.ts";
import type { Settings } from "../settings/setting_list.ts";

/** What {@link Trust.start} needs. */
export interface TrustContext {
  readonly store: Pick<EventStore, "query">;
  readonly clock: Clock;
  readonly log: Log;
}

/** The web of trust that the settings describe; undefined if they name no root. */
export function trustOf(
  { access, limits }: Pick<Settings, "access" | "limits">,
): Trust | undefined {
  const roots = readPublicKeys("access.trust_roots", access.trust_roots);
  return roots.length === 0 ? undefined : new Trust({
    roots,
    maxHops: access.trust_hops,
    maxKeys: limits.max_trusted_keys,
    refreshMs: access.trust_refresh_s * 1_000,
  });
}

/** The set of trusted keys, read from the store again every `refreshMs`. */
export class Trust {
  readonly #options: TrustOptions & { readonly refreshMs: number };
  readonly #closed = new AbortController();
  #keys: ReadonlySet<string> | undefined = undefined;
  #timer: Timer | undefined = undefined;

  constructor(options: TrustOptions & { readonly refreshMs: number }) {
    this.#options = options;
  }

  /** Whether a key is trusted; undefined until the first read has finished. */
  readonly isTrusted = (key: string): boolean | undefined => this.#keys?.has(key);

  /**
   * Reads the follow lists and schedules the next read. Resolves after the first read, even if it
   * failed.
   */
  async start(context: TrustContext): Promise<void> {
    const { store, clock, log } = context;
    const pause = () => new Promise<void>((resolve) => void clock.after(0, resolve));
    const { signal } = this.#closed;
    try {
      this.#keys = await trustedKeys(this.#options, storedFollowLists(store, { pause, signal }));
      log.info("web of trust read", { keys: this.#keys.size });
    } catch (error) {
      if (signal.aborted) return;
      log.warn("the web of trust cannot be read; the one before holds", { error: String(error) });
    }
    if (signal.aborted) return;
    this.#timer = clock.after(this.#options.refreshMs, () => void this.start(context));
  }

  close(): void {
    this.#timer?.cancel();
    this.#closed.abort();
  }
}
