/**
 * Sends events on to where their authors publish, and where those they mention read.
 *
 * @see NIP-65
 * @module
 */

import { Inbox } from "../base/inbox.ts";
import { Latch } from "../base/latch.ts";
import { select } from "../base/select.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { isHex, KEY_DIGITS } from "../nostr/hex.ts";
import { kindClass } from "../nostr/kind.ts";
import type { RelayList } from "../nostr/relay_list.ts";
import type { Exchange } from "./mirror.ts";
import { type OutboxRelayLimits, OutboxRelays, type OutboxRelaysHost } from "./outbox_relays.ts";
import type { OutboxCounters } from "./outbox_visit.ts";

/** What is sent where. */
export interface OutboxPlan {
  readonly direction: "up";
  readonly filter: ReqFilter;
  /** Whether events go to those that they mention, too. */
  readonly toMentioned: boolean;
  /** The age beyond which events are not sent, seconds; undefined for any age. */
  readonly maxAgeS: number | undefined;
  readonly limits: OutboxLimits;
}

interface OutboxLimits extends OutboxRelayLimits {
  /** Relays that one event is sent to. */
  readonly maxRelaysPerEvent: number;
  /** Mentioned keys of one event that are looked up. */
  readonly maxMentionedKeys: number;
}

/** This relay, as the outbox sees it. */
export interface OutboxHost extends OutboxRelaysHost {
  /** Calls back with each event that is stored from now on. Returns a function that ends this. */
  listen(filter: ReqFilter, onEvent: (event: NostrEvent) => void): () => void;
  /** Whether strangers may read any of these events here. */
  mayRead(ids: readonly string[]): Promise<boolean>;
  /** Whether an event may leave at all. */
  maySend(event: NostrEvent): boolean;
  /** The relay lists of keys. */
  relaysOf(
    keys: Iterable<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RelayList>>;
  /** Whether a relay is this one. */
  isOwn(url: string): boolean;
}

/** An event whose relays are not known yet. */
interface Unrouted {
  readonly id: string;
  readonly author: string;
  readonly mentioned: readonly string[];
}

/** Events that wait to have their relays looked up: a store that is busy holds them up. */
const MAX_UNROUTED = 2_000;

/** Events whose relays are looked up at a time. */
const ROUTED_AT_ONCE = 50;

/** Takes events from {@link start} to {@link stop}. */
export class Outbox implements Exchange {
  readonly plan: OutboxPlan;
  readonly hasMissed = false;
  readonly followedUntilS = undefined;
  readonly #host: OutboxHost;
  readonly #relays: OutboxRelays;
  readonly #unrouted = new Inbox<"unrouted", Unrouted>("unrouted", MAX_UNROUTED);
  readonly #ended = new Latch<"ended">("ended");
  readonly #stopped = new AbortController();
  #stopListening: () => void = () => {};
  #running = Promise.resolve();

  constructor(plan: OutboxPlan, host: OutboxHost) {
    this.plan = plan;
    this.#host = host;
    this.#relays = new OutboxRelays(plan.limits, host);
  }

  /** For `top`. */
  get name(): string {
    return `outbox (${this.connectionCount} connected)`;
  }

  /** `connected` is true from the start to the end. */
  get counters(): OutboxCounters {
    return this.#relays.counters;
  }

  /** How many connections are open, or being opened. */
  get connectionCount(): number {
    return this.#relays.connectionCount;
  }

  /** How many events wait, counted for each relay. */
  get outgoing(): { readonly length: number } {
    return { length: this.#unrouted.length + this.#relays.waiting };
  }

  start(): void {
    this.counters.connected = true;
    this.#stopListening = this.#host.listen(this.plan.filter, (event) => this.#queue(event));
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.#stopped.abort();
    this.#ended.trip();
    await this.#relays.stop();
    await this.#running;
  }

  #queue(event: NostrEvent): void {
    if (kindClass(event.kind) === "ephemeral" || !this.#host.maySend(event)) return;
    const { maxAgeS = Infinity } = this.plan;
    if (event.created_at < this.#host.clock.nowMs() / 1_000 - maxAgeS) return;
    const { id, pubkey: author } = event;
    const mentioned = this.plan.toMentioned ? this.#mentionedIn(event) : [];
    if (!this.#unrouted.push({ id, author, mentioned })) this.counters.dropped++;
  }

  #mentionedIn({ tags, pubkey }: NostrEvent): readonly string[] {
    const keys = new Set<string>();
    for (const [name, key = ""] of tags) {
      if (keys.size >= this.plan.limits.maxMentionedKeys) break;
      if (name === "p" && key !== pubkey && isHex(key, KEY_DIGITS)) keys.add(key);
    }
    return [...keys];
  }

  async #run(): Promise<void> {
    for (;;) {
      const signal = await select(this.#ended, this.#unrouted);
      if (signal.from === "ended") return;
      for (let at = 0; at < signal.value.length; at += ROUTED_AT_ONCE) {
        await this.#route(signal.value.slice(at, at + ROUTED_AT_ONCE));
      }
    }
  }

  async #route(events: readonly Unrouted[]): Promise<void> {
    const keys = new Set(events.flatMap(({ author, mentioned }) => [author, ...mentioned]));
    let lists: ReadonlyMap<string, RelayList>;
    try {
      if (!await this.#host.mayRead(events.map(({ id }) => id))) return;
      lists = await this.#host.relaysOf(keys, this.#stopped.signal);
    } catch {
      // The store cannot be read. Nothing says when it can, and more events come.
      this.counters.dropped += events.length;
      return;
    }
    for (const { id, author, mentioned } of events) {
      const urls = new Set(lists.get(author)?.write);
      for (const key of mentioned) for (const url of lists.get(key)?.read ?? []) urls.add(url);
      const others = [...urls].filter((url) => !this.#host.isOwn(url));
      const { maxRelaysPerEvent } = this.plan.limits;
      for (const url of others.slice(0, maxRelaysPerEvent)) this.#relays.add(url, id);
    }
  }
}
