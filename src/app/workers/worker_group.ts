/**
 * A relay in several threads, as one.
 *
 * Each thread is a relay of its own, and all listen at the same port: the system shares out the connections.
 * Of a database with a server each has its own connections, and they hear of each other as instances do,
 * through the feed of the database. Any other store is in this thread, and they ask for it. This thread owns
 * what there is one of: the private database server, the socket for commands, signals, settings and the
 * metrics server.
 *
 * @module
 */

import { createServer } from "node:net";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Metric } from "../../http/metrics_text.ts";
import { formatListenAddress, parseListenAddress } from "../../net/address/listen_address.ts";
import { bind } from "../../net/server/bind.ts";
import { type Activity, sumOfActivities } from "../activity/activity.ts";
import { heldBack } from "../held_back.ts";
import type { ServedRelay } from "../served_relay.ts";
import { UnusableSetting } from "../settings/load_settings.ts";
import type { Settings } from "../settings/setting_list.ts";
import { Shutdown } from "../shutdown.ts";
import { createTables, forgetThread } from "./shared_tables.ts";
import { startRelayThread, type StartThread } from "./relay_thread.ts";
import { openForThreads, type ThreadedDatabase } from "./threaded_database.ts";
import { sumOfMetrics } from "./worker_metrics.ts";
import { checkWorkers, workerSettings } from "./worker_settings.ts";
import { WorkerSlot } from "./worker_slot.ts";

/** What {@link WorkerGroup} needs. */
export interface WorkerGroupOptions {
  /** With the URL of the database. */
  readonly settings: Settings;
  /** The relay's own public key. */
  readonly self: string | undefined;
  /** For hashed addresses in the log. */
  readonly addressSecret: Uint8Array<ArrayBuffer>;
  readonly clock: Clock;
  readonly log: Log;
  /** Replaced in tests only. */
  readonly startThread?: StartThread;
}

/** The share of the shutdown time after which threads are ended, to stop the database in the rest. */
const THREADS_SHARE = 0.9;

const TLS_PREFIX = /^tls:/;

/** The threads of a relay. */
export class WorkerGroup implements ServedRelay {
  readonly #options: WorkerGroupOptions;
  readonly #database: ThreadedDatabase;
  readonly #slots: readonly WorkerSlot[];
  /** The settings in force. */
  #settings: Settings;
  #version = 0;
  readonly #failed = Promise.withResolvers<void>();

