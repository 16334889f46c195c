/**
 * Opens idle connections with subscriptions and keeps them until told to stop, so that the memory
 * of the relay can be looked at.
 *
 * @module
 */

import { subscriptionNumber, tallyAnswer, verbOf } from "../answer.ts";
import { closeAll, readFrom, type Reading } from "../connections.ts";
import { textFrame } from "../frames.ts";
import { Latencies } from "../latencies.ts";
import { RawClient } from "../raw_client.ts";
import { nowMs, type Side, type SideResult, type Target } from "../side.ts";
import { Tally } from "../tally.ts";

/** How much is held. */
export interface HoldJob extends Target {
  readonly kind: "hold";
  readonly connections: number;
  readonly subscriptions: number;
  /** Public keys; each subscription is for the events of one. */
  readonly authors: readonly string[];
}

/** Nothing is opened before the load, for the opening is measured. */
export function holdSide(job: HoldJob): Side {
  const tally = new Tally();
  const latencies = new Latencies();
  const readings: Reading[] = [];
  let [begun, done] = [0, 0];
  const openSome = async () => {
    while (begun < job.connections) {
      const place = begun++;
      const startMs = nowMs();
      const client = await RawClient.open(job.url, job);
      if ("fault" in client) {
        tally.add("no connection", client.fault);
        continue;
      }
      const waiting = await subscribe(client, place);
      latencies.record(nowMs() - startMs);
      if (waiting === 0) done++;
      else tally.add("connection without all of its EOSEs");
    }
  };
  /** How many subscriptions are not open when all has been answered, or the time is over. */
  const subscribe = async (client: RawClient, place: number): Promise<number> => {
    const ready = Promise.withResolvers<void>();
    const waiting = new Set(Array.from({ length: job.subscriptions }, (_, number) => number));
    let refused = 0;
    const reading = readFrom(client, tally, (payload) => {
      const verb = verbOf(payload);
      if (verb === "EVENT") return;
      if (verb !== "EOSE") tallyAnswer(tally, payload);
      if (verb !== "EOSE" && verb !== "CLOSED") return;
      if (waiting.delete(subscriptionNumber(payload)) && verb === "CLOSED") refused++;
      if (waiting.size === 0) ready.resolve();
    });
    readings.push(reading);
    void reading.ended.then(() => ready.resolve());
    const timer = setTimeout(() => ready.resolve(), job.timeoutMs);
    if (job.subscriptions > 0) {
      void client.send(...requests(job, place));
      await ready.promise;
    }
    clearTimeout(timer);
    return waiting.size + refused;
  };
  const run = async (): Promise<SideResult> => {
    const startMs = nowMs();
    await Promise.all(Array.from({ length: 32 }, openSome));
    const seconds = (nowMs() - startMs) / 1_000;
    return {
      done,
      tried: job.connections,
      seconds,
      latencies: latencies.counts,
      tally: tally.entries(),
    };
  };
  return { run, close: () => closeAll(readings) };
}

function requests({ subscriptions, authors }: HoldJob, place: number): readonly Uint8Array[] {
  return Array.from({ length: subscriptions }, (_, number) => {
    const author = authors[(place * subscriptions + number) % authors.length]!;
    const filter = { kinds: [1], authors: [author], limit: 0 };
    return textFrame(JSON.stringify(["REQ", `q${number}`, filter]));
  });
}
