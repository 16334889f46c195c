/**
 * Follows relays on which the keys of the settings are mentioned.
 *
 * Each is a mirror whose events come from there, so reading in pages, following, policies and back-off
 * are those of mirrors. Which relays they are is chosen again at intervals.
 *
 * @see NIP-65
 * @module
 */

import type { Timer } from "../../base/clock.ts";
import type { Source } from "../../base/fair_queue.ts";
import { silentLog } from "../../base/log.ts";
import { LruMap } from "../../base/lru_map.ts";
import { sleep } from "../../base/sleep.ts";
import { FOLLOW_LIST } from "../../nostr/kind.ts";
import { RELAY_LIST } from "../../nostr/relay_list.ts";
import { storedFollowLists, trustedKeys } from "../../relay/access/web_of_trust.ts";
import { inboxRelays } from "../../sync/inbox_relays.ts";
import { countTaken, type Exchange, type Mirror, zeroMirrorCounters } from "../../sync/mirror.ts";
import type { RelayLists } from "../../sync/relay_lists.ts";
import { Repetition } from "../access/repetition.ts";
import { mirrorLimits, type PlannedMirror } from "./mirror_plans.ts";
import { Mirrors } from "./mirrors.ts";
import type { MirrorContext } from "./mirror_host.ts";
import type { RelayListSettings } from "./relay_list_exchange.ts";
import { readFilterSetting } from "../settings/filter_setting.ts";
import { readPublicKeys } from "../settings/key_text.ts";
import { untrustedRelay } from "../transfer/untrusted_relay.ts";

interface InboxContext extends MirrorContext {
  readonly lists: RelayLists;
  readonly isOwn: (url: string) => boolean;
  readonly source: Source;
}

/** Events of one relay that are being stored. */
const MAX_PENDING = 50;

/** Of so many events of one relay is remembered that they came, and as many that were refused. */
const MAX_REMEMBERED = 5_000;

/** The longest message and answer of such a relay: events may be larger than here. */
const MAX_MESSAGE_BYTES = 1_048_576;
const MAX_ANSWER_CHARACTERS = 2 * 1_048_576;

/** Events that are taken at once. */
const EVENT_BURST = 100;

/** How long a relay that could not be reached gives way to others, milliseconds. */
const GIVE_WAY_MS = 6 * 3_600_000;

/** How long to wait for more after a list of a key has changed, milliseconds. */
const SETTLE_MS = 1_000;

/** Chooses and follows relays from the start until {@link close}. */
export class InboxMirrors implements Exchange {
  readonly plan = { direction: "down" } as const;
  readonly outgoing = { length: 0 };
  readonly hasMissed = false;
  readonly followedUntilS = undefined;
  /** Of all relays, those included that are no longer followed. */
  readonly counters = { ...zeroMirrorCounters(), connected: true };
  readonly #settings: RelayListSettings;
  readonly #context: InboxContext;
  readonly #keys: readonly string[];
  readonly #mirrors: Mirrors;
  readonly #stopListening: () => void;
  #repetition: Repetition | undefined;
  #reading = Promise.resolve();
  #settling: Timer | undefined;
  #isClosed = false;
  /** Since when each relay is followed, on the monotonic clock. */
  #chosenMs: ReadonlyMap<string, number> = new Map();
  /** Relays that could not be reached, and until when others come first, on the monotonic clock. */
  readonly #away = new LruMap<string, number>(1_000);

