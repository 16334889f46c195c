/**
 * Query load: connections that send one REQ after another and wait for its EOSE.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import type { SeededRandom } from "../../tests/kit/seeded_random.ts";
import { type LoadStats, percentile } from "./stats.ts";
import { RawClient, textFrame } from "./raw_client.ts";

/** Connections, queries and filters. */
export interface QueryOptions {
  readonly connections: number;
  readonly queries: number;
  readonly random: SeededRandom;
}

/** A filter as sent. */
export type WireFilter = Readonly<Record<string, unknown>>;

/** The ten filter shapes of a typical client, each for about 35 rows. */
export function mixedFilters(random: SeededRandom, events: readonly NostrEvent[]): WireFilter[] {
  const any = () => random.pick(events);
  const addressable = events.filter(({ kind }) => kind >= 30_000);
  const withTag = (name: string) =>
    events.filter(({ tags }) => tags.some(([n, v]) => n === name && v));
  const tagValue = (pool: readonly NostrEvent[], name: string) =>
    random.pick(pool).tags.find(([n, v]) => n === name && v)![1]!;
  const [e, p, t] = [withTag("e"), withTag("p"), withTag("t")];
  const shapes: (() => WireFilter)[] = [
    () => ({ ids: Array.from({ length: 35 }, () => any().id) }),
    () => ({ authors: [any().pubkey], limit: 35 }),
    () => ({ kinds: [0], authors: [any().pubkey], limit: 1 }),
    () => ({ kinds: [1, 6], authors: Array.from({ length: 200 }, () => any().pubkey), limit: 35 }),
    () => ({ kinds: [any().kind], limit: 35 }),
    () => ({ "#e": [tagValue(e, "e")], kinds: [1, 7], limit: 35 }),
    () => ({ "#p": [tagValue(p, "p")], limit: 35 }),
    () => ({ "#t": [tagValue(t, "t")], limit: 35 }),
    () => {
      const { kind, pubkey, tags } = random.pick(addressable);
      return { kinds: [kind], authors: [pubkey], "#d": [tags.find(([n]) => n === "d")?.[1] ?? ""] };
    },
    () => {
      const until = any().created_at;
      return { since: until - 86_400, until, limit: 35 };
    },
  ];
  return shapes.map((shape) => shape());
}

/** The fourth byte distinguishes EVENT from EOSE. */
const V_OF_EVENT = '["EVENT'.charCodeAt(3);

/** Sends `queries` REQs, spread over the connections. */
export async function queryLoad(
  url: string,
  events: readonly NostrEvent[],
  { connections, queries, random }: QueryOptions,
): Promise<LoadStats> {
  const frames: Uint8Array[] = [];
  while (frames.length < queries) {
    for (const filter of mixedFilters(random, events)) {
      // Each REQ has its own id, so that it does not replace a subscription.
      frames.push(textFrame(JSON.stringify(["REQ", `q${frames.length}`, filter])));
    }
  }
  const latencies: number[] = [];
  let next = 0;
  let rows = 0;
  const clients = await Promise.all(
    Array.from({ length: connections }, () => RawClient.connect(url)),
  );
  const startMs = performance.now();
  await Promise.all(clients.map(async (client) => {
    let sentMs = 0;
    let current = 0;
    const ask = () => {
      if (next >= queries) return client.close();
      const closing = textFrame(`["CLOSE","q${current}"]`);
      current = next++;
      sentMs = performance.now();
      void client.send(closing, frames[current]!);
    };
    const done = client.read((payload) => {
      if (payload[3] === V_OF_EVENT) return void rows++;
      latencies.push(performance.now() - sentMs);
      ask();
    });
    ask();
    await done;
  }));
  const seconds = (performance.now() - startMs) / 1000;
  return {
    load: `mixed REQs, ${connections} connections, ${(rows / queries).toFixed(0)} rows each`,
    perSecond: queries / seconds,
    unit: "queries/s",
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  };
}
