import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { TimeBudget } from "../../../src/store/database/time_budget.ts";
import type { Cells, Statement } from "../../../src/store/database/database.ts";
import type { EventRecord, EventStore } from "../../../src/store/event_store.ts";
import { openPglite } from "../../../src/store/database/pglite.ts";
import { openStoreOn } from "../../kit/database.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { PgliteDirectory } from "../../kit/pglite_directory.ts";
import { settle } from "../../kit/fake_relay.ts";
import { recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const author = new FakeSigner(new SeededRandom(3));
const events: readonly EventRecord[] = Array.from({ length: 10 }, (_, created_at) => {
  return recordOf(author.sign({ kind: 1, created_at, tags: [["t", "x"]], content: "é 🎉" }));
});

Deno.test("shared_buffers is as configured, up to the maximum", async () => {
  await using directory = await PgliteDirectory.make();
  const shown = async (sharedBuffersMb: number) => {
    const database = await openPglite(directory.path, { sharedBuffersMb });
    const show = {
      text: "show shared_buffers",
      parameters: [],
      read: (cells: Cells) => cells.text(0),
    };
    const rows = await database.query(show);
    await database.close();
    return rows;
  };
  deepEqual(await shown(32), ["32MB"]);
  deepEqual(await shown(100_000), ["1GB"]);
});

Deno.test("a query that is out of time rejects at once, and the next one waits for its end", async () => {
  await using directory = await PgliteDirectory.make();
  const database = await openPglite(directory.path);
  const clock = new FakeClock();
  const counted = (count: number): Statement<number> => ({
    text: "select count(*) from generate_series(1, $1::int8)",
    parameters: [count],
    read: (cells) => cells.integer(0),
  });
  const late = database.query(counted(100_000), { timeBudget: new TimeBudget(1_000, clock) });
  const next = database.query(counted(1));
  await settle();
  clock.advance(1_000);
  await rejects(late, { name: "QueryTimedOut" });
  deepEqual(await next, [1]);
  await database.close();
});

Deno.test("a database is created, closed and opened again, by one process at a time", async () => {
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
  try {
    // The parent directory is not there yet either.
    const path = `${directory}/data/pglite`;
    const first = await openStoreOn(await openPglite(path));
    await first.put(events);
    await rejects(openPglite(path), { name: "StoreUnavailable", message: /in use by another/ });
    await first.close();
    await first.close();

    const second = await openStoreOn(await openPglite(path));
    equal(await countOf(second), 10);
    await second.close();
    deepEqual([...Deno.readDirSync(`${directory}/data`)].map(({ name }) => name).sort(), [
      "pglite",
      "pglite.lock",
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("what was committed survives SIGKILL, and the lock does not", async () => {
  await using directory = await PgliteDirectory.make();
  const { path } = directory;
  const program = new URL("../../kit/pglite_program.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, path],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = child.stdout.getReader();
  match(new TextDecoder().decode((await output.read()).value), /stored/);
  await rejects(openPglite(path), { name: "StoreUnavailable" });
  child.kill("SIGKILL");
  await child.status;
  await output.cancel();

  const store = await openStoreOn(await openPglite(path));
  equal(await countOf(store), 50);
  await store.put(events);
  equal(await countOf(store), 60);
  await store.close();
});

Deno.test("a database in memory: errors, rollback, and the end", async () => {
  const database = await openPglite();
  try {
    await database.script("create table numbers (n int8 primary key)");
    deepEqual(await database.query(read("select 1 where $1::int4 = 2", [1])), []);

    await rejects(database.query(read("select nonsense", [])), {
      name: "StatementFailed",
      sqlState: "42703",
    });
    const insert = read("insert into numbers values ($1) returning n", [7]);
    const failing = database.transaction(async (session) => {
      deepEqual(await session.query(insert), [7]);
      await session.query(insert);
    });
    await rejects(failing, { name: "StatementFailed", sqlState: "23505" });
    deepEqual(await database.query(read("select count(*) from numbers", [])), [0]);

    // The form of a statement that failed is as good as new.
    deepEqual(await database.query(insert), [7]);
    await rejects(database.query(insert), { sqlState: "23505" });
    deepEqual(await database.query(read("select n from numbers", [])), [7]);
  } finally {
    await database.close();
  }
  await rejects(database.query(read("select 1", [])), { name: "StoreUnavailable" });
  await rejects(database.transaction(() => Promise.resolve()), { name: "StoreUnavailable" });
});

Deno.test("concurrent transactions and queries run one after another", async () => {
  await using directory = await PgliteDirectory.make();
  const database = await openPglite(directory.path);
  try {
    await database.script("create table counter (n int8); insert into counter values (0)");
    const increment = () =>
      database.transaction(async (session) => {
        const [before] = await session.query(read("select n from counter", []));
        await session.query(read("update counter set n = $1", [before! + 1]));
      });
    const odd = Array.from({ length: 20 }, increment);
    // More forms than stay parsed.
    const forms = Array.from({ length: 250 }, (_, i) => database.query(read(`select ${i}`, [])));
    await Promise.all(odd);
    deepEqual((await Promise.all(forms)).flat(), [...forms.keys()]);
    deepEqual(await database.query(read("select 0", [])), [0]);
    deepEqual(await database.query(read("select n from counter", [])), [20]);
  } finally {
    await database.close();
  }
});

Deno.test("a directory that holds something else is left alone", async () => {
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
  try {
    await Deno.writeTextFile(`${directory}/letter.txt`, "dear");
    await rejects(openPglite(directory), { name: "StoreUnavailable", message: /something else/ });
    equal(await Deno.readTextFile(`${directory}/letter.txt`), "dear");
  } finally {
    await Deno.remove(directory, { recursive: true });
    await Deno.remove(`${directory}.lock`);
  }
});

function read(text: string, parameters: readonly number[]): Statement<number> {
  return { text, parameters, read: (cells) => cells.integer(0) };
}

async function countOf(store: EventStore): Promise<number> {
  let count = 0;
  for await (const chunk of store.query([{ tags: new Map([["t", new Set(["x"])]]) }])) {
    count += chunk.length;
  }
  return count;
}

Deno.test("closing ends the thread after a timeout, whatever runs, and keeps what was committed", async () => {
  await using directory = await PgliteDirectory.make({ hasSchema: true });
  const clock = new FakeClock();
  const store = await openStoreOn(await openPglite(directory.path));
  await store.put(events);
  await store.close();
  const database = await openPglite(directory.path, { clock });
  const number = { parameters: [], read: (cells: Cells) => cells.integer(0) };
  const endless = database.query({
    ...number,
    text: "select count(*) from generate_series(1, 1000000000000)",
  });
  const failing = rejects(endless, { name: "StoreUnavailable" });
  const closing = database.close();
  await settle();
  clock.advance(10_000);
  await Promise.all([failing, closing]);
  equal(clock.timerCount, 0);
  const again = await openPglite(directory.path);
  deepEqual(await again.query({ ...number, text: "select count(*) from events" }), [10]);
  await again.close();
});
