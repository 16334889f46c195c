/**
 * The relay without its sockets: give it a connection, and it behaves.
 *
 * @module
 */

import { SharedBytes } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { HashText } from "../nostr/event_id.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import { expirationOf } from "../nostr/expiration.ts";
import type { EventRecord, EventStore, EventWriter } from "../store/event_store.ts";
import { Broadcast, type LiveEvent } from "./live/broadcast.ts";
import type { RelayContext } from "./context.ts";
import { type Counters, Timings, zeroCounters } from "./counters.ts";
import { FilterValues } from "./filter_values.ts";
import type { RelayLimits } from "./limits.ts";
import { MemoryWatch, type MemoryWatchOptions } from "./memory_watch.ts";
import { Outage } from "./outage.ts";
import type { Peer, PeerEvents } from "./peer.ts";
import { Access } from "./access/access.ts";
import { ConnectedClient, type Handshake } from "./access/client.ts";
import type { Policy } from "./access/policy.ts";
import { Publisher, type Verdict } from "./acceptance/publisher.ts";
import { RowRates } from "./acceptance/row_rates.ts";
import { Session } from "./session.ts";
import type { Verifier } from "../nostr/verifier.ts";

/** What a relay is made of. */
export interface RelayOptions {
  /** Where stored events are read, and whose feed tells of new ones. */
  readonly store: EventStore;
  /** Where accepted events go. */
  readonly writer: EventWriter;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: RelayLimits;
  /**
   * Under which name the client at an address is counted, for bounds that its connections share;
   * undefined for one whose connections are counted one by one. Default: the address.
   */
  readonly clientOf?: (address: string) => string | undefined;
  /** 32 random bits that no peer knows, for hash tables. Default: 0. */
  readonly hashSeed?: number;
  /** For the challenges of AUTH. */
  readonly random: Random;
  /** The URL by which clients reach the relay. Default: the one that each client connected to. */
  readonly relayUrl?: string;
  /** Who may do what, asked in order. */
  readonly policies: readonly Policy[];
  /** Kinds that are served only to their author and to those whom a `p` tag names. Default: none. */
  readonly privateKinds?: ReadonlySet<number>;
  /** How much memory there is. Default: enough. */
  readonly memory?: Pick<MemoryWatchOptions, "maxBytes" | "usedBytes">;
  /** SHA-256, for reconciliation. */
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** A faster hash than the built-in one, where the platform has it. */
  readonly hashText?: HashText;
}

/** How often the memory of all connections is added up, milliseconds. */
const MEMORY_CHECK_MS = 250;

/**
 * How long a failure to write says that writing fails, milliseconds. When nobody tries any more, because
 * of that, it has to be tried again.
 */
const WRITING_FAULT_MS = 15_000;

/**
 * Sessions and what they share.
 */
export class Relay {
  readonly counters: Counters = zeroCounters();
  readonly timings = new Timings();
  readonly access: Access;
  readonly #context: RelayContext;
  readonly #memory: MemoryWatch | undefined;
  readonly #memoryTimer: Timer | undefined;
  readonly #writing: Outage;
  readonly #sessions = new Map<Session, Promise<void>>();

  constructor(options: RelayOptions) {
    const { store, clock, log, limits, random, verifier, hashText, relayUrl } = options;
    const broadcast = new Broadcast({
      ...options.hashSeed !== undefined && { seed: options.hashSeed },
      defer: (work) => void clock.after(0, work),
      onFault: (error) => log.error("a listener failed", { error: String(error) }),
    });
    this.#writing = new Outage("writing events", log, clock);
    const { memory } = options;
    if (memory !== undefined) {
      this.#memory = new MemoryWatch({ ...memory, counters: this.counters, log });
      this.#memoryTimer = clock.every(MEMORY_CHECK_MS, () => {
        this.#memory?.check(this.#sessions.keys());
      });
    }
    const { policyTimeoutMs } = limits;
    this.access = new Access({ ...options, policyTimeoutMs });
    const publisher = new Publisher({
      ...options,
      hashText,
      feed: store.feed,
      access: this.access,
      counters: this.counters,
      rowRates: new RowRates(
        { perSecond: limits.clientRowRate, burst: limits.clientRowBurst },
        clock,
      ),
      writing: this.#writing,
    });
    store.feed.subscribe((records) => {
      for (const record of records) {
        publisher.noteDeletion(record.event);
        broadcast.publish(liveEvent(record));
      }
    });
    this.#context = {
      ...{ store, publisher, broadcast, verifier, hashText, relayUrl, limits, clock, random, log },
      access: this.access,
      sha256: options.sha256,
      syncItems: new FilterValues({
        maxConnectionFilterValues: Infinity,
        maxTotalFilterValues: limits.maxTotalSyncEvents,
      }),
      filterValues: new FilterValues(limits),
      clientOf: options.clientOf ?? ((address) => address),
      counters: this.counters,
      timings: this.timings,
      reading: new Outage("reading events", log, clock),
    };
  }

  /** Whether events could not be stored when it was last tried, a short while ago. */
  get cannotWrite(): boolean {
    return this.#writing.failedWithin(WRITING_FAULT_MS);
  }

  /** How many connections are open. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** How many subscriptions are open, on all connections. */
  get subscriptionCount(): number {
    return this.#context.broadcast.size;
  }

  /** Takes note of stored events that were removed for another reason than an event: they may come again. */
  forget(ids: readonly string[]): void {
    this.#context.publisher.forget(ids);
  }

  /** Publishes an event on behalf of the relay itself. Never rejects. */
  publish(event: NostrEvent): Promise<Verdict> {
    return this.#context.publisher.publish(event);
  }

  /** Calls `onEvent` with each event that any of the filters matches from now on, until what it gives is called. */
  listen(filters: readonly ReqFilter[], onEvent: (event: NostrEvent) => void): () => void {
    const { broadcast } = this.#context;
    const listener = { deliver: ({ event }: LiveEvent) => onEvent(event) };
    broadcast.add(listener, filters);
    return () => broadcast.delete(listener);
  }

  /** Takes a new connection. Its driver tells what happens on it through what is returned. */
  connect(peer: Peer, handshake?: Handshake): PeerEvents {
    const client = new ConnectedClient(peer.address, handshake);
    const session = new Session(peer, client, this.#context);
    this.counters.connections++;
    if (this.#memory?.isFull === true) {
      this.counters.closedForMemory++;
      session.drop();
    }
    const ended = session.run().finally(() => this.#sessions.delete(session));
    this.#sessions.set(session, ended);
    return session;
  }

  /**
   * Ends all sessions: what was received is answered, then each peer is told 1001. Resolves when all
   * connections are over, which is for their driver to bound.
   */
  async shutdown(): Promise<void> {
    this.#memoryTimer?.cancel();
    for (const session of this.#sessions.keys()) session.shutdown();
    await Promise.all(this.#sessions.values());
  }
}

function liveEvent({ event, json }: EventRecord): LiveEvent {
  return { event, body: new SharedBytes(json), expiresAtS: expirationOf(event) ?? Infinity };
}
