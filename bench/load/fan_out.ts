/**
 * Fan-out load: one publisher, and many subscribers that all receive its events.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import { type LoadStats, percentile } from "./stats.ts";
import { RawClient, textFrame } from "./raw_client.ts";

/** The number of subscribers and the rate of publishing. */
export interface FanOutOptions {
  readonly listeners: number;
  /**
   * The most events published and not yet delivered to all. 1 measures the latency of a single
   * event.
   */
  readonly inFlight: number;
  /** Whether the subscribers use permessage-deflate. */
  readonly isDeflated?: boolean;
}

/** Publishes each event and waits until every listener has it; counts deliveries. */
export async function fanOutLoad(
  url: string,
  events: readonly NostrEvent[],
  { listeners, inFlight, isDeflated = false }: FanOutOptions,
): Promise<LoadStats> {
  const publisher = await RawClient.connect(url);
  const latencies: number[] = [];
  const sentMs: number[] = [];
  let delivered = 0;
  let next = 0;
  const all = Promise.withResolvers<void>();
  const send = () => {
    if (next >= events.length) return;
    sentMs.push(performance.now());
    void publisher.send(textFrame(JSON.stringify(["EVENT", events[next++]!])));
  };
  const onDelivery = (place: number) => {
    latencies.push(performance.now() - sentMs[place]!);
    delivered++;
    if (delivered % listeners === 0) send();
    if (delivered === events.length * listeners) all.resolve();
  };
  const clients = await listen(url, { listeners, isDeflated }, onDelivery);
  const publishing = publisher.read(() => {});
  const startMs = performance.now();
  for (let i = 0; i < inFlight; i++) send();
  await all.promise;
  const seconds = (performance.now() - startMs) / 1000;
  for (const { client, reading } of clients) {
    client.close();
    await reading;
  }
  publisher.close();
  await publishing;
  return {
    load: `one event to ${listeners} listeners, ${inFlight} in flight` +
      (isDeflated ? ", deflated" : ""),
    perSecond: delivered / seconds,
    unit: "deliveries/s",
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  };
}

interface Listening {
  readonly client: RawClient;
  readonly reading: Promise<void>;
}

/** Opens subscriptions without stored events and waits for each EOSE. */
async function listen(
  url: string,
  { listeners, isDeflated }: Pick<Required<FanOutOptions>, "listeners" | "isDeflated">,
  onDelivery: (place: number) => void,
): Promise<readonly Listening[]> {
  const request = textFrame('["REQ","live",{"limit":0}]');
  const clients: Listening[] = [];
  for (let i = 0; i < listeners; i++) {
    const client = await RawClient.connect(url, isDeflated ? "permessage-deflate" : undefined);
    const ready = Promise.withResolvers<void>();
    let place = 0;
    let isReady = false;
    const reading = client.read(() => {
      if (isReady) return onDelivery(place++);
      isReady = true;
      ready.resolve();
    });
    await client.send(request);
    await ready.promise;
    clients.push({ client, reading });
  }
  return clients;
}
