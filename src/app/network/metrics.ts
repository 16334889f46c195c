/**
 * The metrics of a relay, as values. No label has values that come from the network.
 *
 * Where nostr-rs-relay has a metric of the same meaning, its name is used, so that dashboards carry
 * over. `docs/grafana.json` and `docs/alerts.yaml` use these names; a test compares them.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import type { Histogram } from "../../base/histogram.ts";
import type { LabelledReading, Metric, Sample } from "../../http/metrics_text.ts";
import { answerSources } from "../../store/event_store.ts";
import type { StoreSize } from "../../store/write/upkeep.ts";
import type { Mirror } from "../../sync/mirror.ts";
import type { Outbox } from "../../sync/outbox.ts";
import type { InboxMirrors } from "../mirrors/inbox_mirrors.ts";
import type { RelayHost } from "../relay_host.ts";
import { version } from "../version.ts";

/** What is measured for the metrics alone. */
export interface Measured {
  /** How late timers come. */
  readonly lag: Histogram;
  /** Undefined until it is known. */
  readonly size: StoreSize | undefined;
  /** When the relay was started, milliseconds since 1970. */
  readonly startedMs: number;
}

/** All metrics of the relay, now. */
export function metricsOf(host: RelayHost, measured: Measured): readonly Metric[] {
  return [
    gauge("gallimimus_info", "The version that runs", [{ labels: { version }, value: 1 }]),
    ...connectionMetrics(host),
    ...messageMetrics(host),
    ...eventMetrics(host),
    ...queryMetrics(host),
    ...databaseMetrics(host),
    ...storeMetrics(host, measured),
    ...mirrorMetrics(host.mirrors),
    ...outboxMetrics(host.relayLists?.outbox),
    ...inboxMetrics(host.relayLists?.inbox),
    ...processMetrics(host, measured),
  ];
}

function connectionMetrics(host: RelayHost): readonly Metric[] {
  const { relay, netCounters, maxConnections, connections } = host;
  const { traffic } = connections;
  const { counters } = relay;
  return [
    gauge("gallimimus_connections", "Open connections", relay.sessionCount),
    gauge("gallimimus_connection_limit", "How many connections may be open", maxConnections),
    gauge("gallimimus_subscriptions", "Open subscriptions", relay.subscriptionCount),
    counter("nostr_connections_total", "Connections opened", counters.connections),
    counter("nostr_disconnects_total", "Connections ended, by reason", by(netCounters.ended)),
    counter("gallimimus_closes_total", "Connections that the relay closed, by cause", [
      { labels: { cause: "idle" }, value: counters.closedIdle },
      { labels: { cause: "slow" }, value: counters.closedSlow },
      { labels: { cause: "memory" }, value: counters.closedForMemory },
    ]),
    counter("gallimimus_received_bytes_total", "Bytes from clients", traffic.receivedBytes),
    counter("gallimimus_sent_bytes_total", "Bytes to clients", traffic.sentBytes),
    counter("gallimimus_sockets_total", "Sockets accepted", netCounters.accepted),
    counter(
      "gallimimus_dropped_sockets_total",
      "Sockets closed before a request was read, by reason",
      by(netCounters.dropped),
    ),
    counter(
      "gallimimus_refused_requests_total",
      "HTTP requests refused, by reason",
      by(netCounters.refused),
    ),
    counter(
      "gallimimus_throttled_total",
      "Times that a client was read more slowly",
      netCounters.throttled,
    ),
    counter(
      "gallimimus_relistened_total",
      "Listeners replaced because they accepted nothing any more",
      netCounters.relistened,
    ),
  ];
}

function messageMetrics({ relay: { counters } }: RelayHost): readonly Metric[] {
  const { messages } = counters;
  return [
    counter("nostr_cmd_event_total", "EVENT messages", messages.EVENT),
    counter("nostr_cmd_req_total", "REQ messages", messages.REQ),
    counter("nostr_cmd_close_total", "CLOSE messages", messages.CLOSE),
    counter("nostr_cmd_auth_total", "AUTH messages", messages.AUTH),
    counter("gallimimus_cmd_count_total", "COUNT messages", messages.COUNT),
    counter("gallimimus_cmd_neg_total", "Messages of NIP-77, by verb", [
      { labels: { verb: "open" }, value: messages["NEG-OPEN"] },
      { labels: { verb: "msg" }, value: messages["NEG-MSG"] },
      { labels: { verb: "close" }, value: messages["NEG-CLOSE"] },
    ]),
    counter("gallimimus_subscriptions_total", "Subscriptions opened", counters.subscriptions),
  ];
}

