/**
 * Measures what a relay does and for whom, while somebody looks.
 *
 * Sessions and listeners count in any case. A meter remembers what they had counted when it read them
 * last, and gives the differences. Nothing is remembered when nobody has looked for a while.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import type { HistogramReading } from "../../base/histogram.ts";
import type { ConnectedSession } from "../../relay/relay.ts";
import type { CountedRefusals } from "../../relay/refusal_log.ts";
import { type AnswerSource, answerSources } from "../../store/event_store.ts";
import type { Mirror } from "../../sync/mirror.ts";
import type { RelayHost, Transport } from "../relay_host.ts";
import {
  type Activity,
  type ClientActivity,
  foremost,
  largest,
  MAX_CLIENT_KEYS,
  MAX_QUERIES,
  type MirrorActivity,
  plainText,
  type UnansweredQuery,
} from "./activity.ts";
import { filtersText } from "./filters_text.ts";

/** What {@link ActivityMeter} needs. */
export interface ActivityMeterOptions {
  readonly clock: Clock;
  /** Called when nobody has looked for {@link IDLE_MS}; the meter is closed then. */
  readonly onIdle: () => void;
}

/** Without a reader for so long a meter ends, milliseconds. */
const IDLE_MS = 10_000;

/** Whoever reads within this time of another reading gets that one, milliseconds. */
const FRESH_MS = 500;

/** How often the delay of timers is measured, milliseconds. */
const LAG_INTERVAL_MS = 100;

/** A REQ is unanswered for so long before it is told of, milliseconds. */
const MIN_QUERY_AGE_MS = 100;

/**
 * Clients that have no open connection are told apart up to so many in all, between two readings. A
 * flood from more addresses shows in the sums.
 */
const MAX_ROWS = 65_536;

/** Characters that are kept of a text from the network. */
const MAX_AGENT = 60;
const MAX_ID = 32;

/** Counts of one connection, or of several together. */
interface Counts {
  messages: number;
  events: number;
  requests: number;
  refusals: number;
  receivedBytes: number;
  sentBytes: number;
}

/** A client while its connections are added up; the rates are counts. */
type Draft = { -readonly [Name in keyof ClientActivity]: ClientActivity[Name] };

/** The totals that differences are taken of, by name. */
type Totals = Readonly<Record<string, number>>;

/** Reads the counters of one relay. */
export class ActivityMeter {
  readonly #host: RelayHost;
  readonly #options: ActivityMeterOptions;
  readonly #lagTimer: Timer;
  #idle: Timer | undefined;
  #last: { readonly atMs: number; readonly activity: Activity } | undefined;
  /** What each open connection had counted at the last reading. */
  readonly #marks = new Map<Transport, Counts>();
  /** By client and by key, what connections have done that ended since the last reading. */
  #clients = new Map<string, Draft>();
  #keys = new Map<string, Draft>();
  #refused: Refused;
  #totals: Totals;
  #reqCounts: readonly number[];
  #mirrorCounts = new Map<Mirror, Totals>();
  #lagMs = 0;

  /** Measures until {@link close}, or until nobody reads. */
  constructor(host: RelayHost, options: ActivityMeterOptions) {
    this.#host = host;
    this.#options = options;
    this.#refused = copyOf(host.refusals.counted);
    this.#totals = totalsOf(host);
    this.#reqCounts = [...host.relay.timings.reqToEose.counts];
    this.#lagTimer = this.#measureLag();
  }

