/**
 * What a query may cost, seen from the side of the server.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { openStore } from "../../src/app/database/open_store.ts";
import { RelayHost } from "../../src/app/relay_host.ts";
import { settingsWith } from "../../src/app/settings/setting_list.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { silentLog } from "../../src/base/log.ts";
import type { PoolStats } from "../../src/store/event_store.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";
import { freshDatabases } from "./databases.ts";

const author = new SchnorrSigner(new SeededRandom(1));
const note = author.sign({ kind: 1, created_at: 1_700_000_000, tags: [], content: "" });

/** Settings by name, milliseconds. */
type Timeouts = Readonly<Record<string, number>>;

/** A relay, and a table that somebody has locked: whoever reads it waits until {@link unlock}. */
class LockedRelay implements AsyncDisposable {
  readonly figures: PoolStats;
  readonly url: string;
  readonly #stack: AsyncDisposableStack;
  readonly #sql: ReturnType<typeof postgres>;

  constructor(stack: AsyncDisposableStack, sql: ReturnType<typeof postgres>, relay: {
    readonly figures: PoolStats;
    readonly url: string;
  }) {
    this.#stack = stack;
    this.#sql = sql;
    this.figures = relay.figures;
    this.url = relay.url;
  }

  static async open(table: string, timeouts: Timeouts = {}): Promise<LockedRelay> {
    const stack = new AsyncDisposableStack();
    const database = stack.use(await freshDatabases["postgres:"]!());
    const settings = settingsWith(
      new Map<string, string | number | boolean>([
        ["database.url", database.url],
        ["limits.req_timeout_ms", 600_000],
        ["limits.search_timeout_ms", 600_000],
        ["limits.count_timeout_ms", 600_000],
        ...Object.entries(timeouts),
        ["search.enabled", true],
        // What is asked has to reach the database.
        ["cache.max_mib", 0],
        ["signatures.workers", 0],
      ]),
    );
    const store = await openStore(settings, silentLog);
    const host = await RelayHost.start({ settings, store, clock: systemClock, log: silentLog });
    stack.defer(() => host.close());
    const url = await host.listen("127.0.0.1:0");
    const sql = postgres(database.url, { max: 2, onnotice: () => {}, fetch_types: false });
    stack.defer(() => sql.end());
    const release = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const locking = sql.begin(async (locker) => {
      await locker.unsafe(`lock table ${table} in access exclusive mode`);
      locked.resolve();
      await release.promise;
    });
    stack.defer(async () => {
      release.resolve();
      await locking;
    });
    await locked.promise;
    return new LockedRelay(stack, sql, { figures: store.stats!, url });
  }

  /** Resolves when the server works on exactly so many queries of the relay. */
  async runningAt(count: number): Promise<void> {
    while (await this.#running() !== count) await sleep(5);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #running(): Promise<number> {
    const rows = await this.#sql`select pid from pg_stat_activity
      where application_name = 'gallimimus read' and state = 'active'`;
    return rows.length;
  }
}

/** A connection that asks and may be closed. */
async function ask(url: string, ...messages: string[]): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise((resolve) => socket.onopen = resolve);
  for (const message of messages) socket.send(message);
  return socket;
}

async function hangUp(socket: WebSocket): Promise<void> {
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
}

Deno.test("CLOSE and the end of a connection cancel queries at the server", async () => {
  await using relay = await LockedRelay.open("events");
  const first = await ask(relay.url, '["REQ","a",{"kinds":[1]}]', '["REQ","b",{"kinds":[2]}]');
  await relay.runningAt(2);
  first.send('["CLOSE","a"]');
  await relay.runningAt(1);
  equal(relay.figures.cancelled, 1);
  first.send('["REQ","b",{"kinds":[3]}]');
  while (relay.figures.cancelled < 2) await sleep(5);
  await relay.runningAt(1);
  await hangUp(first);
  await relay.runningAt(0);
  equal(relay.figures.cancelled, 3);
  equal(relay.figures.running + relay.figures.waiting, 0);
});

Deno.test("slow queries leave connections to short ones and to writing", async () => {
  await using relay = await LockedRelay.open("tags");
  const slow = (id: number) => `["REQ","${id}",{"#t":["x"],"#p":["${note.id}"]}]`;
  const sockets = await Promise.all(
    Array.from({ length: 8 }, () => ask(relay.url, slow(1), slow(2), slow(3), slow(4))),
  );
  const { connections, reserved } = relay.figures;
  await relay.runningAt(connections - reserved);
  ok(reserved > 0);
  while (relay.figures.waiting < 32 - connections + reserved) await sleep(5);
  {
    await using client = await RelayClient.connect(relay.url);
    equal((await client.publish(note))?.accepted, true);
    const ids = new Set([note.id]);
    equal((await client.query([{ ids, tags: new Map() }])).length, 1);
  }
  await Promise.all(sockets.map(hangUp));
  await relay.runningAt(0);
});

/** What each class of query asks. */
const classes = [
  { name: "req", message: '["REQ","s",{"kinds":[1]}]' },
  { name: "search", message: '["REQ","s",{"search":"fox"}]' },
  { name: "count", message: '["COUNT","s",{"kinds":[1]}]' },
];

for (const { name, message } of classes) {
  Deno.test(`a ${name} that takes longer than its own time ends at the server, and in CLOSED`, async () => {
    await using relay = await LockedRelay.open("events", { [`limits.${name}_timeout_ms`]: 100 });
    const socket = await ask(relay.url);
    const answer = new Promise<string>((resolve) => socket.onmessage = ({ data }) => resolve(data));
    socket.send(message);
    deepEqual(JSON.parse(await answer), [
      "CLOSED",
      "s",
      "error: the query took longer than 100 ms",
    ]);
    equal(relay.figures.timedOut, 1);
    await relay.runningAt(0);
    await hangUp(socket);
  });
}
