/**
 * Measures what a relay does and for whom, while somebody looks.
 *
 * Sessions and listeners count in any case. A meter remembers what they had counted when it read them
 * last, and gives the differences. Nothing is remembered when nobody has looked for a while.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { sum } from "../../base/sum.ts";
import type { ConnectedSession } from "../../relay/relay.ts";
import type { CountedRefusals } from "../../relay/refusal_log.ts";
import type { Exchange } from "../../sync/mirror.ts";
import type { Transport } from "../relay_connections.ts";
import type { RelayHost } from "../relay_host.ts";
import {
  type Activity,
  largest,
  MAX_QUERIES,
  type MirrorActivity,
  plainText,
  type UnansweredQuery,
} from "./activity.ts";
import { clientName, ClientTables } from "./client_tables.ts";
import { filtersText } from "./filters_text.ts";
import {
  differences,
  percentile99,
  type PerSecond,
  perSecondOf,
  scaled,
  scaledTraffic,
  sumOf,
  type Totals,
  withoutZeros,
} from "./rates.ts";

interface ActivityMeterOptions {
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

/** A request is unanswered for so long before it is told of, milliseconds. */
const MIN_QUERY_AGE_MS = 100;

/** Characters that are kept of a URL of the settings, and of an id of a client's. */
const MAX_URL = 80;
const MAX_ID = 32;

/** Reads the counters of one relay. */
export class ActivityMeter {
  readonly #host: RelayHost;
  readonly #options: ActivityMeterOptions;
  readonly #lagTimer: Timer;
  #idle: Timer | undefined;
  #last: { readonly atMs: number; readonly activity: Activity } | undefined;
  readonly #tables = new ClientTables();
  #refused: Refused;
  #totals: ReturnType<typeof totalsOf>;
  #reqCounts: readonly number[];
  #mirrorCounts = new Map<Exchange, ReturnType<typeof mirrorTotals>>();
  #lagMs = 0;

  /** Measures until {@link close}, or until nobody reads. */
  constructor(host: RelayHost, options: ActivityMeterOptions) {
    this.#host = host;
    this.#options = options;
    this.#refused = copyOf(host.logs.refusals.counted);
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
    this.#tables.end(connection, session);
  }

  close(): void {
    this.#idle?.cancel();
    this.#lagTimer.cancel();
  }

