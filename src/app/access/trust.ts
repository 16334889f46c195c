/**
 * Recomputes the web of trust from stored follow lists at intervals.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { sleep } from "../../base/sleep.ts";
import {
  storedFollowLists,
  trustedKeys,
  type TrustOptions,
} from "../../relay/access/web_of_trust.ts";
import type { EventStore } from "../../store/event_store.ts";
import { readPublicKeys } from "../settings/key_text.ts";
import type { Settings } from "../settings/setting_list.ts";
import { Repetition } from "./repetition.ts";

interface TrustContext {
  readonly store: Pick<EventStore, "query">;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The web of trust that the settings describe; undefined if they name no root.
 *
 * @param previous its keys are trusted until the new web has been read
 */
export function trustOf(
  { access, limits }: Pick<Settings, "access" | "limits">,
  previous?: Trust,
): Trust | undefined {
  const roots = readPublicKeys("access.trust_roots", access.trust_roots);
  return roots.length === 0 ? undefined : new Trust({
    roots,
    maxHops: access.trust_hops,
    maxKeys: limits.max_trusted_keys,
    refreshMs: access.trust_refresh_s * 1_000,
  }, previous);
}

/** The set of trusted keys, read from the store again every `refreshMs`. */
export class Trust {
  readonly #options: TrustOptions;
  readonly #repetition: Repetition;
  #keys: ReadonlySet<string> | undefined;

  constructor(
    { refreshMs, ...options }: TrustOptions & { readonly refreshMs: number },
    previous?: Trust,
  ) {
    this.#options = options;
    this.#keys = previous === undefined ? undefined : previous.#keys;
    this.#repetition = new Repetition(refreshMs);
  }

  /** Whether a key is trusted; undefined until the first read has finished. */
  readonly isTrusted = (key: string): boolean | undefined => this.#keys?.has(key);

  /** Reads the follow lists, now and at intervals. Resolves after the first time, even if it failed. */
  start(context: TrustContext): Promise<void> {
    return this.#repetition.start(context.clock, (signal) => this.#read(context, signal));
  }

  close(): void {
    this.#repetition.close();
  }

  async #read({ store, clock, log }: TrustContext, signal: AbortSignal): Promise<void> {
    const pause = () => sleep(0, clock);
    try {
      this.#keys = await trustedKeys(this.#options, storedFollowLists(store, { pause, signal }));
      log.info("web of trust read", { keys: this.#keys.size });
    } catch (error) {
      if (signal.aborted) return;
      log.warn("web of trust not refreshed, the previous one remains in use", {
        error: String(error),
      });
    }
  }
}
