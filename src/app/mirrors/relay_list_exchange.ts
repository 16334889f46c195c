/**
 * Exchanges events with the relays that people name for themselves, as the settings say.
 *
 * @see NIP-65
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { expirationOf } from "../../nostr/expiration.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { GIFT_WRAP } from "../../nostr/gift_wrap.ts";
import { matches } from "../../nostr/match.ts";
import { relayHostOf, relayUrlIn } from "../../nostr/relay_list.ts";
import { ConnectedClient } from "../../relay/access/client.ts";
import type { Exchange } from "../../sync/mirror.ts";
import { Outbox, type OutboxHost, type OutboxPlan } from "../../sync/outbox.ts";
import { RelayLists } from "../../sync/relay_lists.ts";
import { InboxMirrors } from "./inbox_mirrors.ts";
import { type MirrorContext, mirrorHost, storedEvents } from "./mirror_host.ts";
import { readFilterSetting } from "../settings/filter_setting.ts";
import type { Settings } from "../settings/setting_list.ts";
import { systemRandom } from "../system/system_random.ts";
import { connectRemote } from "../transfer/remote_connection.ts";
import { untrustedRelay } from "../transfer/untrusted_relay.ts";

/** The settings that count. */
export type RelayListSettings = Pick<Settings, "relay_lists" | "mirrors" | "relay">;

/** Encrypted messages, seals and gift wraps: who talks to whom is nobody's to spread. */
const NEVER_SENT: ReadonlySet<number> = new Set([4, 13, GIFT_WRAP, 21_059]);

/** The longest that such a relay may be silent about an event, milliseconds: others wait. */
const MAX_ANSWER_MS = 10_000;

/** Answers to events are short. A NOTICE, or a live event that was not asked for, may be longer. */
const MAX_ANSWER_BYTES = 128 * 1_024;

/** The outbox and the inbox of one relay. */
export class RelayListExchange {
  readonly #context: MirrorContext;
  #outbox: Outbox | undefined;
  #inbox: InboxMirrors | undefined;
  #lists: RelayLists | undefined;
  #settings: RelayListSettings;
  /** Those that the settings have ended. */
  readonly #ending = new Set<Promise<void>>();

  constructor(settings: RelayListSettings, context: MirrorContext) {
    this.#context = context;
    this.#settings = settings;
    this.#start();
  }

  /** Undefined while nothing is sent. */
  get outbox(): Outbox | undefined {
    return this.#outbox;
  }

  /** Undefined while nothing is fetched. */
  get inbox(): InboxMirrors | undefined {
    return this.#inbox;
  }

  /** Both, as far as the settings ask for them. */
  get all(): readonly Exchange[] {
    return [this.#outbox, this.#inbox].filter((each) => each !== undefined);
  }

  /** Begins anew if something changes. What waits to be sent is then forgotten. */
  update(settings: RelayListSettings): void {
    const isSame = JSON.stringify(settings.relay_lists) ===
        JSON.stringify(this.#settings.relay_lists) &&
      settings.relay.url === this.#settings.relay.url;
    this.#settings = settings;
    if (isSame) return;
    this.#end();
    this.#start();
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#end();
    await Promise.all(this.#ending);
  }

  #start(): void {
    const { relay_lists } = this.#settings;
    const plan = outboxPlan(this.#settings);
    if (plan === undefined && relay_lists.inbox_keys.length === 0) return;
    const { relay, store, clock } = this.#context;
    const source = { client: "relay lists", connection: {} };
    const lists = new RelayLists({
      clock,
      maxRelays: relay_lists.max_relays_per_key,
      query: (filter, signal) => storedEvents(store, filter, { signal, source }),
      listen: (filter, onEvent) => relay.listen([filter], onEvent),
    });
    this.#lists = lists;
    const isOwn = isOwnRelay(this.#settings);
    if (plan !== undefined) {
      this.#outbox = new Outbox(plan, this.#outboxHost(lists, isOwn));
      this.#outbox.start();
    }
    if (relay_lists.inbox_keys.length > 0) {
      this.#inbox = new InboxMirrors(this.#settings, { ...this.#context, lists, isOwn, source });
    }
  }

  #end(): void {
    const parts = [this.#outbox?.stop(), this.#inbox?.close()];
    this.#lists?.close();
    this.#outbox = this.#inbox = this.#lists = undefined;
    const ending = Promise.all(parts).then(() => void this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #outboxHost(
    lists: RelayLists,
    isOwn: (url: string) => boolean,
  ): OutboxHost {
    const { relay_lists, mirrors } = this.#settings;
    const { relay, clock, log } = this.#context;
    const host = mirrorHost(
      { url: "outbox", private: relay_lists.outbox_when_closed },
      this.#context,
    );
    const anyone = new ConnectedClient("outbox");
    const maySend = (event: NostrEvent) =>
      !NEVER_SENT.has(event.kind) &&
      !relay.access.readerOf(anyone).privateKinds.has(event.kind) && host.maySend(event);
    // Asked for by id, so that it does not matter which filters are too broad for clients.
    const readable = (ids: readonly string[]): Promise<readonly ReqFilter[]> =>
      host.readable({ ids: new Set(ids), tags: new Map() });
    const untrusted = untrustedRelay({
      maxMessageBytes: MAX_ANSWER_BYTES,
      bytesPerS: relay_lists.byte_rate,
      allowsPrivate: relay_lists.allow_private_addresses,
    });
    return {
      ...{ clock, log, random: systemRandom, isOwn, maySend },
      listen: host.listen,
      mayRead: async (ids) => (await readable(ids)).length > 0,
      relaysOf: (keys, signal) => lists.of(keys, signal),
      connect: (url, stop) =>
        connectRemote({
          ...{ url, clock, log, random: systemRandom, stop, signer: undefined, untrusted },
          timeoutMs: Math.min(mirrors.answer_timeout_ms, MAX_ANSWER_MS),
        }),
      async *read(ids, signal) {
        const filters = await readable(ids);
        const nowS = Math.floor(clock.nowMs() / 1_000);
        for await (const events of host.read(ids, signal)) {
          yield events.filter((event) =>
            maySend(event) && (expirationOf(event) ?? Infinity) > nowS &&
            filters.some((filter) => matches(filter, event))
          );
        }
      },
    };
  }
}

function outboxPlan({ relay_lists, mirrors }: RelayListSettings): OutboxPlan | undefined {
  const read = readFilterSetting(relay_lists.outbox_filter);
  return read && {
    ...{ direction: "up", filter: read.filter },
    toMentioned: relay_lists.outbox_to_mentioned,
    maxAgeS: relay_lists.outbox_max_age_s || undefined,
    limits: {
      maxConnections: relay_lists.max_connections,
      connectsPerS: relay_lists.connection_rate,
      maxRelaysPerEvent: relay_lists.max_relays_per_event,
      maxMentionedKeys: relay_lists.max_mentioned_keys,
      maxWaitingRelays: relay_lists.max_waiting_relays,
      maxWaitingEvents: relay_lists.max_waiting_events,
      idleCloseMs: relay_lists.idle_close_s * 1_000,
      maxRetryMs: mirrors.max_retry_s * 1_000,
    },
  };
}

/** Whether a URL is this relay's, whatever its path. */
function isOwnRelay({ relay }: RelayListSettings): (url: string) => boolean {
  const own = relayUrlIn(relay.url);
  const host = own === undefined ? undefined : relayHostOf(own);
  return (url) => relayHostOf(url) === host;
}
