/**
 * Publishes what the listeners of {@link ListenJob} wait for, and goes on when all have it.
 *
 * @module
 */

import { okKey, okResult, tallyAnswer, verbOf } from "../answer.ts";
import { closeAll, openAll, readFrom, type Reading } from "../connections.ts";
import { frameCount, frameOf, type PackedFrames } from "../frames.ts";
import { Latencies } from "../latencies.ts";
import { nowMs, type Side, type SideResult, type Target } from "../side.ts";
import { Tally } from "../tally.ts";
import type { SharedFeed } from "./listen.ts";

/** What is published, and how much of it at a time. */
export interface FeedJob extends Target {
  readonly kind: "feed";
  readonly feed: SharedFeed;
  readonly frames: PackedFrames;
  /** The most events that are published and not yet delivered to all. */
  readonly inFlight: number;
  /** How long, unless the events are used up before. */
  readonly seconds: number;
}

/** Opens the one connection. */
export async function feedSide(job: FeedJob): Promise<Side> {
  const { feed, frames, timeoutMs } = job;
  const tally = new Tally();
  const readings: Reading[] = [];
  const eventAt = new Map([...feed.keys].map((key, at) => [key, at]));
  let accepted = 0;
  /** Nobody gets it: what waits for its delivery goes on. */
  const giveUp = (at: number) => {
    if (Atomics.exchange(feed.missing, at, 0) <= 0) return;
    Atomics.add(feed.finished, 0, 1);
    Atomics.notify(feed.finished, 0);
  };
  const [client] = await openAll({ ...job, connections: 1 }, tally);
  const reading = client && readFrom(client, tally, (payload) => {
    if (verbOf(payload) !== "OK") return tallyAnswer(tally, payload);
    if (okResult(payload) !== "refused") return void accepted++;
    tallyAnswer(tally, payload);
    const at = eventAt.get(okKey(payload));
    if (at !== undefined) giveUp(at);
  });
  if (reading !== undefined) readings.push(reading);
  const run = async (): Promise<SideResult> => {
    const startMs = nowMs();
    let sent = 0;
    let isSilent = false;
    while (sent < frameCount(frames) && reading?.isOpen && !isSilent) {
      feed.sentMs[sent] = nowMs();
      if (feed.missing[sent] === 0) Atomics.add(feed.finished, 0, 1);
      void client!.send(frameOf(frames, sent++));
      if (nowMs() - startMs > job.seconds * 1_000) break;
      const least = sent - job.inFlight + 1;
      isSilent = !await finishedBeyond(feed.finished, { least, timeoutMs });
    }
    if (!isSilent) await finishedBeyond(feed.finished, { least: sent, timeoutMs });
    return {
      done: accepted,
      tried: sent,
      // What is waited for in vain at the end is no time of the relay's.
      seconds: Math.max(feed.lastMs[0]! - startMs, 1) / 1_000,
      latencies: new Latencies().counts,
      tally: tally.entries(),
    };
  };
  return { run, close: () => closeAll(readings) };
}

/** Waits until `least` events are finished; whether they were within the time. */
async function finishedBeyond(
  finished: Int32Array,
  { least, timeoutMs }: { readonly least: number; readonly timeoutMs: number },
): Promise<boolean> {
  for (;;) {
    const count = Atomics.load(finished, 0);
    if (count >= least) return true;
    const { async: isAsync, value } = Atomics.waitAsync(finished, 0, count, timeoutMs);
    if (isAsync && await value === "timed-out") return false;
  }
}
