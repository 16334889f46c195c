/**
 * Serves metrics for Prometheus on a listener of its own, which the operator keeps private.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { Histogram } from "../../base/histogram.ts";
import type { Log } from "../../base/log.ts";
import { type Metric, metricsText, metricsType } from "../../http/metrics_text.ts";
import { parseListenAddress } from "../../net/address/listen_address.ts";
import { defaultListenLimits, listen } from "../../net/server/listen.ts";
import { CloseCode } from "../../websocket/close_code.ts";
import type { StoreSize } from "../../store/write/upkeep.ts";
import type { RelayHost } from "../relay_host.ts";
import { UnusableSetting } from "../settings/load_settings.ts";
import { metricsOf } from "./metrics.ts";

/** How often the event loop delay is measured, milliseconds. */
const LAG_INTERVAL_MS = 250;

/** How often the database is asked for its size. */
const SIZE_INTERVAL_MS = 60_000;

/** A running metrics server. */
export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Where the metrics come from. */
export interface MetricsSource {
  read(): readonly Metric[] | Promise<readonly Metric[]>;
  /** Called when they are not served any more. */
  close(): void;
}

interface HostMetricsOptions {
  readonly clock: Clock;
  /** When the process was started, milliseconds since 1970. */
  readonly startedMs: number;
  /** Whether it asks the database for its size. Default: true. */
  readonly asksSize?: boolean;
}

/** The metrics of one relay, and of its thread. */
export class HostMetrics implements MetricsSource {
  readonly #host: RelayHost;
  readonly #startedMs: number;
  readonly #lag: LoopLag;
  readonly #size: SizeWatch | undefined;

  /** Measures until {@link close}. */
  constructor(host: RelayHost, { clock, startedMs, asksSize = true }: HostMetricsOptions) {
    this.#host = host;
    this.#startedMs = startedMs;
    this.#lag = new LoopLag(clock);
    this.#size = asksSize ? new SizeWatch(host, clock) : undefined;
  }

  read(): readonly Metric[] {
    return metricsOf(this.#host, {
      lag: this.#lag.histogram,
      size: this.#size?.last,
      startedMs: this.#startedMs,
    });
  }

  close(): void {
    this.#lag.stop();
    this.#size?.stop();
  }
}

/** Serves `/metrics` at `address`. Rejects if it cannot listen there. */
export async function serveMetrics(
  source: MetricsSource,
  address: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<MetricsServer> {
  const at = parseListenAddress(address);
  if (at === undefined) {
    throw new UnusableSetting("metrics.listen", `"${address}" is not an address`);
  }
  const answer = async ({ url, method }: Request) =>
    new URL(url).pathname === "/metrics" && (method === "GET" || method === "HEAD")
      ? new Response(metricsText(await source.read()), {
        headers: { "Content-Type": metricsType },
      })
      : new Response("the figures are at /metrics\n", { status: 404 });
  const listening = listen({
    ...{ at, clock, log },
    limits: defaultListenLimits,
    acceptsPath: () => false,
    onConnection: (connection) => connection.close(CloseCode.policyViolation, "no WebSocket here"),
    onRequest: answer,
  });
  try {
    const listener = await listening;
    return {
      url: `${listener.url.replace(/^ws/, "http")}/metrics`,
      close: async () => {
        source.close();
        await listener.close();
      },
    };
  } catch (error) {
    source.close();
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

/** Asks the store for its size now and then. A scrape does not wait for the database. */
class SizeWatch {
  last: StoreSize | undefined;
  readonly #timer: Timer;
  #isAsking = false;

  constructor(host: RelayHost, clock: Clock) {
    this.#timer = clock.every(SIZE_INTERVAL_MS, () => void this.#ask(host));
    void this.#ask(host);
  }

  stop(): void {
    this.#timer.cancel();
  }

  async #ask({ store }: RelayHost): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      this.last = await store.size();
    } catch {
      // The old size is not told as the present one.
      this.last = undefined;
    } finally {
      this.#isAsking = false;
    }
  }
}
