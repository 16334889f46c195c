/**
 * Schedules queries on the connections that answer them.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import { ownSource, type Source } from "../../base/fair_queue.ts";
import type { PoolStats } from "../event_store.ts";
import { turn } from "./turn.ts";

interface QueryGateOptions {
  readonly connections: number;
  /** How many connections only short queries may use. Fewer than `connections`. */
  readonly reserved: number;
  /** Measures use. Default: each query counts the same. */
  readonly clock?: Pick<Clock, "monotonicMs">;
}

/** A query at the gate. */
interface Visitor {
  /** Whether its form bounds what it reads. */
  readonly isShort: boolean;
  /** Cancels waiting. */
  readonly signal?: AbortSignal | undefined;
  /** On whose behalf. Default: the relay itself. */
  readonly source?: Source | undefined;
}

/** A waiting query. */
interface Waiter {
  readonly visitor: Visitor;
  readonly enter: () => void;
}

/** Client → connection → queries. */
type Line = Map<string, Map<object, Set<Waiter>>>;

/** What a client, or one of its connections, has used lately. */
interface Use {
  /** Milliseconds of database connections, halved every {@link HALF_LIFE_MS}. */
  usedMs: number;
  atMs: number;
  /** Queries that wait or run. */
  present: number;
}

/** The half-life of recorded use. */
const HALF_LIFE_MS = 5_000;

/** What a running query counts for until its time is known, milliseconds. */
const EXPECTED_MS = 1;

/**
 * The most clients remembered. Those that have used least are forgotten first, which changes little
 * for them.
 */
const MAX_CLIENTS = 10_000;

/**
 * Limits concurrent queries and reserves some connections for short ones, so that slow queries do
 * not delay quick ones. A free connection goes to the client, and within it to the connection, that
 * has used least lately: a client with many queries waits for one with few. Queries wait here
 * rather than in the driver, because here they can be cancelled.
 */
export class QueryGate {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** Separate queues, so that short queries never wait behind long ones. */
  readonly #short: Line = new Map();
  readonly #long: Line = new Map();
  readonly #clients = new Map<string, Use>();
  readonly #connections = new WeakMap<object, Use>();
  readonly #enteredMs = new WeakMap<Visitor, number>();
  #free: number;
  #freeForLong: number;
  readonly #stats: { -readonly [Name in keyof PoolStats]: PoolStats[Name] };

  constructor({ connections, reserved, clock }: QueryGateOptions) {
    assert(reserved < connections, "long queries have at least one connection");
    this.#clock = clock ?? { monotonicMs: () => 0 };
    this.#free = connections;
    this.#freeForLong = connections - reserved;
    this.#stats = { connections, reserved, running: 0, waiting: 0, cancelled: 0, timedOut: 0 };
  }

  /** The same object each time; its numbers change. */
  get stats(): PoolStats {
    return this.#stats;
  }

  /**
   * Resolves when a connection is free. Rejects with the signal's reason, and then {@link leave}
   * must not be called. Pass the same object to {@link leave}.
   */
  async enter(visitor: Visitor): Promise<void> {
    await turn(visitor.signal, (enter) => {
      const waiter: Waiter = { visitor, enter };
      this.#append(waiter);
      for (const use of this.#usesOf(visitor)) use.present++;
      this.#admit();
      return () => {
        const isWaiting = this.#remove(waiter);
        if (isWaiting) this.#depart(visitor, 0);
        return isWaiting;
      };
    });
  }

  /** Call once for each {@link enter} that resolved, with the same object. */
  leave(visitor: Visitor): void {
    this.#stats.running--;
    this.#free++;
    if (!visitor.isShort) this.#freeForLong++;
    const nowMs = this.#clock.monotonicMs();
    this.#depart(visitor, nowMs - (this.#enteredMs.get(visitor) ?? nowMs) - EXPECTED_MS);
    this.#admit();
  }

  /** Counts a query that was cancelled while it ran. */
  countCancelled(): void {
    this.#stats.cancelled++;
  }

  /** Counts a query that ran out of time. */
  countTimedOut(): void {
    this.#stats.timedOut++;
  }

  #admit(): void {
    while (this.#free > 0) {
      const next = this.#next();
      if (next === undefined) return;
      const { visitor } = next;
      this.#remove(next);
      this.#stats.running++;
      this.#free--;
      if (!visitor.isShort) this.#freeForLong--;
      this.#enteredMs.set(visitor, this.#clock.monotonicMs());
      this.#charge(visitor, EXPECTED_MS);
      next.enter();
    }
  }

