/**
 * The program of a thread that is a relay of its own. `relay_thread.ts` starts it.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { type Log, silentLog, withFields } from "../../base/log.ts";
import type { Metric } from "../../http/metrics_text.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import type { NearbyChannel, NearbyMessage } from "../../store/feed/nearby_feeds.ts";
import { configureLog, logStyle, relayLog } from "../command_line/logging.ts";
import { watchDisk } from "../database/open_database.ts";
import { openStore } from "../database/open_store.ts";
import { HostMetrics } from "../network/metrics_server.ts";
import { RelayHost } from "../relay_host.ts";
import { settingChanges } from "../settings/setting_changes.ts";
import type { Settings } from "../settings/setting_list.ts";
import { holdLock } from "../system/locks.ts";
import { systemClock } from "../system/system_clock.ts";
import { logUncaughtErrors } from "../system/uncaught_errors.ts";
import { countsOfThread, sharedBuckets } from "./shared_tables.ts";
import { ThreadStore } from "./thread_store.ts";
import {
  type AnswerMessage,
  type CallMessage,
  errorToSend,
  type NumberedSettings,
  type WorkerStart,
} from "./worker_calls.ts";

/** A started relay. */
interface Started {
  readonly host: RelayHost;
  readonly metrics: HostMetrics;
  settings: Settings;
}

/** Settings that were made ready. */
interface Prepared {
  readonly version: number;
  readonly settings: Settings;
  readonly use: () => void;
}

let started: Started | undefined;
/** The same in all threads. */
let addressSecret = new Uint8Array();
let prepared: Prepared | undefined;

logUncaughtErrors();

self.onmessage = async ({ data }: MessageEvent<CallMessage>) => {
  self.postMessage(await answerTo(data));
};

async function answerTo(call: CallMessage): Promise<AnswerMessage> {
  try {
    return { id: call.id, value: await carryOut(call) };
  } catch (error) {
    return { id: call.id, error: errorToSend(error) };
  }
}

function carryOut(call: CallMessage): unknown {
  switch (call.name) {
    case "hold":
      return holdLock(call.argument);
    case "start":
      return start(call.argument);
    case "listen":
      return running().host.listen(call.argument);
    case "prepare":
      return prepare(call.argument);
    case "apply":
      return apply(call.argument);
    case "reloadCertificates":
      return running().host.reloadCertificates();
    case "metrics":
      return running().metrics.read().map(plain);
    case "activity":
      return running().host.activity();
    case "probe":
      return started?.host.connectionCount ?? 0;
    case "close":
      return close();
  }
}

async function start(options: WorkerStart): Promise<void> {
  const { number, settings, startedMs, self } = options;
  addressSecret = options.addressSecret;
  applyLog(settings.log);
  const log = withFields(relayLog(), { worker: number });
  const store = await storeOf(options, log);
  try {
    const isFirst = number === 1;
    const clock = systemClock;
    const host = await RelayHost.start({
      ...{ settings, store, clock, log, self, isFirst },
      gateCounts: countsOfThread(options.tables, number),
      makeBuckets: sharedBuckets(options.tables),
    });
    const asksSize = isFirst && settings.metrics.listen !== "";
    const metrics = new HostMetrics(host, { clock, startedMs, asksSize });
    started = { host, metrics, settings };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The store that the main thread has, or one of its own. */
async function storeOf(options: WorkerStart, log: Log): Promise<TidyStore> {
  const { settings, store, longQueries, directory, channel } = options;
  // The main thread watches the disk as well, and says so.
  if (store !== undefined) {
    return new ThreadStore(
      store,
      await watchDisk(directory, settings.database.min_free_mib, silentLog),
    );
  }
  const nearby = openThreadChannel(channel);
  return await openStore(settings, log, { directory, diskLog: silentLog, longQueries, nearby });
}

function running(): Started {
  if (started === undefined) throw new Error("the relay of this thread is not started");
  return started;
}

async function prepare(read: NumberedSettings): Promise<void> {
  prepared = await preparedOf(read);
}

async function preparedOf({ version, settings: read }: NumberedSettings): Promise<Prepared> {
  const { host, settings: before } = running();
  // What did not change is to be the same object as before: by that the relay knows it.
  const { settings } = settingChanges(before, read, () => true);
  return { version, settings, use: await host.prepare(settings) };
}

async function apply(numbered: NumberedSettings): Promise<void> {
  const { settings, use } = prepared?.version === numbered.version
    ? prepared
    : await preparedOf(numbered);
  prepared = undefined;
  use();
  if (settings.log !== running().settings.log) applyLog(settings.log);
  running().settings = settings;
}

async function close(): Promise<void> {
  started?.metrics.close();
  await started?.host.close();
}

function applyLog(settings: Settings["log"]): void {
  const isTerminal = Deno.stderr.isTerminal();
  const noColor = Deno.env.get("NO_COLOR");
  const style = logStyle(settings, { isTerminal, noColor, addressSecret });
  configureLog(style, (line) => console.error(line.slice(0, -1)));
}

/** Without the class of the histograms, which cannot be sent. */
function plain(metric: Metric): Metric {
  if (metric.type !== "histogram") return metric;
  const readings = metric.readings.map(({ reading: { bounds, counts, sum }, ...labelled }) => ({
    ...labelled,
    reading: { bounds, counts, sum },
  }));
  return { ...metric, readings };
}

/**
 * Opens the channel of this name. Messages reach every other thread of the process that has opened it; the
 * runtime drops the oldest when a thread has too many of them waiting.
 */
function openThreadChannel(name: string): NearbyChannel {
  const channel = new BroadcastChannel(name);
  return {
    send: (message) => channel.postMessage(message),
    receive(onMessage) {
      // Only the threads of this relay know the name.
      channel.onmessage = ({ data }: MessageEvent<NearbyMessage>) => onMessage(data);
    },
    close: () => channel.close(),
  };
}
