/**
 * The relay, independent of sockets: opens a session for each connection and holds what sessions
 * share.
 *
 * @module
 */

import { SharedBytes } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Source } from "../base/fair_queue.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { Rate } from "../base/token_bucket.ts";
import type { MakeBuckets } from "../base/token_buckets.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { HashText } from "../nostr/event_id.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import type { Reason } from "../nostr/reason.ts";
import { expirationOf } from "../nostr/expiration.ts";
import type { EventRecord, EventStore, EventWriter } from "../store/event_store.ts";
import { Broadcast, type LiveEvent } from "./live/broadcast.ts";
import { DeliveryGate } from "./live/delivery_gate.ts";
import type { RelayContext } from "./context.ts";
import { type Counters, Timings, zeroCounters } from "./counters.ts";
import { FilterValues } from "./filter_values.ts";
import type { RelayLimits } from "./limits.ts";
import { MemoryWatch, type MemoryWatchOptions } from "./memory_watch.ts";
import { Outage } from "./outage.ts";
import type { Peer, PeerEvents } from "./peer.ts";
import { Access } from "./access/access.ts";
import { type Client, ConnectedClient, type Handshake } from "./access/client.ts";
import type { Policy } from "./access/policy.ts";
import type { RefusalLog } from "./refusal_log.ts";
import type { SlowQueryLog } from "./slow_query_log.ts";
import type { SessionTally } from "./session_tally.ts";
import { Publisher, type Verdict } from "./acceptance/publisher.ts";
import { RowRates } from "./acceptance/row_rates.ts";
import type { UnansweredRequest } from "./commands/conversation.ts";
import { Session } from "./session.ts";
import type { Verifier } from "../nostr/verifier.ts";

interface RelayOptions {
  /** Where events are read, and whose feed announces new ones. */
  readonly store: EventStore;
  /** Where accepted events are written. */
  readonly writer: EventWriter;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: RelayLimits;
  /** Logs whom it refuses. Default: nobody is logged. */
  readonly refusals?: RefusalLog;
  /** Logs slow queries. Default: none are logged. */
  readonly slowQueries?: SlowQueryLog;
  /**
   * The key by which connections from an address count as one client; undefined to count each
   * connection on its own. Default: the address.
   */
  readonly clientOf?: (address: string) => string | undefined;
  /** 32 random bits for hash tables, so that peers cannot construct collisions. Default: 0. */
  readonly hashSeed?: number;
  /** For AUTH challenges. */
  readonly random: Random;
  /** The URL by which clients reach the relay. Default: the one that each client connected to. */
  readonly relayUrl?: string | undefined;
  /** Policies, asked in order. */
  readonly policies: readonly Policy[];
  /** Kinds that are served only to their author and to those whom a `p` tag names. Default: none. */
  readonly privateKinds?: ReadonlySet<number>;
  /** The memory limit of the process, which may change. Default: none. */
  readonly memory?: Pick<MemoryWatchOptions, "maxBytes" | "usedBytes">;
  /** SHA-256, for reconciliation. */
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** Default: {@link portableHashText}. */
  readonly hashText?: HashText;
  /** Resolves when it is the turn of a client's work. Default: at once. */
  readonly turn?: (source: Source) => Promise<void>;
  /** Default: what a client may have stored is limited in this thread alone. */
  readonly makeBuckets?: MakeBuckets | undefined;
}

interface RelayChange extends Required<Pick<RelayOptions, "limits" | "policies" | "privateKinds">> {
  readonly relayUrl: string | undefined;
}

/** Interval of memory checks, milliseconds. */
const MEMORY_CHECK_MS = 250;

/**
 * How long a failed write counts as an outage, milliseconds. After that writing has to be tried
 * again, even if clients stopped because of the outage.
 */
const WRITING_FAULT_MS = 15_000;