  #measure(seconds: number, nowMs: number): Activity {
    const host = this.#host;
    const { relay, poolStats, store } = host;
    const perSecond = perSecondOf(seconds);
    for (const [connection, session] of host.connections.open) {
      this.#tables.count(connection, session);
    }
    const reasons = this.#countRefusals();
    const totals = totalsOf(host);
    const rates = differences(totals.rates, this.#totals.rates);
    const answers = differences(totals.answers, this.#totals.answers);
    const reqCounts = [...relay.timings.reqToEose.counts];
    const exchanges: readonly Exchange[] = [...host.mirrors, ...host.relayLists?.all ?? []];
    const activity: Activity = {
      seconds,
      workers: [{ connections: relay.sessionCount, lagMs: Math.round(this.#lagMs) }],
      connections: relay.sessionCount,
      maxConnections: host.maxConnections,
      subscriptions: relay.subscriptionCount,
      memoryBytes: Deno.memoryUsage().rss,
      rates: { ...scaledTraffic(rates, perSecond), refusals: perSecond(sumOf(reasons)) },
      reasons: scaled(reasons, perSecond),
      queues: host.queueLengths,
      answers: scaled(answers, perSecond),
      answersInAll: totals.answers,
      slowestMs: seconds === 0 ? undefined : this.#slowestMs(reqCounts),
      windowEvents: host.window?.events,
      pool: poolStats && {
        connections: poolStats.connections,
        running: poolStats.running,
        waiting: poolStats.waiting,
      },
      isWritingFailing: relay.cannotWrite,
      isFeedCurrent: store.feed.isCurrent,
      ...this.#tables.take(perSecond),
      queries: this.#oldestQueries(nowMs),
      ended: host.logs.endedQueries.latest(),
      mirrors: exchanges.map((mirror) => this.#mirror(mirror, perSecond)),
    };
    [this.#totals, this.#reqCounts, this.#lagMs] = [totals, reqCounts, 0];
    this.#mirrorCounts = new Map(exchanges.map((mirror) => [mirror, mirrorTotals(mirror)]));
    return activity;
  }

  #slowestMs(reqCounts: readonly number[]): number | undefined {
    const { bounds } = this.#host.relay.timings.reqToEose;
    const seconds = percentile99(bounds, reqCounts, this.#reqCounts);
    return seconds && seconds * 1_000;
  }

  /** Adds what was refused to whom, and gives the sums by reason. */
  #countRefusals(): Record<string, number> {
    const { counted } = this.#host.logs.refusals;
    const before = this.#refused;
    this.#refused = copyOf(counted);
    if (this.#last === undefined) return {};
    // What was counted between the last reading and a new interval is lost: a second's at most.
    const mark = before.interval === counted.interval ? before : NOTHING_REFUSED;
    for (const [client, reasons] of counted.clients) {
      const before = mark.clients.get(client) ?? {};
      const more = withoutZeros(differences(Object.fromEntries(reasons), before));
      if (sumOf(more) > 0) this.#tables.refuse(client, more);
    }
    return withoutZeros(differences(Object.fromEntries(counted.all), mark.all));
  }

  /** The oldest. Only of these the texts are looked at. */
  #oldestQueries(nowMs: number): UnansweredQuery[] {
    const oldest = largest(this.#unanswered(), MAX_QUERIES, ({ startMs }) => {
      const ageMs = nowMs - startMs;
      return ageMs < MIN_QUERY_AGE_MS ? 0 : ageMs;
    });
    return oldest.map(({ session, verb, id, filters, startMs }) => {
      const { client: { address, network = address }, isCongested } = session;
      return {
        verb,
        client: clientName(network),
        id: plainText(id, MAX_ID),
        filters: filtersText(filters),
        ageMs: Math.round(nowMs - startMs),
        waitsFor: isCongested ? "client" : "store",
      };
    });
  }

  *#unanswered() {
    for (const session of this.#host.connections.open.values()) {
      for (const request of session.unanswered()) yield { session, ...request };
    }
  }

  #mirror(mirror: Exchange, perSecond: PerSecond): MirrorActivity {
    const { counters, plan, name, outgoing, hasMissed, followedUntilS } = mirror;
    const totals = mirrorTotals(mirror);
    const rates = differences(totals, this.#mirrorCounts.get(mirror) ?? totals);
    const nowS = Math.floor(this.#options.clock.nowMs() / 1_000);
    return {
      url: plainText(name, MAX_URL),
      direction: plan.direction,
      isConnected: counters.connected,
      waiting: outgoing.length,
      hasMissed,
      behindS: counters.connected || followedUntilS === undefined
        ? undefined
        : Math.max(0, nowS - followedUntilS),
      ...scaled(rates, perSecond),
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

/** Everything that is counted since the start and is no client's. */
function totalsOf({ relay, connections, netCounters }: RelayHost) {
  const { counters, timings } = relay;
  const { messages } = counters;
  const { receivedBytes, sentBytes } = connections.traffic;
  const { memory, both, database } = timings.reqBySource;
  return {
    rates: {
      opened: counters.connections,
      ended: sumOf(netCounters.ended),
      messages: sumOf(messages),
      events: messages.EVENT,
      requests: messages.REQ + messages.COUNT + messages["NEG-OPEN"],
      stored: counters.stored,
      duplicate: counters.duplicate,
      answered: counters.answered,
      delivered: counters.delivered,
      receivedBytes,
      sentBytes,
    },
    answers: { memory: sum(memory.counts), both: sum(both.counts), database: sum(database.counts) },
  };
}

function mirrorTotals({ counters }: Exchange): Totals<"received" | "sent" | "refused"> {
  const { received, sent, refused, rejected } = counters;
  return { received, sent, refused: sumOf(refused) + sumOf(rejected) };
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
