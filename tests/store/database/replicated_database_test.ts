import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { systemClock } from "../../../src/app/system/system_clock.ts";
import { type Log, silentLog } from "../../../src/base/log.ts";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import type {
  Database,
  ListenEvents,
  Listening,
  ListeningDatabase,
  Session,
  Statement,
} from "../../../src/store/database/database.ts";
import { type EventRecord, StoreUnavailable } from "../../../src/store/event_store.ts";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import { ReplicatedDatabase } from "../../../src/store/database/replicated_database.ts";
import type { SqlStore } from "../../../src/store/sql_store.ts";
import { openStoreOn } from "../../kit/database.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { postgresVersions } from "../../kit/postgres_binaries.ts";
import { PostgresServer } from "../../kit/postgres_server.ts";
import { recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const author = new FakeSigner(new SeededRandom(1));
let clock = 0;

function note(): EventRecord {
  const tags = [["t", "x"], ["p", "y"]];
  return recordOf(author.sign({ kind: 1, created_at: ++clock, tags, content: "" }));
}

/** Two conditions on tags: the form of a long query. */
const LONG = { tags: new Map([["t", new Set(["x"])], ["p", new Set(["y"])]]), limit: 1 };

/** The form of a short query. */
const SHORT = { kinds: new Set([1]), tags: new Map(), limit: 1 };

async function newest(store: SqlStore, filter: ReqFilter = LONG): Promise<string | undefined> {
  for await (const [row] of store.query([filter])) return row?.id;
  return undefined;
}

async function onServer(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

const ONE = { text: "select 1", parameters: [], read: () => 1 };

const IS_STANDBY: Statement<number> = {
  text: "select pg_is_in_recovery()::int",
  parameters: [],
  read: (cells) => cells.integer(0),
};

/** Resolves when the replica has heard of the database. */
async function answers(replica: Database): Promise<void> {
  while (!await replica.query(ONE).then(() => true, () => false)) await sleep(20);
}

/** A store on a server with a replica, and what it logs. */
async function openReplicated(url: string, replicaUrl: string) {
  const lines: string[] = [];
  const say: Log["warn"] = (message, fields) => {
    lines.push(fields?.error === undefined ? message : `${message}: ${fields.error}`);
  };
  const log = { ...silentLog, info: say, warn: say };
  const reader = openPostgres(replicaUrl);
  await answers(reader);
  const options = { maxLagMs: 500, clock: systemClock, log };
  const store = await openStoreOn(new ReplicatedDatabase(openPostgres(url), reader, options));
  return { store, lines };
}

/** Asks for the newest event until the log has so many lines, and returns what it got last. */
async function newestOnce(store: SqlStore, lines: readonly string[], count: number) {
  for (;;) {
    const id = await newest(store);
    if (lines.length >= count) return id;
    await sleep(50);
  }
}

for (const version of postgresVersions) {
  Deno.test(`${version.name}: a long query is a replica's, and sees all that was stored before it`, async () => {
    const settings = ["wal_retrieve_retry_interval=100ms"];
    await using primary = await PostgresServer.start({ version, settings });
    await using replica = await primary.replica();
    const url = await primary.freshDatabase();
    const replicaUrl = url.replace(`:${primary.port}`, `:${replica.port}`);
    const { store, lines } = await openReplicated(url, replicaUrl);
    try {
      const writable = openPostgres(`${replicaUrl}?target_session_attrs=read-write`);
      await rejects(writable.query(ONE), { message: "no host is read-write" });
      await writable.close();
      const servers = `127.0.0.1:${replica.port},127.0.0.1:${primary.port}`;
      const either = openPostgres(
        `postgres://postgres@${servers}${new URL(url).pathname}?target_session_attrs=read-write`,
      );
      deepEqual(await either.query(IS_STANDBY), [0], "the one that may be written to is found");
      await either.close();

      for (let round = 0; round < 10; round++) {
        const event = note();
        await store.put([event]);
        equal(await newest(store), event.event.id);
      }
      // Over a connection of its own: the last statement of the reader's is what is looked for.
      const observer = openPostgres(replicaUrl);
      const asked = await observer.query({
        text:
          "select count(*) from pg_stat_activity where query like '%from tags%' and pid <> pg_backend_pid()",
        parameters: [],
        read: (cells) => cells.integer(0),
      });
      await observer.close();
      equal(asked[0]! > 0, true, "the replica answered");

      await onServer(replica.url, "select pg_wal_replay_pause()");
      const behind = note();
      await store.put([behind]);
      equal(await newest(store), behind.event.id, "the primary answers for one that stays behind");
      equal(await newest(store), behind.event.id, "and nobody waits for it any more");
      deepEqual(lines, [`${NOT_ASKED}: it is behind the primary`]);

      await onServer(replica.url, "select pg_wal_replay_resume()");
      equal(await newestOnce(store, lines, 2), behind.event.id);
      await replica.halt();
      equal(await newest(store), behind.event.id, "and for one that is away");
      match(lines.splice(0).join("\n"), /^.*\nreplica answers again\nreplica not asked/);

      // What follows depends on the version even less, and takes seconds.
      if (version !== postgresVersions[0]) return;
      await replica.restart();
      equal(await newestOnce(store, lines, 1), behind.event.id);
      await primary.halt("SIGKILL");
      equal(await newest(store), behind.event.id, "the replica answers while the primary is away");
      equal(await newest(store, SHORT), behind.event.id, "short queries too");
      await rejects(store.put([note()]), { name: "StoreUnavailable" });
      match(
        lines.splice(0).join("\n"),
        /^replica answers again\nprimary away[^\n]*ECONNREFUSED.*$/,
      );

      await primary.restart();
      equal(await newestOnce(store, lines, 1), behind.event.id);
      const later = note();
      await store.put([later]);
      equal(await newest(store), later.event.id);

      await onServer(replica.url, "select pg_promote()");
      const unknown = note();
      await store.put([unknown]);
      equal(await newest(store), unknown.event.id, "one that was promoted is another primary");
      deepEqual(lines, [
        "primary answers again",
        `${NOT_ASKED}: it is no standby any more`,
      ]);
    } finally {
      await store.close();
    }
  });

  Deno.test(`${version.name}: another database is not taken for a replica`, async () => {
    await using server = await PostgresServer.start({ version });
    const [url, other] = [await server.freshDatabase(), await server.freshDatabase()];
    const { store, lines } = await openReplicated(url, other);
    try {
      const event = note();
      await store.put([event]);
      equal(await newest(store), event.event.id);
      deepEqual(lines, [`${NOT_ASKED}: it is no replica of the primary's database`]);
    } finally {
      await store.close();
    }
  });
}

const NOT_ASKED = "replica not asked, the primary answers queries";

/** A server that answers with its name, and what is asked about positions as a replica that has all. */
class NamedServer implements ListeningDatabase {
  isAway = false;
  lose: () => void = () => {};
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  query<Row>({ text }: Statement<Row>): Promise<readonly Row[]> {
    if (this.isAway) return Promise.reject(new StoreUnavailable("too many connections"));
    const row = text.includes("pg_current_wal_insert_lsn")
      ? 1
      : text.includes("pg_last_wal_replay_lsn")
      ? "there"
      : text.includes("pg_control_system")
      ? "the same"
      : this.#name;
    return Promise.resolve([row as Row]);
  }

  listen(_channel: string, { onLost }: ListenEvents): Promise<Listening> {
    this.lose = () => onLost(new StoreUnavailable("lost"));
    return Promise.resolve({ query: (statement) => this.query(statement), close: async () => {} });
  }

  script(): Promise<void> {
    return Promise.resolve();
  }

  transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return work(this);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

Deno.test("while a connection listens at the primary, a replica answers nothing that may be incomplete", async () => {
  const [primary, replica] = [new NamedServer("primary"), new NamedServer("replica")];
  const options = { maxLagMs: 1_000, clock: new FakeClock(), log: silentLog };
  const database = new ReplicatedDatabase(primary, replica, options);
  const name: Statement<string> = { text: "name", parameters: [], read: (cells) => cells.text(0) };
  const short = { isShort: true };
  const listen = () => database.listen("somewhere", { onPayload() {}, onLost() {} });
  await listen();
  deepEqual(await database.query(name), ["replica"]);
  deepEqual(await database.query(name, short), ["primary"]);

  primary.isAway = true;
  await rejects(database.query(name), { message: "too many connections" });
  await rejects(database.query(name, short), { message: "too many connections" });

  primary.lose();
  deepEqual(await database.query(name, short), ["replica"]);

  primary.isAway = false;
  await listen();
  deepEqual(await database.query(name, short), ["primary"]);
});

Deno.test("what a primary that was away commits is read at once", async () => {
  const [primary, replica] = [new NamedServer("primary"), new NamedServer("replica")];
  const options = { maxLagMs: 1_000, clock: new FakeClock(), log: silentLog };
  const database = new ReplicatedDatabase(primary, replica, options);
  const name: Statement<string> = { text: "name", parameters: [], read: (cells) => cells.text(0) };
  const short = { isShort: true };
  deepEqual(await database.query(name), ["replica"]);
  primary.isAway = true;
  deepEqual(await database.query(name, short), ["replica"]);

  primary.isAway = false;
  deepEqual(await database.query(name, short), ["replica"], "nobody has noticed yet");
  await database.transaction((session) => session.query(name));
  deepEqual(await database.query(name, short), ["primary"]);
});