/**
 * What live events that wait for an EOSE may take in memory, KiB, those that several subscriptions hold counted
 * for each. A client that holds none may always have two MiB of them, see `FilterValues`.
 */
const MAX_HELD_KIB = 64 * 1024;

/** How long a write shows that the store can be written to, milliseconds. */
const JUST_WRITTEN_MS = 2_000;

/** A session, as its connection sees it. */
export interface ConnectedSession extends PeerEvents {
  /** What the connection did so far. */
  readonly tally: Readonly<SessionTally>;
  readonly client: Client;
  /** How many subscriptions are open. */
  readonly subscriptionCount: number;
  /** Whether its queries wait until it has read on. */
  readonly isCongested: boolean;
  /** The subscriptions that have not got EOSE yet, and the COUNT that the store has not answered. */
  unanswered(): Iterable<UnansweredRequest>;
}

/** Opens sessions and holds their shared state. */
export class Relay {
  readonly counters: Counters = zeroCounters();
  readonly timings = new Timings();
  readonly access: Access;
  readonly #context: RelayContext;
  readonly #clientOf: (address: string) => string | undefined;
  readonly #memory: MemoryWatch | undefined;
  readonly #memoryTimer: Timer | undefined;
  readonly #writing: Outage;
  /** Each with its end, once it runs. */
  readonly #sessions = new Map<Session, Promise<void> | undefined>();
  /** How many rows a client may write; changes with the limits. */
  readonly #rowRate: Rate;

