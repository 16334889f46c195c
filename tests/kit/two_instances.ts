/**
 * Runs two relays on one database, with subscribers and publishers on both, while the feed's
 * listening connections are cut.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import postgres from "postgres";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { ListeningClient } from "./listening_client.ts";
import { RelayClient } from "./relay_client.ts";
import { type RunningRelay, startRelay } from "./running_relay.ts";
import { SeededRandom } from "./seeded_random.ts";
import { SchnorrSigner } from "./signer.ts";

/** The size of the run. */
export interface TwoInstancesOptions {
  /** The URL of an empty database. */
  readonly database: string;
  /** The same database through a pooler in transaction mode. Default: there is none. */
  readonly pooled?: string;
  /** On each instance. */
  readonly subscribers: number;
  readonly events: number;
  /** How often the listening connections are cut while events are published. */
  readonly cuts: number;
}

/** Every tenth event has the same topic. Most subscribers ask for one topic, one in ten for all. */
const TOPICS = 10;

/**
 * Publishes to both and checks that each subscriber received each matching event exactly once.
 * Returns the times from one instance's publisher to the other's subscriber, milliseconds,
 * ascending.
 */
export async function runTwoInstances(options: TwoInstancesOptions): Promise<readonly number[]> {
  const { database, pooled } = options;
  const how = pooled === undefined
    ? { database }
    : { database: pooled, settings: [`database.direct_url=${database}`] };
  await using first = await startRelay(how);
  await using second = await startRelay(how);
  await using clients = new AsyncDisposableStack();
  const listeners: ListeningClient[][] = [];
  for (const { url } of [first, second]) {
    const opening = Array.from(
      { length: options.subscribers },
      (_, n) => ListeningClient.open(url, filterOf(n)),
    );
    listeners.push((await Promise.all(opening)).map((client) => clients.use(client)));
  }
  const events = makeEvents(options.events);
  const sentMs = new Map<string, number>();
  const publishing = publish([first, second], events, sentMs);
  await cutWhile(publishing, options);
  for (const side of listeners) {
    for (const [n, listener] of side.entries()) await check(listener, matching(n, events));
  }
  return latencies(listeners, events, sentMs);
}

function filterOf(n: number): object {
  return n % TOPICS === 0 ? { kinds: [1] } : { "#t": [`topic ${n % TOPICS}`] };
}

function matching(n: number, events: readonly NostrEvent[]): readonly NostrEvent[] {
  return n % TOPICS === 0 ? events : events.filter((_, place) => place % TOPICS === n % TOPICS);
}

function makeEvents(count: number): readonly NostrEvent[] {
  const author = new SchnorrSigner(new SeededRandom(count));
  return Array.from({ length: count }, (_, n) =>
    author.sign({
      kind: 1,
      created_at: 1_700_000_000 + n,
      tags: [["t", `topic ${n % TOPICS}`]],
      content: `event ${n}`,
    }));
}

/** Sends events to the two instances alternately, a few at a time. */
async function publish(
  relays: readonly RunningRelay[],
  events: readonly NostrEvent[],
  sentMs: Map<string, number>,
): Promise<void> {
  await Promise.all(relays.map(async ({ url }, side) => {
    await using client = await RelayClient.connect(url);
    const mine = events.filter((_, place) => sideOf(place) === side);
    const lane = async (lane: number) => {
      for (let place = lane; place < mine.length; place += IN_FLIGHT) {
        sentMs.set(mine[place]!.id, performance.now());
        const answer = await client.publish(mine[place]!);
        equal(answer?.accepted, true, answer?.reason);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, (_, n) => lane(n)));
  }));
}

const IN_FLIGHT = 8;

function sideOf(place: number): number {
  return place % 2;
}

async function cutWhile(
  publishing: Promise<void>,
  { database, cuts }: TwoInstancesOptions,
): Promise<void> {
  const sql = postgres(database, { max: 1, onnotice: () => {}, fetch_types: false });
  let done = 0;
  try {
    while (done < cuts) {
      const cut = await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'gallimimus listen'`;
      if (cut.length > 0) done++;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await publishing;
  } finally {
    await sql.end();
  }
}

async function check(listener: ListeningClient, expected: readonly NostrEvent[]): Promise<void> {
  await listener.reached(expected.length);
  const twice = [...listener.counts].filter(([, count]) => count !== 1);
  deepEqual(twice, [], "each event comes once");
  deepEqual([...listener.counts.keys()].toSorted(), expected.map(({ id }) => id).toSorted());
}

/** From the publisher on one instance to the first subscriber on the other. */
function latencies(
  listeners: readonly (readonly ListeningClient[])[],
  events: readonly NostrEvent[],
  sentMs: ReadonlyMap<string, number>,
): readonly number[] {
  return events
    .map(({ id }, place) => listeners[1 - sideOf(place)]![0]!.heardMs.get(id)! - sentMs.get(id)!)
    .sort((a, b) => a - b);
}
