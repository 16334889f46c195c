import { deepEqual, equal, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { type Log, silentLog } from "../../../src/base/log.ts";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import type { EventRecord, LateEvent } from "../../../src/store/event_store.ts";
import { WRITER_NAME } from "../../../src/store/database/database.ts";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import type { SqlStore } from "../../../src/store/sql_store.ts";
import { openStoreOn } from "../../kit/database.ts";
import { testOnEachServer } from "../../kit/each_server.ts";
import type { NearbyChannel } from "../../../src/store/feed/nearby_feeds.ts";
import { FakeChannels } from "../../kit/fake_channels.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { PostgresServer } from "../../kit/postgres_server.ts";
import { recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";
import { ToldEvents } from "../../kit/told_events.ts";

const BEAT_MS = 5_000;
const test = testOnEachServer({ keepsSchema: true });
const author = new FakeSigner(new SeededRandom(1));
let clockTicks = 0;

function note(fields: Partial<NostrEvent> = {}): EventRecord {
  const draft = { kind: 1, created_at: ++clockTicks, tags: [], content: "" };
  return recordOf(author.sign({ ...draft, ...fields }));
}

function ids(records: readonly EventRecord[]): string[] {
  return records.map(({ event }) => event.id);
}

/** One process of several on a database. */
class Instance implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly lines: string[] = [];
  readonly late: (LateEvent | undefined)[] = [];
  readonly store: SqlStore;
  readonly told: ToldEvents;

  constructor(store: SqlStore) {
    this.store = store;
    this.told = new ToldEvents(store.feed);
  }

  static async open(url: string, nearby?: NearbyChannel): Promise<Instance> {
    const instance = new Instance(await openStoreOn(openPostgres(url), { nearby }));
    const say = (message: string) => void instance.lines.push(message);
    const log: Log = { ...silentLog, info: say, warn: say };
    const onLateEvent = (event: LateEvent | undefined) => void instance.late.push(event);
    await instance.store.feed.start({ clock: instance.clock, log, onLateEvent });
    return instance;
  }

  /** Lets the clock run until the feed has said so often that it hears again. */
  async heardAgain(times: number): Promise<void> {
    while (this.lines.filter((line) => line.includes("restored")).length < times) {
      this.clock.advance(10);
      await sleep(1);
    }
  }

  /** Lets one beat pass, with all that it asks. */
  async beat(): Promise<void> {
    this.clock.advance(BEAT_MS);
    await sleep(50);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    equal(this.clock.timerCount, 0, "a closed feed has no timers");
  }
}

/** Somebody who may do anything on the server. */
class Operator implements AsyncDisposable {
  readonly sql: ReturnType<typeof postgres>;

  constructor(url: string, name = "operator") {
    const connection = { application_name: name };
    this.sql = postgres(url, { max: 1, onnotice: () => {}, fetch_types: false, connection });
  }

  /** Ends the connections that listen, and says how many they were. */
  async cut(): Promise<number> {
    const rows = await this.sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'gallimimus listen'`;
    return rows.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sql.end();
  }
}

test("each instance delivers the events of all, each once", async (server) => {
  const url = await server.freshDatabase();
  await using first = await Instance.open(url);
  await using second = await Instance.open(url);
  const batches = Array.from({ length: 20 }, () => [note(), note(), note()]);
  await Promise.all(batches.map((batch, n) => (n % 2 ? first : second).store.put(batch)));
  const all = ids(batches.flat());
  for (const { told } of [first, second]) {
    await told.reached(all.length);
    deepEqual(told.ids.toSorted(), all.toSorted());
  }
  await first.store.put(batches[0]!);
  const last = note();
  await second.store.put([last]);
  await first.told.reached(all.length + 1);
  equal(first.told.ids.at(-1), last.event.id, "a duplicate is not told");
});

test("events of one batch are delivered in their order", async (server) => {
  await using instance = await Instance.open(await server.freshDatabase());
  const batch = Array.from({ length: 20 }, () => note());
  await instance.store.put(batch);
  deepEqual(instance.told.ids, ids(batch));
});

test("events stored before an instance started are not delivered, and count as delivered", async (server) => {
  const url = await server.freshDatabase();
  await using first = await Instance.open(url);
  await first.store.put([note()]);
  await using second = await Instance.open(url);
  for await (const rows of second.store.query([{ tags: new Map() }])) {
    deepEqual(rows.map(({ seq }) => second.store.feed.wasDelivered(seq)), [true]);
  }
  await first.store.put([note()]);
  await second.told.reached(1);
  equal(second.told.ids.length, 1);
});

test("an event counts as delivered from the moment it is", async (server) => {
  const url = await server.freshDatabase();
  await using first = await Instance.open(url);
  await using second = await Instance.open(url);
  const seen: boolean[] = [];
  const lastSeq = async () => {
    for await (const rows of second.store.query([{ tags: new Map(), limit: 1 }])) {
      return rows[0]!.seq;
    }
    return 0;
  };
  await first.store.put([note()]);
  await second.told.reached(1);
  const seq = await lastSeq();
  second.store.feed.subscribe(() => seen.push(second.store.feed.wasDelivered(seq + 1)));
  deepEqual([second.store.feed.wasDelivered(seq), second.store.feed.wasDelivered(seq + 1)], [
    true,
    false,
  ]);
  await first.store.put([note()]);
  while (seen.length === 0) await sleep(1);
  deepEqual([seen, second.store.feed.wasDelivered(seq + 1)], [[true], true]);
});

test("ephemeral events reach other instances when they fit into a notification", async (server) => {
  const url = await server.freshDatabase();
  await using first = await Instance.open(url);
  await using second = await Instance.open(url);
  const large = note({ kind: 20_001, content: "x".repeat(8_000) });
  const small = note({ kind: 20_001, content: 'odd "\u0000\\ 🎉' });
  first.store.feed.publishEphemeral(large);
  first.store.feed.publishEphemeral(small);
  await second.told.reached(1);
  await sleep(20);
  deepEqual(first.told.ids, ids([large, small]), "each once, its own voice is not heard");
  deepEqual(second.told.ids, ids([small]));
});

test("threads of a process tell each other, also while the database does not, and each event once", async (server) => {
  const url = await server.freshDatabase();
  const channels = new FakeChannels();
  await using first = await Instance.open(url, channels.open());
  await using second = await Instance.open(url, channels.open());
  await using operator = new Operator(url);
  equal(await operator.cut(), 2);
  while (first.lines.length + second.lines.length < 2) await sleep(1);
  const cutOff = [note(), note()];
  await first.store.put(cutOff);
  await second.told.reached(2);
  deepEqual(second.told.ids, ids(cutOff), "their clocks stand still, so they are still cut off");

  await Promise.all([first.heardAgain(1), second.heardAgain(1)]);
  const later = Array.from({ length: 20 }, () => [note(), note()]);
  await Promise.all(later.map((batch, n) => (n % 2 ? first : second).store.put(batch)));
  const all = ids([...cutOff, ...later.flat()]);
  channels.isLosing = true;
  const lost = note();
  await first.store.put([lost]);
  for (const { told } of [first, second]) {
    await told.reached(all.length + 1);
    await sleep(20);
    deepEqual(told.ids.toSorted(), [...all, lost.event.id].toSorted());
  }
});

test("ephemeral events of any size reach other threads of the process, each once", async (server) => {
  const url = await server.freshDatabase();
  const channels = new FakeChannels();
  await using first = await Instance.open(url, channels.open());
  await using second = await Instance.open(url, channels.open());
  await using elsewhere = await Instance.open(url);
  const large = note({ kind: 20_001, content: "x".repeat(8_000) });
  const small = note({ kind: 20_001 });
  first.store.feed.publishEphemeral(large);
  first.store.feed.publishEphemeral(small);
  await elsewhere.told.reached(1);
  const back = note({ kind: 20_001 });
  elsewhere.store.feed.publishEphemeral(back);
  await first.told.reached(3);
  await second.told.reached(3);
  await sleep(20);
  deepEqual(first.told.ids, ids([large, small, back]));
  deepEqual(second.told.ids, ids([large, small, back]));
  deepEqual(elsewhere.told.ids, ids([small, back]));
});

test("what comes after its deletion is heard by others, however long, and doubted after a cut", async (server) => {
  const url = await server.freshDatabase();
  await using first = await Instance.open(url);
  await using second = await Instance.open(url);
  await using operator = new Operator(url);
  const late = note({ kind: 30_000, tags: [["d", "x".repeat(20_000)]] });
  const deletion = note({ kind: 5, tags: [["e", late.event.id]] });
  await first.store.put([deletion]);
  deepEqual(await first.store.put([late]), ["deleted"]);
  while (second.late.length === 0) await sleep(1);
  deepEqual(second.late.map((event) => [event?.id, event?.tags]), [
    [late.event.id, late.event.tags],
  ]);
  equal(await operator.cut(), 2);
  await Promise.all([first.heardAgain(1), second.heardAgain(1)]);
  equal(second.late.at(-1), undefined);
});

test("nothing is lost or delivered twice when the listening connection is cut ten times", async (server) => {
  const url = await server.freshDatabase();
  await using first = await Instance.open(url);
  await using second = await Instance.open(url);
  await using operator = new Operator(url);
  const written: EventRecord[] = [];
  for (let cut = 1; cut <= 10; cut++) {
    const writing = Array.from({ length: 10 }, async (_, n) => {
      const batch = Array.from({ length: 10 }, () => note());
      written.push(...batch);
      await (n % 2 ? first : second).store.put(batch);
    });
    equal(await operator.cut(), 2);
    await Promise.all(writing);
    await Promise.all([first.heardAgain(cut), second.heardAgain(cut)]);
    if (cut % 3 === 0) await Promise.all([first.beat(), second.beat()]);
  }
  for (const { told } of [first, second]) {
    await told.reached(written.length);
    deepEqual(told.ids.toSorted(), ids(written).toSorted());
  }
  deepEqual(first.lines.slice(0, 2), [
    "connection to other instances lost",
    "connection to other instances restored",
  ]);
});

test("an event that was numbered early and committed late is delivered after a cut too", async (server) => {
  const url = await server.freshDatabase();
  await using first = await Instance.open(url);
  await using second = await Instance.open(url);
  await using operator = new Operator(url);
  await using writer = new Operator(url, WRITER_NAME);
  const late = note();
  const inserted = Promise.withResolvers<void>();
  const mayCommit = Promise.withResolvers<void>();
  const writing = writer.sql.begin(async (sql) => {
    const { id, pubkey, kind, created_at } = late.event;
    await sql.unsafe(
      `insert into events (id, pubkey, kind, created_at, raw)
      values (decode($1, 'hex'), decode($2, 'hex'), $3::int4, $4::int8, $5)`,
      [id, pubkey, `${kind}`, `${created_at}`, eventJson(late.event)],
    );
    inserted.resolve();
    await mayCommit.promise;
  });
  await inserted.promise;
  const early = Array.from({ length: 50 }, () => note());
  await first.store.put(early);
  await second.told.reached(early.length);
  for (let beats = 0; beats < 3; beats++) await second.beat();
  await operator.cut();
  while (second.lines.length === 0) await sleep(1);
  // Nobody hears this commit, and its number is the lowest of all.
  mayCommit.resolve();
  await writing;
  await second.heardAgain(1);
  await second.told.reached(early.length + 1);
  deepEqual(second.told.ids.slice(0, -1).toSorted(), ids(early).toSorted());
  equal(second.told.ids.at(-1), late.event.id);
});

test("an outage of the server is logged once, and nothing is missed", async ({ version }) => {
  await using away = await PostgresServer.start({ version });
  const url = await away.freshDatabase();
  await using first = await Instance.open(url);
  await first.store.put([note()]);
  await away.halt();
  while (first.lines.length === 0) await sleep(1);
  for (let tries = 0; tries < 20; tries++) {
    first.clock.advance(BEAT_MS);
    await sleep(2);
  }
  deepEqual(first.lines, ["connection to other instances lost"]);
  await away.restart();
  await first.heardAgain(1);
  await using second = await Instance.open(url);
  const event = note();
  await second.store.put([event]);
  await first.told.reached(2);
  equal(first.told.ids.at(-1), event.event.id);
  ok(first.lines.length === 2);
});

Deno.test("events are told whose numbers were given before, by a primary that was lost", async () => {
  await using primary = await PostgresServer.start();
  await using replica = await primary.replica();
  const url = await primary.freshDatabase();
  const { pathname } = new URL(url);
  const servers = `127.0.0.1:${primary.port},127.0.0.1:${replica.port}`;
  await using instance = await Instance.open(
    `postgres://postgres@${servers}${pathname}?target_session_attrs=read-write`,
  );
  const standby = new Operator(`postgres://postgres@127.0.0.1:${replica.port}${pathname}`);
  await replayed(standby);
  await standby.sql.end();
  await replica.halt();
  const lost = Array.from({ length: 100 }, () => note());
  await instance.store.put(lost);
  await instance.beat();
  await primary.halt("SIGKILL");
  await replica.restart();
  await using operator = new Operator(replica.url);
  await operator.sql`select pg_promote()`;
  await instance.heardAgain(1);
  const event = note();
  equal((await instance.store.put([event]))[0], "stored");
  deepEqual(instance.told.ids.slice(lost.length), [event.event.id]);
});

/** Resolves when the standby has the relay's schema. */
async function replayed({ sql }: Operator): Promise<void> {
  while (!await sql`select from events_seq`.then(() => true, () => false)) await sleep(20);
}