  constructor(settings: RelayListSettings, context: InboxContext) {
    const { relay_lists } = settings;
    const { relay, clock } = context;
    this.#settings = settings;
    this.#context = context;
    this.#keys = [...new Set(readPublicKeys("relay_lists.inbox_keys", relay_lists.inbox_keys))];
    this.#mirrors = new Mirrors([], {
      ...context,
      // What relays of strangers do is no news: figures tell how many are connected.
      log: { ...silentLog, error: (message, fields) => context.log.error(message, fields) },
      found: {
        untrusted: untrustedRelay({
          maxMessageBytes: MAX_MESSAGE_BYTES,
          bytesPerS: relay_lists.byte_rate,
          allowsPrivate: relay_lists.allow_private_addresses,
        }),
        events: { perSecond: relay_lists.inbox_event_rate, burst: EVENT_BURST },
        onTaken: (taken) => {
          this.counters.received++;
          countTaken(this.counters, taken);
        },
      },
    });
    const kinds = new Set([RELAY_LIST, FOLLOW_LIST]);
    const ownLists = { authors: new Set(this.#keys), kinds, tags: new Map() };
    this.#stopListening = relay.listen([ownLists], () => {
      this.#settling ??= clock.after(SETTLE_MS, () => {
        this.#settling = undefined;
        this.#repeat();
      });
    });
    this.#repeat();
  }

  /** The relays that are followed. */
  get all(): readonly Mirror[] {
    return this.#mirrors.all;
  }

  /** How many of them are connected. */
  get connectionCount(): number {
    return this.all.filter(({ counters }) => counters.connected).length;
  }

  /** For `top`. */
  get name(): string {
    return `inbox (${this.connectionCount} of ${this.all.length} connected)`;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    this.#settling?.cancel();
    this.#repetition?.close();
    await this.#reading;
    await this.#mirrors.close();
  }

  /** Chooses now, and then at intervals. */
  #repeat(): void {
    if (this.#isClosed) return;
    this.#repetition?.close();
    const { inbox_refresh_s } = this.#settings.relay_lists;
    const repetition = new Repetition(inbox_refresh_s * 1_000);
    this.#repetition = repetition;
    this.#reading = this.#reading.then(() =>
      repetition.start(this.#context.clock, (signal) => this.#choose(signal))
    );
  }

  async #choose(signal: AbortSignal): Promise<void> {
    const { log } = this.#context;
    try {
      const urls = await this.#relays(signal);
      if (signal.aborted) return;
      const nowMs = this.#context.clock.monotonicMs();
      this.#chosenMs = new Map(urls.map((url) => [url, this.#chosenMs.get(url) ?? nowMs]));
      this.#mirrors.update(urls.map((url) => this.#planned(url)));
      log.debug("inbox relays chosen", { relays: urls.length });
    } catch (error) {
      if (!signal.aborted) log.warn("inbox relays cannot be chosen", { reason: String(error) });
    }
  }

  async #relays(signal: AbortSignal): Promise<readonly string[]> {
    const { relay_lists } = this.#settings;
    const { lists, isOwn, clock } = this.#context;
    const nowMs = clock.monotonicMs();
    this.#noteAway(nowMs);
    const own = await lists.of(this.#keys, signal);
    const followed = await lists.of(await this.#followed(signal), signal);
    const sources = { own: own.values(), followed: followed.values() };
    const isAway = (url: string) => (this.#away.get(url) ?? 0) > nowMs;
    return inboxRelays(
      sources,
      relay_lists.inbox_max_relays,
      (url) => isOwn(url) ? "never" : isAway(url) ? "last" : "first",
    );
  }

  async #followed(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { inbox_followed, max_followed_keys } = this.#settings.relay_lists;
    if (!inbox_followed) return new Set();
    const { store, clock } = this.#context;
    const pause = () => sleep(0, clock);
    const maxKeys = this.#keys.length + max_followed_keys;
    const bounds = { roots: this.#keys, maxHops: 1, maxKeys };
    const keys = new Set(await trustedKeys(bounds, storedFollowLists(store, { pause, signal })));
    for (const key of this.#keys) keys.delete(key);
    return keys;
  }

  /** What was chosen a while ago, and has no connection now or has not answered, gives way. */
  #noteAway(nowMs: number): void {
    const patienceMs = this.#settings.relay_lists.inbox_refresh_s * 1_000;
    for (const { counters, followedUntilS, plan: { url } } of this.#mirrors.all) {
      const isOfUse = followedUntilS !== undefined || counters.received > 0;
      if (counters.connected && isOfUse || nowMs - this.#chosenMs.get(url)! < patienceMs) continue;
      this.#away.set(url, nowMs + GIVE_WAY_MS);
    }
  }

  #planned(url: string): PlannedMirror {
    const { relay_lists, mirrors } = this.#settings;
    const { filter, filterJson } = readFilterSetting(relay_lists.inbox_filter)!;
    const p = new Set(this.#keys);
    const settings = {
      ...{ url, direction: "down" as const, filter: "", auth_key_file: "", private: false },
      catch_up_s: relay_lists.inbox_catch_up_s,
    };
    const limits = mirrorLimits(mirrors);
    return {
      settings,
      plan: {
        ...{ url, direction: settings.direction, signer: undefined, reconciles: false },
        filter: { ...filter, tags: new Map([...filter.tags, ["p", p]]) },
        filterJson: { ...filterJson, "#p": this.#keys },
        catchUpS: settings.catch_up_s,
        limits: {
          ...limits,
          maxPendingEvents: Math.min(limits.maxPendingEvents, MAX_PENDING),
          maxRememberedIds: Math.min(limits.maxRememberedIds, MAX_REMEMBERED),
          maxAnswerCharacters: MAX_ANSWER_CHARACTERS,
        },
      },
    };
  }
}
