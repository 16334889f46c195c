import { deepEqual, equal, ok } from "node:assert/strict";
import type { Transport } from "../../../src/app/relay_connections.ts";
import { RelayHost } from "../../../src/app/relay_host.ts";
import { defaultSettings } from "../../../src/app/settings/setting_list.ts";
import { percentile99 } from "../../../src/app/activity/rates.ts";
import { filtersText } from "../../../src/app/activity/filters_text.ts";
import { silentLog } from "../../../src/base/log.ts";
import type { ConnectionEvents } from "../../../src/net/connection.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { FakePeer } from "../../kit/fake_peer.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { SchnorrSigner } from "../../kit/signer.ts";

/** A connection without a socket, that has an address. */
class FakeTransport extends FakePeer implements Transport {
  override readonly address: string;
  receivedBytes = 0;
  sentBytes = 0;
  #events: ConnectionEvents | undefined;

  constructor(address: string, clock: FakeClock) {
    super(clock);
    this.address = address;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
    this.attach({ ...events, closed: () => this.terminate() });
  }

  terminate(): void {
    this.#events?.closed({ cause: "peer", code: 1000, reason: "", clean: true });
  }
}

interface Watched {
  readonly host: RelayHost;
  readonly clock: FakeClock;
  connect(address: string, userAgent?: string): FakeTransport;
  /** Lets the relay handle what was said, and a second pass. */
  second(): Promise<void>;
}

async function withHost(
  test: (watched: Watched) => Promise<void>,
  /** One that is asked, where there is one: then no window in memory answers. */
  store?: MemoryStore,
): Promise<void> {
  const clock = new FakeClock();
  const host = await RelayHost.start({
    settings: {
      ...defaultSettings,
      signatures: { engine: "noble", library: "", workers: 0 },
      limits: { ...defaultSettings.limits, max_memory_mb: 0 },
      ...store && { cache: { ...defaultSettings.cache, max_mib: 0 } },
    },
    store: store ?? new MemoryStore(),
    clock,
    log: silentLog,
  });
  const second = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    clock.advance(1_000);
  };
  try {
    await test({
      host,
      clock,
      second,
      connect(address, userAgent) {
        const transport = new FakeTransport(address, clock);
        host.connections.accept(transport, userAgent === undefined ? {} : { userAgent });
        return transport;
      },
    });
  } finally {
    host.connections.terminateAll();
    await host.close();
  }
}

const note = new SchnorrSigner(new SeededRandom(1)).sign({
  ...{ kind: 1, created_at: 1_700_000_000, tags: [], content: "x" },
});

const publish = JSON.stringify(["EVENT", note]);
const forged = JSON.stringify(["EVENT", { ...note, content: "y" }]);

Deno.test("what each client does is told per second, from the second reading on", () =>
  withHost(async ({ host, connect, second }) => {
    const quiet = connect("192.0.2.1");
    quiet.say(...Array.from({ length: 50 }, () => forged));
    await second();
    const first = await host.activity();
    deepEqual([first.seconds, first.rates.events, first.connections], [0, 0, 1]);
    const flood = connect("2001:db8::7", "bot\x1b[2J");
    connect("2001:db8::8");
    flood.say(publish, ...Array.from({ length: 9 }, () => forged), '["REQ","a",{"kinds":[1]}]');
    flood.receivedBytes = 4_000;
    await second();

    const { seconds, clients, rates, reasons } = await host.activity();
    equal(seconds, 1);
    deepEqual([rates.events, rates.requests, rates.stored, rates.refusals], [10, 1, 1, 9]);
    deepEqual(reasons, { invalid: 9 });
    const row = clients.find(({ client }) => client === "2001:db8::/64")!;
    deepEqual(
      { ...row, sentBytes: 0 },
      {
        ...{ client: "2001:db8::/64", address: "2001:db8::7", connections: 2, opened: 2 },
        ...{ subscriptions: 1, queuedBytes: 0, messages: 11, events: 10, requests: 1 },
        ...{ receivedBytes: 4_000, sentBytes: 0, refusals: 9, reasons: { invalid: 9 } },
        ...{ keys: [], agent: "bot?[2J" },
      },
    );
    const still = clients.find(({ client }) => client === "192.0.2.1")!;
    deepEqual([still.events, still.refusals, still.opened], [0, 0, 0], "that was before");
  }));

