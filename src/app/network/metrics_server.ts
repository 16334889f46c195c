/**
 * Where Prometheus finds the figures: a port of its own, which the operator keeps from the public.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { metricsText, metricsType } from "../../http/metrics_text.ts";
import { parseListenAddress } from "../../net/address/listen_address.ts";
import { defaultListenLimits, listen } from "../../net/server/listen.ts";
import { CloseCode } from "../../websocket/close_code.ts";
import { LoopLag, metricsOf } from "./metrics.ts";
import type { RelayHost } from "../relay_host.ts";

/** A server of figures. */
export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `/metrics` at `address`. Rejects when that cannot be had. */
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