  constructor(options: RelayOptions) {
    this.#clientOf = options.clientOf ?? ((address) => address);
    const { store, clock, log, random, verifier, hashText, relayUrl } = options;
    // Everything below reads the limits when it needs them, see `update`.
    const limits: RelayLimits = { ...options.limits };
    this.#rowRate = rowRate(limits);
    const gate = new DeliveryGate(() => broadcast.waiting);
    const broadcast = new Broadcast({
      ...options.hashSeed !== undefined && { seed: options.hashSeed },
      defer: (work) => void clock.after(0, work),
      onFinished: () => gate.advance(),
      onDelivered: (live) => this.timings.noteDelivered(live, clock.monotonicMs()),
      onFault: (error) => log.error("a listener failed", { error: String(error) }),
    });
    this.#writing = new Outage("writing events", log, clock);
    const { memory } = options;
    if (memory !== undefined) {
      this.#memory = new MemoryWatch({
        get maxBytes() {
          return memory.maxBytes;
        },
        usedBytes: memory.usedBytes,
        counters: this.counters,
        log,
      });
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
      gate,
      rowRates: new RowRates(this.#rowRate, clock, options.makeBuckets),
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
      ...{ access: this.access, sha256: options.sha256 },
      ...sharedAccounts(limits),
      ...{ counters: this.counters, timings: this.timings },
      ...{ refusals: options.refusals, slowQueries: options.slowQueries },
      turn: options.turn ?? (() => Promise.resolve()),
      reading: new Outage("reading events", log, clock),
      onSessionEnded: (session) => void this.#sessions.delete(session),
    };
  }

  /** Applies new limits, policies and so on, to open connections too. */
  update({ limits, policies, privateKinds, relayUrl }: RelayChange): void {
    const { pingIntervalMs } = this.#context.limits;
    Object.assign(this.#context.limits, limits);
    if (limits.pingIntervalMs !== pingIntervalMs) {
      for (const session of this.#sessions.keys()) session.changePingInterval();
    }
    Object.assign(this.#context, { relayUrl });
    Object.assign(this.#rowRate, rowRate(limits));
    const { policyTimeoutMs } = limits;
    this.access.replace(policies, { privateKinds, policyTimeoutMs });
  }

  /** Ends what clients read that may no longer. */
  endReading(refusalOf: (client: Client) => Reason | undefined): void {
    for (const session of this.#sessions.keys()) {
      const why = refusalOf(session.client);
      if (why !== undefined) session.endReading(why);
    }
  }

  /** Whether the last write failed, less than `WRITING_FAULT_MS` ago. */
  get cannotWrite(): boolean {
    return this.#writing.failedWithin(WRITING_FAULT_MS);
  }

  /** Whether an event was written in the last {@link JUST_WRITTEN_MS}. */
  get hasJustWritten(): boolean {
    return this.#writing.workedWithin(JUST_WRITTEN_MS);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Events that have not reached all of their listeners yet. */
  get undeliveredCount(): number {
    return this.#context.broadcast.waiting;
  }

  get subscriptionCount(): number {
    return this.#context.broadcast.size;
  }

  /** Open connections and subscriptions, and how many EVENT messages came since the start. */
  get activity(): Readonly<Record<"connections" | "subscriptions" | "events", number>> {
    return {
      connections: this.sessionCount,
      subscriptions: this.subscriptionCount,
      events: this.counters.messages.EVENT,
    };
  }

  /**
   * Forgets events that were removed other than by a deletion, so that they may be stored again.
   */
  forget(ids: readonly string[]): void {
    this.#context.publisher.forget(ids);
  }

  /** Publishes an event of the relay itself. Never rejects. */
  publish(event: NostrEvent): Promise<Verdict> {
    return this.#context.publisher.publish(event);
  }

  /** Publishes an event that came from another relay. Never rejects. */
  publishFrom(
    { url, source }: { readonly url: string; readonly source: Source },
    event: NostrEvent,
  ): Promise<Verdict> {
    return this.#context.publisher.publish(event, { source, from: url });
  }

  /** Calls `onEvent` with each new event that matches. Returns a function that stops this. */
  listen(filters: readonly ReqFilter[], onEvent: (event: NostrEvent) => void): () => void {
    const { broadcast } = this.#context;
    const listener = { deliver: ({ event }: LiveEvent) => onEvent(event) };
    broadcast.add(listener, filters);
    return () => broadcast.delete(listener);
  }

  /** Opens a session for a new connection. The connection reports to the returned object. */
  connect(peer: Peer, handshake?: Handshake): ConnectedSession {
    const client = new ConnectedClient(
      peer.address,
      handshake,
      this.#clientOf(peer.address),
    );
    const session = new Session(peer, client, this.#context);
    this.counters.connections++;
    if (this.#memory?.isFull === true) {
      this.counters.closedForMemory++;
      session.drop();
    }
    this.#sessions.set(session, undefined);
    const ended = session.run();
    // A broken invariant may have ended it already.
    if (this.#sessions.has(session)) this.#sessions.set(session, ended);
    return session;
  }

  /**
   * Ends all sessions: received messages are answered, then connections close with 1001. Resolves
   * when all have closed; the caller sets the time limit.
   */
  async shutdown(): Promise<void> {
    this.#memoryTimer?.cancel();
    for (const session of this.#sessions.keys()) session.shutdown();
    await Promise.all(this.#sessions.values());
  }
}

/** What clients share. The limits are read when they are needed. */
function sharedAccounts(limits: RelayLimits) {
  const syncItems = new FilterValues({
    maxConnectionFilterValues: Infinity,
    get maxTotalFilterValues() {
      return limits.maxTotalSyncEvents;
    },
  });
  const heldEvents = new FilterValues({
    get maxConnectionFilterValues() {
      return limits.maxQueuedBytes / 1024;
    },
    maxTotalFilterValues: MAX_HELD_KIB,
  });
  return { filterValues: new FilterValues(limits), syncItems, heldEvents };
}

function rowRate({ clientRowRate, clientRowBurst }: RelayLimits): Rate {
  return { perSecond: clientRowRate, burst: clientRowBurst };
}

function liveEvent({ event, json, arrivedMs }: EventRecord): LiveEvent {
  const expiresAtS = expirationOf(event) ?? Infinity;
  return { event, body: new SharedBytes(json), expiresAtS, arrivedMs };
}