Deno.test("what a connection did that has ended since counts, and a minute's end loses nothing before it", () =>
  withHost(async ({ host, clock, connect, second }) => {
    await host.activity();
    connect("192.0.2.1").say(forged);
    // The interval of the log of refusals began with that.
    await second();
    await host.activity();
    const short = connect("192.0.2.7");
    short.say(forged, forged);
    await second();
    short.terminate();
    const { clients, rates } = await host.activity();
    const row = clients.find(({ client }) => client === "192.0.2.7")!;
    deepEqual([row.connections, row.opened, row.events, row.refusals], [0, 1, 2, 2]);
    equal(rates.ended, 1);
    equal(row.address, "192.0.2.7", "it can still be banned");
    for (let at = 0; at < 58; at++) {
      clock.advance(1_000);
      await host.activity();
    }
    const after = connect("192.0.2.8");
    after.say(forged);
    await second();
    const later = await host.activity();
    equal(later.clients.find(({ client }) => client === "192.0.2.8")?.refusals, 1);
  }));

Deno.test("readings in quick succession are one, and without a reader nothing is kept", () =>
  withHost(async ({ host, clock, connect, second }) => {
    const timers = clock.timerCount;
    const first = await host.activity();
    equal(await host.activity(), first);
    ok(clock.timerCount > timers);
    connect("192.0.2.1");
    await second();
    equal((await host.activity()).seconds, 1);
    for (let at = 0; at < 11; at++) clock.advance(1_000);
    const withPing = timers + 1;
    equal(clock.timerCount, withPing, "no timer of the meter is left");
    equal((await host.activity()).seconds, 0, "it begins anew");
  }));

Deno.test("a REQ that waits is told of: whose, for how long, and for whom it waits", () =>
  withHost(async ({ host, clock, connect, second }) => {
    const slow = connect("192.0.2.1");
    slow.say(publish);
    await second();
    slow.stopReading();
    slow.windowBytes = 10;
    // The first ones are answered before it is noticed that nothing is read.
    slow.say(...Array.from({ length: 12 }, (_, at) => `["REQ","${at}\u009b",{"kinds":[1]}]`));
    await second();
    clock.advance(1_500);
    const { queries } = await host.activity();
    ok(queries.length > 0 && queries.length <= 10);
    const { id, ...query } = queries[0]!;
    ok(/^\d+\?$/.test(id), id);
    deepEqual(query, {
      ...{ verb: "REQ", client: "192.0.2.1", filters: "kinds=1 limit=500", ageMs: 2_500 },
      waitsFor: "client",
    });
  }));

Deno.test("a COUNT is told of while it waits, and for a minute after it took long", () => {
  const counted = Promise.withResolvers<void>();
  const store = new class extends MemoryStore {
    override async count(...asked: Parameters<MemoryStore["count"]>) {
      await counted.promise;
      return await super.count(...asked);
    }
  }();
  return withHost(async ({ host, clock, connect, second }) => {
    connect("192.0.2.1").say('["COUNT","c",{"kinds":[1]}]');
    await second();
    clock.advance(1_000);
    const query = { verb: "COUNT", client: "192.0.2.1", filters: "kinds=1" } as const;
    const waiting = await host.activity();
    deepEqual(waiting.queries, [{ ...query, id: "c", ageMs: 2_000, waitsFor: "store" }]);
    deepEqual(waiting.ended, []);
    counted.resolve();
    await second();
    const { queries, ended } = await host.activity();
    deepEqual(queries, []);
    deepEqual(ended, [{ ...query, ms: 2_000, end: "answered", agoMs: 1_000 }]);
    clock.advance(60_000);
    deepEqual((await host.activity()).ended, []);
  }, store);
});

Deno.test("filters are told without a text of the client's", () => {
  const tags = new Map([["t", new Set(["\x1b", "b"])]]);
  const [authors, many] = [new Set(["a", "b"]), new Set([1, 2, 3, 4])];
  equal(
    filtersText([
      { tags, authors, kinds: new Set([1, 6]), search: new Set(["\x9b"]), limit: 5 },
      { tags: new Map(), kinds: many, since: 1, until: 2 },
      { tags: new Map() },
      { tags: new Map() },
    ]),
    "authors=2 kinds=1,6 #t=2 search=1 limit=5 | kinds=4 kinds since=1 until=2 | everything | 1 more",
  );
});

Deno.test("the bound of 99 of 100 values is of those that came since the last reading", () => {
  const bounds = [1, 2, 3];
  equal(percentile99(bounds, [5, 0, 0, 7], [5, 0, 0, 7]), undefined);
  equal(percentile99(bounds, [104, 1, 0, 7], [5, 0, 0, 7]), 1);
  equal(percentile99(bounds, [5, 98, 2, 7], [5, 0, 0, 7]), 3);
  equal(percentile99(bounds, [0, 0, 0, 1], [0, 0, 0, 0]), 3, "there is no bound above");
});
