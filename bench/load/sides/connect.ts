/**
 * Connects, completes the handshake and hangs up, over and over.
 *
 * @module
 */

import { Latencies } from "../latencies.ts";
import { RawClient } from "../raw_client.ts";
import { nowMs, type Side, type SideResult, type Target } from "../side.ts";
import { Tally } from "../tally.ts";

/** How long, and how many at a time. */
export interface ConnectJob extends Target {
  readonly kind: "connect";
  readonly atOnce: number;
  readonly seconds: number;
}

/** Nothing is opened before the load. */
export function connectSide(job: ConnectJob): Side {
  const tally = new Tally();
  const latencies = new Latencies();
  let [tried, connected] = [0, 0];
  const connectAgain = async (endMs: number) => {
    while (nowMs() < endMs) {
      const startMs = nowMs();
      tried++;
      const client = await RawClient.open(job.url, job);
      if ("fault" in client) {
        tally.add("no connection", client.fault);
        continue;
      }
      latencies.record(nowMs() - startMs);
      connected++;
      client.close();
    }
  };
  const run = async (): Promise<SideResult> => {
    const startMs = nowMs();
    const endMs = startMs + job.seconds * 1_000;
    await Promise.all(Array.from({ length: job.atOnce }, () => connectAgain(endMs)));
    const seconds = (nowMs() - startMs) / 1_000;
    return {
      done: connected,
      tried,
      seconds,
      latencies: latencies.counts,
      tally: tally.entries(),
    };
  };
  return { run, close: () => Promise.resolve() };
}