  constructor(options: WorkerGroupOptions, database: ThreadedDatabase) {
    const { settings, self, addressSecret, clock, log, startThread = startRelayThread } = options;
    const { workers } = settings.network;
    const { longQueries } = database;
    this.#options = options;
    this.#database = database;
    this.#settings = settings;
    const tables = createTables(workers);
    const own = {
      settings: workerSettings(settings, database.url),
      directory: database.own?.directory,
      startedMs: clock.nowMs(),
      longQueries: longQueries && Math.ceil(longQueries / workers),
      channel: `gallimimus ${crypto.randomUUID()}`,
      connect: database.connect,
      ...{ tables, self, addressSecret, clock, log, startThread },
    };
    this.#slots = Array.from(
      { length: workers },
      (_, at) => {
        const number = at + 1;
        return new WorkerSlot({
          ...own,
          number,
          onEnded: (seat) => {
            forgetThread(tables, number);
            if (seat !== undefined) database.disconnect?.(seat);
          },
          onStuck: () => this.#failed.resolve(),
        });
      },
    );
  }

  /**
   * Opens the database and starts all threads. Rejects if one of them does not start.
   *
   * @throws UnusableSetting when several threads cannot serve with these settings
   */
  static async start(options: WorkerGroupOptions): Promise<WorkerGroup> {
    const { settings, log } = options;
    checkWorkers(settings);
    const database = await openForThreads(options);
    const group = new WorkerGroup(options, database);
    try {
      await Promise.all(group.#slots.map((slot) => slot.open()));
    } catch (error) {
      await group.close();
      throw error;
    }
    log.info("workers started", { workers: settings.network.workers });
    return group;
  }

  /** The store of an embedded database for this thread, and where that is. */
  get own(): ThreadedDatabase["own"] {
    return this.#database.own;
  }

  /** Resolves when a thread is stuck. */
  get failed(): Promise<void> {
    return this.#failed.promise;
  }

  /** How many connections were open some seconds ago. */
  get connectionCount(): number {
    return this.#slots.reduce((sum, { connectionCount }) => sum + connectionCount, 0);
  }

  /** Accepts connections at `address` in all threads. */
  async listen(address: string): Promise<string> {
    const free = await this.#freeAddress(address);
    const urls = await Promise.all(this.#slots.map((slot) => slot.listen(free)));
    return urls[0]!;
  }

  reloadCertificates(): void {
    for (const slot of this.#slots) void slot.call("reloadCertificates", undefined);
  }

  heldBack(read: Settings): ReadonlySet<string> {
    const { settings } = this.#options;
    const inThreads = (settings: Settings) => workerSettings(settings, this.#database.url);
    return heldBack({
      started: inThreads(settings),
      running: inThreads(this.#settings),
      read: inThreads(read),
    });
  }

  async prepare(settings: Settings): Promise<() => void> {
    const numbered = {
      version: ++this.#version,
      settings: workerSettings(settings, this.#database.url),
    };
    await Promise.all(this.#slots.map((slot) => slot.prepare(numbered)));
    return () => {
      this.#settings = settings;
      for (const slot of this.#slots) slot.apply(numbered);
    };
  }

  /** The sums over all threads, and how many connections each has. */
  async metrics(): Promise<readonly Metric[]> {
    const threads = await Promise.all(this.#slots.map(async (slot) => ({
      worker: `${slot.number}`,
      metrics: await slot.call("metrics", undefined) ?? [],
    })));
    const samples = threads.map(({ worker, metrics }) => ({
      labels: { worker },
      value: openConnections(metrics),
    }));
    return [...sumOfMetrics(threads.map(({ metrics }) => metrics)), {
      type: "gauge",
      name: "gallimimus_worker_connections",
      help: "Open connections, by thread",
      samples,
    }];
  }

  /** Of all threads; one that is being replaced has none. Rejects when there is no thread at all. */
  async activity(): Promise<Activity> {
    const asked = await Promise.all(this.#slots.map((slot) => slot.call("activity", undefined)));
    const [first, ...others] = asked.filter((activity) => activity !== undefined);
    if (first === undefined) throw new Error("all threads of the relay are being replaced");
    return sumOfActivities([first, ...others]);
  }

  async close(): Promise<void> {
    const { clock, log } = this.#options;
    const timeoutMs = this.#settings.network.shutdown_timeout_ms;
    const shutdown = new Shutdown({ clock, log, timeoutMs });
    const closing = Promise.all(this.#slots.map((slot) => slot.close()));
    await shutdown.step("workers", closing, THREADS_SHARE);
    for (const slot of this.#slots) slot.end();
    await shutdown.step("database", this.#database.close());
  }

  /**
   * The address with a port that no other program listens at. The threads could not tell: they listen at
   * a port that may be shared, also by another relay of the same user.
   */
  async #freeAddress(address: string): Promise<string> {
    const prefix = TLS_PREFIX.exec(address)?.[0] ?? "";
    const at = parseListenAddress(address.slice(prefix.length));
    if (at === undefined) {
      throw new UnusableSetting("network.listen", `"${address}" is not an address`);
    }
    const server = createServer();
    const bound = await bind(server, at, { reusePort: this.#settings.network.reuse_port });
    await new Promise((resolve) => server.close(resolve));
    return prefix + formatListenAddress(bound.at);
  }
}

function openConnections(metrics: readonly Metric[]): number {
  const metric = metrics.find(({ name }) => name === "gallimimus_connections");
  return metric === undefined || metric.type === "histogram" ? 0 : metric.samples[0]?.value ?? 0;
}
