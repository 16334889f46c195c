/**
 * Publishing load: connections that each keep some events in flight and wait for every OK.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import { type LoadStats, percentile } from "./stats.ts";
import { RawClient, textFrame } from "./raw_client.ts";

/** Connections, events and events in flight. */
export interface PublishOptions {
  readonly connections: number;
  /** The most events of one connection that wait for their OK. */
  readonly inFlight: number;
}

const OK_TRUE = new TextEncoder().encode(",true,");

/** Sends all events once; throws if the relay refuses one. */
export async function publishLoad(
  url: string,
  events: readonly NostrEvent[],
  { connections, inFlight }: PublishOptions,
): Promise<LoadStats> {
  const frames = events.map((event) => textFrame(JSON.stringify(["EVENT", event])));
  const latencies: number[] = [];
  let next = 0;
  const clients = await Promise.all(
    Array.from({ length: connections }, () => RawClient.connect(url)),
  );
  const startMs = performance.now();
  await Promise.all(clients.map(async (client) => {
    const sentMs: number[] = [];
    let waiting = 0;
    const sendMore = () => {
      const batch: Uint8Array[] = [];
      while (waiting < inFlight && next < frames.length) {
        batch.push(frames[next++]!);
        sentMs.push(performance.now());
        waiting++;
      }
      if (batch.length > 0) void client.send(...batch);
      else if (waiting === 0) client.close();
    };
    let refusal: string | undefined;
    const done = client.read((payload) => {
      if (!includes(payload, OK_TRUE)) refusal ??= new TextDecoder().decode(payload);
      latencies.push(performance.now() - sentMs.shift()!);
      waiting--;
      if (waiting <= inFlight / 2) sendMore();
    });
    sendMore();
    await done;
    if (refusal !== undefined) throw new Error(`refused: ${refusal}`);
  }));
  const seconds = (performance.now() - startMs) / 1000;
  return {
    load: `publish, ${connections} connections × ${inFlight} in flight`,
    perSecond: frames.length / seconds,
    unit: "events/s",
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  };
}

/** The result in `["OK","<64 hex>",true,` is at a fixed offset. */
function includes(payload: Uint8Array, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) {
    if (payload[72 + i] !== part[i]) return false;
  }
  return true;
}