const outcomes = ["stored", "ephemeral", "duplicate", "deleted", "shadowed", "refused"] as const;

function eventMetrics({ relay }: RelayHost): readonly Metric[] {
  const { counters, timings, access } = relay;
  return [
    counter("nostr_events_sent_total", "Events sent to clients", [
      { labels: { source: "db" }, value: counters.answered },
      { labels: { source: "realtime" }, value: counters.delivered },
    ]),
    counter(
      "gallimimus_events_total",
      "Events that were published here, by what became of them",
      outcomes.map((outcome) => ({ labels: { outcome }, value: counters[outcome] })),
    ),
    counter(
      "gallimimus_refusals_total",
      "Refused events and requests, by reason",
      by(counters.refusals),
    ),
    counter(
      "gallimimus_policy_refusals_total",
      "Refusals of a policy, by its name and the reason",
      [...access.refusals].flatMap(([policy, refusals]) =>
        by(refusals).map(({ labels, value }) => ({ labels: { policy, ...labels }, value }))
      ),
    ),
    histogram("nostr_events_write_seconds", "From EVENT to OK", [{ reading: timings.eventToOk }]),
    histogram(
      "gallimimus_event_delivery_seconds",
      "From EVENT until all subscriptions that match have it",
      [{ reading: timings.eventToDelivered }],
    ),
  ];
}

function queryMetrics({ relay: { counters, timings }, window }: RelayHost): readonly Metric[] {
  return [
    histogram("nostr_query_seconds", "From REQ to EOSE", [{ reading: timings.reqToEose }]),
    histogram(
      "gallimimus_query_seconds",
      "From REQ to EOSE, by what answered: the window in memory, the database, or both",
      answerSources.map((source) => ({
        labels: { source },
        reading: timings.reqBySource[source],
      })),
    ),
    histogram("gallimimus_count_seconds", "From COUNT to its answer", [
      { reading: timings.countToAnswer },
    ]),
    counter("nostr_query_abort_total", "Queries that ended early, by reason", [
      { labels: { reason: "timeout" }, value: counters.timedOut },
    ]),
    gauge("gallimimus_window_events", "Events in the window in memory", window?.events),
    gauge("gallimimus_window_bytes", "Memory that the window takes", window?.bytes),
    gauge(
      "gallimimus_window_horizon_timestamp_seconds",
      "Since when the window has all events; infinite while it has none",
      window?.horizon,
    ),
  ];
}

function databaseMetrics(host: RelayHost): readonly Metric[] {
  const { poolStats: pool, relay, queueLengths, store } = host;
  return [
    gauge(
      "gallimimus_queue_length",
      "Work that waits: signatures to check, events to write, queries, events to pass on",
      Object.entries(queueLengths).map(([queue, value]) => ({ labels: { queue }, value })),
    ),
    gauge("gallimimus_writing_fails", "1 while events cannot be stored", Number(relay.cannotWrite)),
    gauge(
      "gallimimus_feed_up",
      "1 while the relay hears of what other instances store",
      Number(store.feed.isCurrent),
    ),
    gauge(
      "nostr_db_connections",
      "Connections to the database that run a query",
      pool?.running,
    ),
    gauge(
      "gallimimus_db_connection_limit",
      "Connections to the database that queries may use",
      pool?.connections,
    ),
    gauge("gallimimus_db_waiting", "Queries that wait for a connection", pool?.waiting),
    counter("gallimimus_db_cancelled_total", "Statements that nobody wanted any more", [
      ...sample(pool?.cancelled),
    ]),
    counter("gallimimus_db_timeouts_total", "Statements that the database ended", [
      ...sample(pool?.timedOut),
    ]),
  ];
}

function storeMetrics({ store: { disk } }: RelayHost, { size }: Measured): readonly Metric[] {
  return [
    gauge("gallimimus_store_events", "Stored events, as the database estimates", size?.events),
    gauge("gallimimus_store_bytes", "What the stored events take, indexes included", size?.bytes),
    gauge(
      "gallimimus_disk_free_bytes",
      "Free space on the disk of an embedded database",
      disk?.freeBytes,
    ),
    gauge(
      "gallimimus_disk_floor_bytes",
      "The free space below which no event is stored",
      disk?.minFreeBytes,
    ),
  ];
}