  #lineOf({ visitor }: Waiter): Line {
    return visitor.isShort ? this.#short : this.#long;
  }

  #append(waiter: Waiter): void {
    const { client, connection } = waiter.visitor.source ?? ownSource;
    const line = this.#lineOf(waiter);
    let connections = line.get(client);
    if (connections === undefined) line.set(client, connections = new Map());
    const waiters = connections.get(connection);
    if (waiters === undefined) connections.set(connection, new Set([waiter]));
    else waiters.add(waiter);
    this.#stats.waiting++;
  }

  #remove(waiter: Waiter): boolean {
    const { client, connection } = waiter.visitor.source ?? ownSource;
    const line = this.#lineOf(waiter);
    const connections = line.get(client);
    const waiters = connections?.get(connection);
    if (connections === undefined || waiters?.delete(waiter) !== true) return false;
    if (waiters.size === 0) connections.delete(connection);
    if (connections.size === 0) line.delete(client);
    this.#stats.waiting--;
    return true;
  }

  /**
   * Of the next short and, if one may enter, the next long query, the one whose client has used
   * less.
   */
  #next(): Waiter | undefined {
    const short = this.#nextOf(this.#short);
    const long = this.#freeForLong > 0 ? this.#nextOf(this.#long) : undefined;
    if (short === undefined || long === undefined) return short ?? long;
    const usedMs = ({ visitor }: Waiter) => this.#usedMs(this.#usesOf(visitor)[0]);
    return usedMs(long) < usedMs(short) ? long : short;
  }

  /** The first query of the connection that has used least, of the client that has used least. */
  #nextOf(line: Line): Waiter | undefined {
    const usedMs = (key: "client" | "connection", waiters: Set<Waiter>) => {
      const [client, connection] = this.#usesOf(waiters.values().next().value!.visitor);
      return this.#usedMs(key === "client" ? client : connection);
    };
    const connections = least(line, (some) => usedMs("client", some.values().next().value!));
    const waiters = connections && least(connections, (some) => usedMs("connection", some));
    return waiters?.values().next().value;
  }

  #depart(visitor: Visitor, moreMs: number): void {
    this.#charge(visitor, moreMs);
    for (const use of this.#usesOf(visitor)) use.present--;
    if (this.#clients.size > MAX_CLIENTS) this.#forget();
  }

  #charge(visitor: Visitor, ms: number): void {
    for (const use of this.#usesOf(visitor)) {
      use.usedMs = Math.max(0, this.#usedMs(use) + ms);
      use.atMs = this.#clock.monotonicMs();
    }
  }

  #usedMs({ usedMs, atMs }: Use): number {
    return usedMs * 0.5 ** ((this.#clock.monotonicMs() - atMs) / HALF_LIFE_MS);
  }

  #usesOf({ source = ownSource }: Visitor): readonly [client: Use, connection: Use] {
    let client = this.#clients.get(source.client);
    if (client === undefined) this.#clients.set(source.client, client = this.#noUse());
    let connection = this.#connections.get(source.connection);
    if (connection === undefined) {
      this.#connections.set(source.connection, connection = this.#noUse());
    }
    return [client, connection];
  }

  #noUse(): Use {
    return { usedMs: 0, atMs: this.#clock.monotonicMs(), present: 0 };
  }

  /**
   * Forgets many clients at once, so that the cost of sorting is spread over thousands of new ones.
   */
  #forget(): void {
    for (const [client, use] of this.#clients) {
      if (use.present === 0 && this.#usedMs(use) < EXPECTED_MS) this.#clients.delete(client);
    }
  }
}

/** How many entries of a queue are compared at a time. */
const MAX_COMPARED = 64;

/**
 * Of the first entries in a queue, the one that has used least. The compared entries move to the
 * end, so that the next call compares others.
 */
function least<K, V>(line: Map<K, V>, usedMs: (value: V) => number): V | undefined {
  let best: V | undefined;
  let leastMs = Infinity;
  for (const [key, value] of line.entries().take(MAX_COMPARED).toArray()) {
    const ms = usedMs(value);
    if (ms < leastMs) {
      best = value;
      leastMs = ms;
    }
    if (line.size <= MAX_COMPARED) continue;
    line.delete(key);
    line.set(key, value);
  }
  return best;
}
