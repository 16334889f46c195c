/**
 * Serves metrics for Prometheus on a listener of its own, which the operator keeps private.
 *
 * Where nostr-rs-relay has a metric of the same meaning, its name is used, so that dashboards carry
 * over.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { Histogram } from "../../base/histogram.ts";
import type { Log } from "../../base/log.ts";
import { type Metric, metricsText, metricsType, type Sample } from "../../http/metrics_text.ts";
import { parseListenAddress } from "../../net/address/listen_address.ts";
import { defaultListenLimits, listen } from "../../net/server/listen.ts";
import { CloseCode } from "../../websocket/close_code.ts";
import type { RelayHost } from "../relay_host.ts";
import { version } from "../version.ts";

/** How often the event loop delay is measured, milliseconds. */
const LAG_INTERVAL_MS = 250;

/** A running metrics server. */
export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `/metrics` at `address`. Rejects if it cannot listen there. */
export async function serveMetrics(
  host: RelayHost,
  address: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<MetricsServer> {
  const at = parseListenAddress(address);
  if (at === undefined) throw new TypeError(`metrics.listen: "${address}" is not an address`);
  const lag = new LoopLag(clock);
  const answer = ({ url, method }: Request) =>
    new URL(url).pathname === "/metrics" && (method === "GET" || method === "HEAD")
      ? new Response(metricsText(metricsOf(host, lag)), {
        headers: { "Content-Type": metricsType },
      })
      : new Response("the figures are at /metrics\n", { status: 404 });
  try {
    const listener = await listen({
      ...{ at, clock, log },
      limits: defaultListenLimits,
      acceptsPath: () => false,
      onConnection: (connection) =>
        connection.close(CloseCode.policyViolation, "no WebSocket here"),
      onRequest: answer,
    });
    return {
      url: `${listener.url.replace(/^ws/, "http")}/metrics`,
      close: async () => {
        lag.stop();
        await listener.close();
      },
    };
  } catch (error) {
    lag.stop();
    throw error;
  }
}

/** Measures by how much timers are late, which is how long the event loop was blocked. */
class LoopLag {
  readonly histogram = new Histogram();
  readonly #timer: Timer;

  constructor(clock: Clock) {
    let dueMs = clock.monotonicMs() + LAG_INTERVAL_MS;
    this.#timer = clock.every(LAG_INTERVAL_MS, () => {
      const nowMs = clock.monotonicMs();
      this.histogram.observe(Math.max(0, nowMs - dueMs) / 1_000);
      dueMs = nowMs + LAG_INTERVAL_MS;
    });
  }

  stop(): void {
    this.#timer.cancel();
  }
}

function metricsOf(host: RelayHost, lag: LoopLag): readonly Metric[] {
  const { relay, netCounters, poolStats } = host;
  const { counters, timings } = relay;
  const memory = Deno.memoryUsage();
  return [
    gauge("gallimimus_info", "The version that runs", [{ labels: { version }, value: 1 }]),
    ...connectionMetrics(host),
    counter("nostr_cmd_event_total", "EVENT messages", counters.messages.EVENT),
    counter("nostr_cmd_req_total", "REQ messages", counters.messages.REQ),
    counter("nostr_cmd_close_total", "CLOSE messages", counters.messages.CLOSE),
    counter("nostr_cmd_auth_total", "AUTH messages", counters.messages.AUTH),
    counter("gallimimus_cmd_count_total", "COUNT messages", counters.messages.COUNT),
    counter("nostr_events_sent_total", "Events sent to clients", [
      { labels: { source: "db" }, value: counters.answered },
      { labels: { source: "realtime" }, value: counters.delivered },
    ]),
    counter("gallimimus_events_total", "Events that clients published, by what became of them", [
      ...(["stored", "ephemeral", "duplicate", "deleted", "shadowed", "refused"] as const).map(
        (outcome) => ({ labels: { outcome }, value: counters[outcome] }),
      ),
    ]),
    counter("gallimimus_refusals_total", "Refused events and requests, by reason", [
      ...Object.entries(counters.refusals).map(([reason, value]) => ({
        labels: { reason },
        value,
      })),
    ]),
    histogram("nostr_events_write_seconds", "From EVENT to OK", timings.eventToOk),
    histogram("nostr_query_seconds", "From REQ to EOSE", timings.reqToEose),
    histogram("gallimimus_count_seconds", "From COUNT to its answer", timings.countToAnswer),
    counter("nostr_query_abort_total", "Queries that ended early, by reason", [
      { labels: { reason: "timeout" }, value: counters.timedOut },
    ]),
    ...poolStats === undefined ? [] : [
      gauge("nostr_db_connections", "Connections to the database that run a query", [
        { value: poolStats.running },
      ]),
      gauge("gallimimus_db_waiting", "Queries that wait for a connection", [
        { value: poolStats.waiting },
      ]),
    ],
    counter("gallimimus_throttled_total", "Times that a client was read more slowly", [
      { value: netCounters.throttled },
    ]),
    gauge("gallimimus_memory_bytes", "Memory of the process", [
      { labels: { kind: "resident" }, value: memory.rss },
      { labels: { kind: "heap" }, value: memory.heapUsed },
    ]),
    histogram("gallimimus_loop_lag_seconds", "How late timers come", lag.histogram),
  ];
}

function connectionMetrics({ relay, netCounters }: RelayHost): readonly Metric[] {
  const byReason = (record: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(record).map(([reason, value]) => ({ labels: { reason }, value }));
  return [
    gauge("gallimimus_connections", "Open connections", [{ value: relay.sessionCount }]),
    gauge("gallimimus_subscriptions", "Open subscriptions", [{ value: relay.subscriptionCount }]),
    counter("nostr_connections_total", "Connections opened", relay.counters.connections),
    counter("nostr_disconnects_total", "Connections ended, by reason", byReason(netCounters.ended)),
    counter(
      "gallimimus_dropped_sockets_total",
      "Sockets closed before a request was read, by reason",
      [
        ...byReason(netCounters.dropped),
      ],
    ),
    counter("gallimimus_refused_requests_total", "HTTP requests refused, by reason", [
      ...byReason(netCounters.refused),
    ]),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: "gauge", samples };
}

function counter(name: string, help: string, value: number | readonly Sample[]): Metric {
  const samples = typeof value === "number" ? [{ value }] : value;
  return { name, help, type: "counter", samples };
}

function histogram(name: string, help: string, reading: Histogram): Metric {
  return { name, help, type: "histogram", reading };
}
