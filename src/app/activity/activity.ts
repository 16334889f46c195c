/**
 * What a relay does just now and for whom, as `gallimimus top` shows it: plain values, of one thread
 * or of all.
 *
 * @module
 */

import { INVISIBLE } from "../../base/visible_text.ts";
import type { UnansweredRequest } from "../../relay/commands/conversation.ts";
import type { AskedQuery, QueryOutcome } from "../../relay/slow_query_log.ts";
import type { AnswerSource, PoolStats } from "../../store/event_store.ts";

/** The ways to sort clients. */
export const ORDERS = ["connections", "events", "requests", "bytes", "refusals"] as const;

/** One of {@link ORDERS}. */
export type Order = typeof ORDERS[number];

/** So many clients are told of for each way to sort them, those with the most. */
export const MAX_CLIENTS = 32;

/** So many unanswered requests are told of, the oldest, and of the slow ones that ended, the newest. */
export const MAX_QUERIES = 10;

/** So many authenticated keys of one client are told of. */
export const MAX_CLIENT_KEYS = 3;

/** REQs that take longer are not told apart, milliseconds. */
export const LONGEST_MS = 10_000;

/** What a client does, per second. */
export interface ClientRates {
  /** Connections opened. */
  readonly opened: number;
  readonly messages: number;
  /** EVENT messages. */
  readonly events: number;
  /** REQ, COUNT and NEG-OPEN. */
  readonly requests: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Refused events, requests and connections. */
  readonly refusals: number;
}

/** A client, or all connections that have authenticated a key. */
export interface ClientActivity extends ClientRates {
  /** The address or network that counts as one client, or the public key. */
  readonly client: string;
  /** The address of one of its connections; undefined where there is none, and for a key. */
  readonly address: string | undefined;
  /** Open connections. */
  readonly connections: number;
  readonly subscriptions: number;
  /** Bytes that wait to be sent. */
  readonly queuedBytes: number;
  /** Refusals per second by reason; of a key only their sum is known. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Some of the keys that it has authenticated. */
  readonly keys: readonly string[];
  /** What one of its connections says that it runs, as {@link plainText}; may be empty. */
  readonly agent: string;
}

/** A REQ that has not got EOSE yet, or a COUNT that has not been answered. */
export interface UnansweredQuery extends Pick<UnansweredRequest, "verb"> {
  readonly client: string;
  /** Its id, as {@link plainText}. */
  readonly id: string;
  /** Its filters in short, without values of the client's. */
  readonly filters: string;
  readonly ageMs: number;
  /** Whom it waits for: the client has not read what it was sent, or the store has not answered. */
  readonly waitsFor: "client" | "store";
}

/** A query that ended lately and took longer than `log.slow_query_ms`. */
export interface EndedQuery extends Pick<AskedQuery, "verb">, QueryOutcome {
  readonly client: string;
  /** Its filters in short, without values of the client's. */
  readonly filters: string;
  /** How long ago it ended, milliseconds. */
  readonly agoMs: number;
}

/** A mirror. */
export interface MirrorActivity {
  readonly url: string;
  readonly direction: "down" | "up" | "both";
  readonly isConnected: boolean;
  /** New events that wait to be sent there. */
  readonly waiting: number;
  /** Whether something was left out that the next comparison has to find. */
  readonly hasMissed: boolean;
  /** How old what was compared last is, while it is not connected, seconds; undefined if it never was. */
  readonly behindS: number | undefined;
  /** Events that came from there, and that it took, per second. */
  readonly received: number;
  readonly sent: number;
  /** Events that either side refused, per second. */
  readonly refused: number;
}

/** What happens, per second, all clients together. */
interface TotalRates extends ClientRates {
  /** Events that were stored. */
  readonly stored: number;
  /** Events that were known already. */
  readonly duplicate: number;
  /** Stored events sent. */
  readonly answered: number;
  /** Live events sent. */
  readonly delivered: number;
  /** Connections that ended. */
  readonly ended: number;
}

interface WorkerActivity {
  readonly connections: number;
  /** The latest that a timer was, milliseconds. */
  readonly lagMs: number;
}

/** What a relay, or one thread of it, does. */
export interface Activity {
  /** The time over which rates were measured, seconds; 0 when they were not measured yet. */
  readonly seconds: number;
  readonly workers: readonly WorkerActivity[];
  readonly connections: number;
  readonly maxConnections: number;
  readonly subscriptions: number;
  /** Memory of the process, bytes. */
  readonly memoryBytes: number;
  readonly rates: TotalRates;
  /** Refused events, requests and connections per second, by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Work that waits, by what it waits for. */
  readonly queues: Readonly<Record<string, number>>;
  /** REQs answered per second, by what answered. */
  readonly answers: Readonly<Record<AnswerSource, number>>;
  /** The same since the start, a count. */
  readonly answersInAll: Readonly<Record<AnswerSource, number>>;
  /**
   * 99 of 100 REQs got EOSE in this time, milliseconds, {@link LONGEST_MS} being that and more; undefined
   * where there was none.
   */
  readonly slowestMs: number | undefined;
  /** Events in the window in memory; undefined if there is none. */
  readonly windowEvents: number | undefined;
  readonly pool: Pick<PoolStats, "connections" | "running" | "waiting"> | undefined;
  /** Whether events cannot be stored. */
  readonly isWritingFailing: boolean;
  /** Whether it hears of what other instances store. */
  readonly isFeedCurrent: boolean;
  /** Those with the most of each of {@link ORDERS}. */
  readonly clients: readonly ClientActivity[];
  /** The same of authenticated keys. */
  readonly keys: readonly ClientActivity[];
  readonly queries: readonly UnansweredQuery[];
  /** Those that ended in the last minute, the newest first. */
  readonly ended: readonly EndedQuery[];
  readonly mirrors: readonly MirrorActivity[];
}