  /** What happened since the last reading; at the first one no rates are known. */
  read(): Activity {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#idle?.cancel();
    this.#idle = clock.after(IDLE_MS, () => {
      this.close();
      this.#options.onIdle();
    });
    if (this.#last !== undefined && nowMs - this.#last.atMs < FRESH_MS) return this.#last.activity;
    const seconds = this.#last === undefined ? 0 : (nowMs - this.#last.atMs) / 1_000;
    const activity = this.#measure(seconds, nowMs);
    this.#last = { atMs: nowMs, activity };
    return activity;
  }

  /** A connection has ended. What it did since the last reading counts for the next one. */
  ended(connection: Transport, session: ConnectedSession): void {
    this.#count(connection, session);
    this.#marks.delete(connection);
  }

  close(): void {
    this.#idle?.cancel();
    this.#lagTimer.cancel();
  }

  #measure(seconds: number, nowMs: number): Activity {
    const { host, perSecond } = { host: this.#host, perSecond: perSecondOf(seconds) };
    const { relay, poolStats, store } = host;
    for (const [connection, session] of host.connections) {
      const draft = this.#count(connection, session);
      if (draft === undefined) continue;
      for (const row of [draft, ...this.#keysOf(session)]) addOpen(row, connection, session);
    }
    const reasons = this.#countRefusals();
    const totals = totalsOf(host);
    const rates = differences(totals, this.#totals);
    const reqCounts = [...relay.timings.reqToEose.counts];
    const activity: Activity = {
      seconds,
      workers: [{ connections: relay.sessionCount, lagMs: Math.round(this.#lagMs) }],
      connections: relay.sessionCount,
      maxConnections: host.maxConnections,
      subscriptions: relay.subscriptionCount,
      memoryBytes: Deno.memoryUsage().rss,
      rates: { ...ratesOf(rates, perSecond), refusals: perSecond(sumOf(reasons)) },
      reasons: scaled(reasons, perSecond),
      queues: host.queueLengths,
      answers: scaled(answersOf(rates), perSecond),
      answersInAll: answersOf(totals),
      slowestMs: seconds === 0
        ? undefined
        : percentileMs(relay.timings.reqToEose.bounds, reqCounts, this.#reqCounts),
      windowEvents: host.window?.events,
      pool: poolStats && {
        connections: poolStats.connections,
        running: poolStats.running,
        waiting: poolStats.waiting,
      },
      isWritingFailing: relay.cannotWrite,
      isFeedCurrent: store.feed.isCurrent,
      clients: foremost(perSecondEach(this.#clients, perSecond)),
      keys: foremost(perSecondEach(this.#keys, perSecond)),
      queries: largest(this.#unanswered(nowMs), MAX_QUERIES, ({ ageMs }) => ageMs),
      mirrors: host.mirrors.map((mirror) => this.#mirror(mirror, perSecond)),
    };
    [this.#clients, this.#keys] = [new Map(), new Map()];
    [this.#totals, this.#reqCounts, this.#lagMs] = [totals, reqCounts, 0];
    this.#mirrorCounts = new Map(host.mirrors.map((mirror) => [mirror, mirrorTotals(mirror)]));
    return activity;
  }

  /** Adds what the connection did since the last reading to its client and its keys. */
  #count(connection: Transport, session: ConnectedSession): Draft | undefined {
    const counts = countsOf(connection, session);
    const before = this.#marks.get(connection);
    this.#marks.set(connection, counts);
    const draft = this.#clientOf(session);
    if (draft === undefined) return undefined;
    if (this.#last === undefined) return draft;
    for (const row of [draft, ...this.#keysOf(session)]) {
      if (before === undefined) row.opened++;
      row.messages += counts.messages - (before?.messages ?? 0);
      row.events += counts.events - (before?.events ?? 0);
      row.requests += counts.requests - (before?.requests ?? 0);
      row.receivedBytes += counts.receivedBytes - (before?.receivedBytes ?? 0);
      row.sentBytes += counts.sentBytes - (before?.sentBytes ?? 0);
      // Of clients more is known: refused connections, and why.
      if (row !== draft) row.refusals += counts.refusals - (before?.refusals ?? 0);
    }
    return draft;
  }

  #clientOf({ client }: ConnectedSession): Draft | undefined {
    const draft = draftIn(this.#clients, nameOf(client.network ?? client.address));
    if (draft === undefined) return undefined;
    draft.address ??= client.address;
    for (const key of client.keys) {
      if (draft.keys.length >= MAX_CLIENT_KEYS) break;
      if (!draft.keys.includes(key)) draft.keys = [...draft.keys, key];
    }
    draft.agent ||= plainText(client.userAgent ?? client.origin ?? "", MAX_AGENT);
    return draft;
  }

  *#keysOf({ client }: ConnectedSession): Generator<Draft> {
    for (const key of client.keys) {
      const draft = draftIn(this.#keys, key);
      if (draft === undefined) continue;
      draft.agent ||= plainText(client.userAgent ?? client.origin ?? "", MAX_AGENT);
      yield draft;
    }
  }

  /** Adds what was refused to whom, and gives the sums by reason. */
  #countRefusals(): Record<string, number> {
    const { counted } = this.#host.refusals;
    const before = this.#refused;
    this.#refused = copyOf(counted);
    if (this.#last === undefined) return {};
    // What was counted between the last reading and a new interval is lost: a second's at most.
    const mark = before.interval === counted.interval ? before : NOTHING_REFUSED;
    for (const [client, reasons] of counted.clients) {
      const more = differences(Object.fromEntries(reasons), mark.clients.get(client) ?? {});
      const times = sumOf(more);
      const draft = times === 0 ? undefined : draftIn(this.#clients, nameOf(client));
      if (draft === undefined) continue;
      draft.refusals += times;
      draft.reasons = withoutZeros(more);
      if (!draft.client.includes("/")) draft.address ??= draft.client;
    }
    return withoutZeros(differences(Object.fromEntries(counted.all), mark.all));
  }

  *#unanswered(nowMs: number): Generator<UnansweredQuery> {
    for (const session of this.#host.connections.values()) {
      for (const { id, filters, startMs } of session.unanswered()) {
        const ageMs = nowMs - startMs;
        if (ageMs < MIN_QUERY_AGE_MS) continue;
        const { client: { address, network = address }, isCongested } = session;
        yield {
          client: nameOf(network),
          id: plainText(id, MAX_ID),
          filters: filtersText(filters),
          ageMs: Math.round(ageMs),
          waitsFor: isCongested ? "client" : "store",
        };
      }
    }
  }

  #mirror(mirror: Mirror, perSecond: PerSecond): MirrorActivity {
    const { counters, plan, name, outgoing, hasMissed, followedUntilS } = mirror;
    const totals = mirrorTotals(mirror);
    const rates = differences(totals, this.#mirrorCounts.get(mirror) ?? totals);
    const nowS = Math.floor(this.#options.clock.nowMs() / 1_000);
    return {
      url: plainText(name, MAX_AGENT),
      direction: plan.direction,
      isConnected: counters.connected,
      waiting: outgoing.length,
      hasMissed,
      behindS: counters.connected || followedUntilS === undefined
        ? undefined
        : Math.max(0, nowS - followedUntilS),
      received: perSecond(rates["received"] ?? 0),
      sent: perSecond(rates["sent"] ?? 0),
      refused: perSecond(rates["refused"] ?? 0),
    };
  }

  #measureLag(): Timer {
    const { clock } = this.#options;
    let dueMs = clock.monotonicMs() + LAG_INTERVAL_MS;
    return clock.every(LAG_INTERVAL_MS, () => {
      const nowMs = clock.monotonicMs();
      this.#lagMs = Math.max(this.#lagMs, nowMs - dueMs);
      dueMs = nowMs + LAG_INTERVAL_MS;
    });
  }
}

/** Makes a rate of a count. */
type PerSecond = (count: number) => number;

/** Rates have one decimal place: nobody reads more. */
function perSecondOf(seconds: number): PerSecond {
  return (count) => seconds === 0 ? 0 : Math.round(count * 10 / seconds) / 10;
}

function countsOf(connection: Transport, { tally }: ConnectedSession): Counts {
  return {
    messages: tally.messages,
    events: tally.published,
    requests: tally.requests,
    refusals: tally.refused,
    receivedBytes: connection.receivedBytes,
    sentBytes: connection.sentBytes,
  };
}

function addOpen(row: Draft, connection: Transport, session: ConnectedSession): void {
  row.connections++;
  row.subscriptions += session.subscriptionCount;
  row.queuedBytes += connection.queuedBytes;
}

/** The row of this name, a new one if need be; undefined when there are too many. */
function draftIn(rows: Map<string, Draft>, client: string): Draft | undefined {
  const known = rows.get(client);
  if (known !== undefined || rows.size >= MAX_ROWS) return known;
  const draft: Draft = {
    ...{ client, address: undefined, connections: 0, opened: 0, subscriptions: 0, queuedBytes: 0 },
    ...{ messages: 0, events: 0, requests: 0, receivedBytes: 0, sentBytes: 0, refusals: 0 },
    ...{ reasons: {}, keys: [], agent: "" },
  };
  rows.set(client, draft);
  return draft;
}

function* perSecondEach(
  rows: ReadonlyMap<string, Draft>,
  perSecond: PerSecond,
): Generator<ClientActivity> {
  for (const row of rows.values()) {
    row.opened = perSecond(row.opened);
    row.messages = perSecond(row.messages);
    row.events = perSecond(row.events);
    row.requests = perSecond(row.requests);
    row.receivedBytes = Math.round(perSecond(row.receivedBytes));
    row.sentBytes = Math.round(perSecond(row.sentBytes));
    row.refusals = perSecond(row.refusals);
    row.reasons = scaled(row.reasons, perSecond);
    yield row;
  }
}

/** An IPv4 network of one address is that address. */
function nameOf(network: string): string {
  return network.replace(/^([\d.]+)\/32$/, "$1");
}

/** Everything that is counted since the start and is no client's. */
function totalsOf({ relay: { counters, timings }, traffic, netCounters }: RelayHost): Totals {
  const { messages } = counters;
  const answers = answerSources.map((source) =>
    [`answers ${source}`, total(timings.reqBySource[source])] as const
  );
  return {
    opened: counters.connections,
    ended: sumOf(netCounters.ended),
    messages: sumOf(messages),
    events: messages.EVENT,
    requests: messages.REQ + messages.COUNT + messages["NEG-OPEN"],
    stored: counters.stored,
    duplicate: counters.duplicate,
    answered: counters.answered,
    delivered: counters.delivered,
    receivedBytes: traffic.receivedBytes,
    sentBytes: traffic.sentBytes,
    ...Object.fromEntries(answers),
  };
}

function ratesOf(counts: Totals, perSecond: PerSecond): Omit<Activity["rates"], "refusals"> {
  const rate = (name: keyof Activity["rates"]) => perSecond(counts[name] ?? 0);
  return {
    opened: rate("opened"),
    ended: rate("ended"),
    messages: rate("messages"),
    events: rate("events"),
    requests: rate("requests"),
    stored: rate("stored"),
    duplicate: rate("duplicate"),
    answered: rate("answered"),
    delivered: rate("delivered"),
    receivedBytes: Math.round(rate("receivedBytes")),
    sentBytes: Math.round(rate("sentBytes")),
  };
}

function answersOf(counts: Totals): Record<AnswerSource, number> {
  const of = (source: AnswerSource) => counts[`answers ${source}`] ?? 0;
  return { memory: of("memory"), both: of("both"), database: of("database") };
}

function mirrorTotals({ counters }: Mirror): Totals {
  const { received, sent, refused, rejected } = counters;
  return { received, sent, refused: sumOf(refused) + sumOf(rejected) };
}

function total({ counts }: HistogramReading): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The bound below which 99 of 100 of the values lie that came since `before`; none without values. */
function percentileMs(
  bounds: readonly number[],
  counts: readonly number[],
  before: readonly number[],
): number | undefined {
  const more = counts.map((count, at) => count - (before[at] ?? 0));
  let left = more.reduce((sum, count) => sum + count, 0) * 0.99;
  if (left === 0) return undefined;
  const at = more.findIndex((count) => (left -= count) <= 0);
  return (bounds[at] ?? Infinity) * 1_000;
}

function differences(now: Totals, before: Totals): Record<string, number> {
  return Object.fromEntries(
    Object.entries(now).map(([name, count]) => [name, Math.max(0, count - (before[name] ?? 0))]),
  );
}

function scaled<Name extends string>(
  counts: Readonly<Record<Name, number>>,
  perSecond: PerSecond,
): Record<Name, number> {
  const rates: Record<Name, number> = { ...counts };
  for (const name of Object.keys(counts) as Name[]) rates[name] = perSecond(counts[name]);
  return rates;
}

function withoutZeros(counts: Totals): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

function sumOf(counts: Totals): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** What had been refused at a reading. */
interface Refused {
  readonly interval: number;
  readonly all: Totals;
  readonly clients: ReadonlyMap<string, Totals>;
}

const NOTHING_REFUSED: Refused = { interval: -1, all: {}, clients: new Map() };

function copyOf({ interval, all, clients }: CountedRefusals): Refused {
  return {
    interval,
    all: Object.fromEntries(all),
    clients: new Map(Array.from(clients, ([client, of]) => [client, Object.fromEntries(of)])),
  };
}