/** Nothing where there are no mirrors. Two with one URL are told apart by their number. */
function mirrorMetrics(mirrors: readonly Mirror[]): readonly Metric[] {
  if (mirrors.length === 0) return [];
  const names = mirrors.map(({ name }) => name);
  const labelled = mirrors.map(({ counters, name }, at) => ({
    counters,
    labels: { url: names.indexOf(name) === at ? name : `${name} (${at + 1})` },
  }));
  const each = (count: (counters: Mirror["counters"]) => number): Sample[] =>
    labelled.map(({ counters, labels }) => ({ labels, value: count(counters) }));
  const eachByReason = (record: "refused" | "rejected"): Sample[] =>
    labelled.flatMap(({ counters, labels: { url } }) =>
      by(counters[record]).map(({ labels, value }) => ({ labels: { url, ...labels }, value }))
    );
  return [
    gauge("gallimimus_mirror_connected", "Whether a mirror is connected", [
      ...each(({ connected }) => Number(connected)),
    ]),
    counter("gallimimus_mirror_received_total", "Events that came from a mirror", [
      ...each(({ received }) => received),
    ]),
    counter("gallimimus_mirror_stored_total", "Events of a mirror that were stored", [
      ...each(({ stored }) => stored),
    ]),
    counter("gallimimus_mirror_refused_total", "Events of a mirror that were refused, by reason", [
      ...eachByReason("refused"),
    ]),
    counter("gallimimus_mirror_sent_total", "Events that a mirror accepted", [
      ...each(({ sent }) => sent),
    ]),
    counter("gallimimus_mirror_rejected_total", "Events that a mirror refused, by reason", [
      ...eachByReason("rejected"),
    ]),
  ];
}

/** All relays together: their URLs are chosen by strangers. */
function outboxMetrics(outbox: Outbox | undefined): readonly Metric[] {
  if (outbox === undefined) return [];
  const { counters, connectionCount, outgoing } = outbox;
  return [
    gauge("gallimimus_outbox_connections", "Connections of the outbox", connectionCount),
    gauge("gallimimus_outbox_waiting", "Events that wait for relays", outgoing.length),
    counter("gallimimus_outbox_sent_total", "Events that relays accepted", counters.sent),
    counter("gallimimus_outbox_rejected_total", "Events that relays refused, by reason", [
      ...by(counters.rejected),
    ]),
    counter("gallimimus_outbox_dropped_total", "Events given up for a relay", counters.dropped),
    counter("gallimimus_outbox_failed_total", "Connections that failed", counters.failed),
  ];
}

/** All relays together. */
function inboxMetrics(inbox: InboxMirrors | undefined): readonly Metric[] {
  if (inbox === undefined) return [];
  const { counters, connectionCount, all } = inbox;
  return [
    gauge("gallimimus_inbox_relays", "Relays from which mentions are fetched", all.length),
    gauge("gallimimus_inbox_connected", "How many of them are connected", connectionCount),
    counter("gallimimus_inbox_received_total", "Events that came from them", counters.received),
    counter("gallimimus_inbox_stored_total", "Of these, events that were stored", counters.stored),
    counter("gallimimus_inbox_refused_total", "Of these, events that were refused, by reason", [
      ...by(counters.refused),
    ]),
  ];
}

function processMetrics(_host: RelayHost, { lag, startedMs }: Measured): readonly Metric[] {
  const memory = Deno.memoryUsage();
  const { user, system } = cpuUsage();
  return [
    gauge("gallimimus_memory_bytes", "Memory of the process", [
      { labels: { kind: "resident" }, value: memory.rss },
      { labels: { kind: "heap" }, value: memory.heapUsed },
    ]),
    histogram("gallimimus_loop_lag_seconds", "How late timers come", [{ reading: lag }]),
    counter("process_cpu_seconds_total", "Processor time", (user + system) / 1_000_000),
    gauge("process_start_time_seconds", "When the relay was started", startedMs / 1_000),
  ];
}

/** The counts of a record, each labelled with its name. */
function by(record: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(record).map(([reason, value]) => ({ labels: { reason }, value }));
}

/** No sample for what this relay does not have, or does not know yet. */
function sample(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ value }];
}

function gauge(
  name: string,
  help: string,
  value: number | undefined | readonly Sample[],
): Metric {
  return { name, help, type: "gauge", samples: typeof value === "object" ? value : sample(value) };
}

function counter(name: string, help: string, value: number | readonly Sample[]): Metric {
  return { name, help, type: "counter", samples: typeof value === "object" ? value : [{ value }] };
}

function histogram(name: string, help: string, readings: readonly LabelledReading[]): Metric {
  return { name, help, type: "histogram", readings };
}