/** What clients are sorted by. */
export type Amounts = Pick<
  ClientActivity,
  Exclude<Order, "bytes"> | "receivedBytes" | "sentBytes"
>;

/** How much of it a client has. */
export function amountOf(client: Amounts, order: Order): number {
  return order === "bytes" ? client.receivedBytes + client.sentBytes : client[order];
}

/** The `count` values with the largest amounts above 0, the largest first; equal ones as they came. */
export function largest<Value>(
  values: Iterable<Value>,
  count: number,
  amount: (value: Value) => number,
): Value[] {
  const kept: { readonly value: Value; readonly amount: number }[] = [];
  for (const value of values) {
    const own = amount(value);
    // Mostly it ends here: a sort of everything would take several times as long.
    if (!(own > 0) || kept.length === count && own <= kept.at(-1)!.amount) continue;
    let at = kept.length;
    while (at > 0 && kept[at - 1]!.amount < own) at--;
    kept.splice(at, 0, { value, amount: own });
    if (kept.length > count) kept.pop();
  }
  return kept.map(({ value }) => value);
}

/** Those with the most of each of {@link ORDERS}, each once. */
export function foremost<Client extends Amounts>(clients: Iterable<Client>): Client[] {
  const all = [...clients];
  const kept = ORDERS.flatMap((order) =>
    largest(all, MAX_CLIENTS, (client) => amountOf(client, order))
  );
  return [...new Set(kept)];
}

/**
 * One of several threads. A client is added up over the threads that tell of it; one that is not among
 * the first of a thread is not counted there. The sums of everything are exact.
 */
export function sumOfActivities(parts: readonly [Activity, ...Activity[]]): Activity {
  const [first, ...others] = parts;
  return others.reduce(sumOfTwo, first);
}

function sumOfTwo(one: Activity, other: Activity): Activity {
  return {
    seconds: Math.max(one.seconds, other.seconds),
    workers: [...one.workers, ...other.workers],
    connections: one.connections + other.connections,
    maxConnections: Math.max(one.maxConnections, other.maxConnections),
    subscriptions: one.subscriptions + other.subscriptions,
    // Of the process, and so the same in each thread.
    memoryBytes: Math.max(one.memoryBytes, other.memoryBytes),
    rates: added(one.rates, other.rates),
    reasons: added(one.reasons, other.reasons),
    queues: added(one.queues, other.queues),
    answers: added(one.answers, other.answers),
    answersInAll: added(one.answersInAll, other.answersInAll),
    slowestMs: most(one.slowestMs, other.slowestMs),
    windowEvents: most(one.windowEvents, other.windowEvents),
    pool: one.pool && other.pool ? added(one.pool, other.pool) : one.pool ?? other.pool,
    isWritingFailing: one.isWritingFailing || other.isWritingFailing,
    isFeedCurrent: one.isFeedCurrent && other.isFeedCurrent,
    clients: mergedClients([...one.clients, ...other.clients]),
    keys: mergedClients([...one.keys, ...other.keys]),
    queries: largest([...one.queries, ...other.queries], MAX_QUERIES, ({ ageMs }) => ageMs),
    ended: [...one.ended, ...other.ended].sort((a, b) => a.agoMs - b.agoMs).slice(0, MAX_QUERIES),
    mirrors: [...one.mirrors, ...other.mirrors],
  };
}

function mergedClients(clients: readonly ClientActivity[]): readonly ClientActivity[] {
  const sums = new Map<string, ClientActivity>();
  for (const client of clients) {
    const sum = sums.get(client.client);
    sums.set(client.client, sum === undefined ? client : sumOfClients(sum, client));
  }
  return foremost(sums.values());
}

function sumOfClients(one: ClientActivity, other: ClientActivity): ClientActivity {
  return {
    ...one,
    ...added(numbersOf(one), numbersOf(other)),
    address: one.address ?? other.address,
    reasons: added(one.reasons, other.reasons),
    keys: [...new Set([...one.keys, ...other.keys])].slice(0, MAX_CLIENT_KEYS),
    agent: one.agent || other.agent,
  };
}

function numbersOf(activity: ClientActivity) {
  const { client: _name, address: _address, reasons: _reasons, keys: _keys, ...rest } = activity;
  const { agent: _agent, ...numbers } = rest;
  return numbers;
}

/** The sums of the numbers under each name that either has. */
export function added<Name extends string>(
  one: Readonly<Record<Name, number>>,
  other: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const sum: Record<Name, number> = { ...one };
  for (const name of Object.keys(other) as Name[]) sum[name] = (sum[name] ?? 0) + other[name];
  return sum;
}

function most(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? one ?? other : Math.max(one, other);
}

/** Text from the network without {@link INVISIBLE} characters. At most `maxLength` long. */
export function plainText(text: string, maxLength: number): string {
  return text.slice(0, maxLength).replace(INVISIBLE, "?");
}
