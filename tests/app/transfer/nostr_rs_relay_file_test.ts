import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { importFile } from "../../../src/app/commands/import.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import type { Line } from "../../../src/app/transfer/json_lines.ts";
import { NostrRsRelayFile } from "../../../src/app/transfer/nostr_rs_relay_file.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { DELETION_REQUEST } from "../../../src/nostr/deletion_request.ts";
import { FakeCommand, KeptMemoryStore } from "../../kit/fake_command.ts";
import { NostrRsRelayDatabase } from "../../kit/nostr_rs_relay_database.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { SchnorrSigner } from "../../kit/signer.ts";

const signer = new SchnorrSigner(new SeededRandom(1));
const [first, second, third] = [1, 2, 3].map((created_at) =>
  signer.sign({ created_at, kind: 1, tags: [["t", "ö"]], content: `note ${created_at}\n\u0000` })
) as [
  ReturnType<typeof signer.sign>,
  ReturnType<typeof signer.sign>,
  ReturnType<typeof signer.sign>,
];

/** A path in a directory that is removed afterwards. */
async function withPath(work: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await work(`${directory}/nostr.db`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function importOf(path: string, store = new KeptMemoryStore()) {
  const fake = new FakeCommand({ openStore: () => Promise.resolve(store) });
  fake.files.set(path, (await Deno.open(path)).readable);
  const code = await importFile(fake.context, path, { verify: true, limits: true });
  return { code, stdout: fake.stdout.text, stderr: fake.stderr.text };
}

async function faultOf(path: string): Promise<string> {
  const file = await NostrRsRelayFile.open(path, 1_000);
  if ("fault" in file) return file.fault;
  file.close();
  return "";
}

Deno.test("the events of a relay that runs are imported, what is still in its log and what it adds later too", async () => {
  await withPath(async (path) => {
    using relay = new NostrRsRelayDatabase(path);
    relay.add(first);
    const store = new KeptMemoryStore();
    deepEqual(await importOf(path, store), {
      code: exitCode.done,
      stdout: "stored 1, duplicate 0, superseded 0, deleted 0, refused 0\n",
      stderr: "",
    });
    relay.add(second);
    const again = await importOf(path, store);
    equal(again.stdout, "stored 1, duplicate 1, superseded 0, deleted 0, refused 0\n");
    // It can go on writing.
    relay.add(third);
  });
});

Deno.test("what its author deleted is passed over and counted, and stays deleted", async () => {
  await withPath(async (path) => {
    using relay = new NostrRsRelayDatabase(path);
    relay.add(first, true);
    relay.add(second);
    relay.add(signer.sign({
      ...{ created_at: 9, kind: DELETION_REQUEST, content: "" },
      tags: [["e", first.id], ["k", "1"]],
    }));
    const store = new KeptMemoryStore();
    equal(
      (await importOf(path, store)).stdout,
      "stored 2, duplicate 0, superseded 0, deleted 0, refused 0, hidden there 1\n",
    );
    relay.run("update event set hidden = 0");
    equal(
      (await importOf(path, store)).stdout,
      "stored 0, duplicate 2, superseded 0, deleted 1, refused 0\n",
    );
  });
});

Deno.test("a database that nobody has open, and one of the first version, are read", async () => {
  await withPath(async (path) => {
    new NostrRsRelayDatabase(path)[Symbol.dispose]();
    const old = `create table event (id integer primary key, event_hash blob not null,
      first_seen integer not null, created_at integer not null, author blob not null,
      kind integer not null, content text not null)`;
    equal((await importOf(path)).code, exitCode.done);
    const oldPath = `${path}.old`;
    using relay = new NostrRsRelayDatabase(oldPath, old);
    relay.run(
      `insert into event values (1, x'00', 1, 1, x'00', 1, '${
        JSON.stringify(third).replaceAll("'", "''")
      }')`,
    );
    match((await importOf(oldPath)).stdout, /^stored 1, /);
  });
});

/** A table of the same name that takes anything. */
const LOOSE =
  `create table event (id, event_hash, first_seen, created_at, author, kind, hidden, content)`;

Deno.test("rows that hold anything else are told one by one, and lose nothing", async () => {
  await withPath(async (path) => {
    using relay = new NostrRsRelayDatabase(path, LOOSE);
    const add = (content: string, hidden = "null") =>
      relay.run(`insert into event (content, hidden) values (${content}, ${hidden})`);
    const json = `'${JSON.stringify(second).replaceAll("'", "''")}'`;
    add("null");
    add("x'ff00'");
    add("12.5");
    add("zeroblob(20000000)");
    add("cast(x'7bff' as text)");
    add("'{' || char(0) || '}'");
    add("''");
    add(`cast(${json} as blob)`, "'no'");
    add(json, "-1");
    relay.run(`insert into event (rowid, content) values (-9223372036854775808, 'least')`);
    relay.run(`insert into event (rowid, content) values (9223372036854775807, 'greatest')`);
    const { code, stdout, stderr } = await importOf(path);
    deepEqual([code, stderr], [exitCode.done, ""]);
    const [counts, ...reasons] = stdout.split("\n");
    equal(counts, "stored 1, duplicate 1, superseded 0, deleted 0, refused 9");
    deepEqual(
      reasons.slice(0, 5).sort(),
      [
        "refused 1: invalid: event is longer than 524288 bytes",
        "refused 1: invalid: row has no event",
        "refused 2: invalid: event is not UTF-8",
        "refused 4: invalid: not JSON",
        "refused 1: invalid: an event is a JSON object",
      ].sort(),
    );
    ok(stdout.includes("row 1: invalid: row has no event\n"), stdout);
  });
});

Deno.test("every row is read once, on however many pages", async () => {
  await withPath(async (path) => {
    using relay = new NostrRsRelayDatabase(path, LOOSE);
    relay.run(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
      insert into event (content, hidden) select i, i % 3000 between 400 and 1500 from n`);
    relay.run("update event set content = hex(zeroblob(200000)) where rowid % 500 = 0");
    const file = await NostrRsRelayFile.open(path, 1_000_000);
    ok(!("fault" in file));
    const lines: Line[] = (await Array.fromAsync(file.lines())).flat();
    const expected = Array.from({ length: 3_000 }, (_, place) => place + 1)
      .filter((row) => row < 400 || row > 1_500);
    deepEqual(lines.map(({ number }) => number), expected);
    equal(file.hidden, 1_101);
    file.close();
  });
});

Deno.test("a file that is another program's, or damaged, is told in a sentence", async () => {
  await withPath(async (path) => {
    const tell = async (schema: string) => {
      await Deno.remove(path).catch(() => {});
      new NostrRsRelayDatabase(path, schema)[Symbol.dispose]();
      return await faultOf(path);
    };
    const other = /^is a SQLite database, but none of nostr-rs-relay: /;
    match(await tell("create table other (content)"), other);
    // The event store of other relays: the content of the note alone.
    match(
      await tell("create table event (id text, pubkey text, created_at, kind, tags, content, sig)"),
      other,
    );
    match(
      await tell(
        `${LOOSE.replace("event (id,", "events (id,")}; create view event as select * from events`,
      ),
      other,
    );
    match(await tell(LOOSE.replace("content)", "content, rowid)")), other);
    match(await tell(LOOSE.replace("(id,", "(id primary key,") + " without rowid"), other);
    equal(await tell(LOOSE), "");
    await Deno.writeFile(path, utf8("SQLite format 3\0" + "x".repeat(10_000)));
    equal(await faultOf(path), "file is not a database");
    match((await importOf(path)).stderr, /^gallimimus: .*nostr\.db: file is not a database\n$/);
  });
});

Deno.test("a database that comes through a pipe is told to come by its name", async () => {
  const fake = new FakeCommand();
  const pipe = "/dev/null";
  fake.files.set(pipe, ReadableStream.from([utf8("SQLite format 3\0 and more")]));
  const code = await importFile(fake.context, pipe, { verify: true, limits: true });
  equal(code, exitCode.failed);
  match(fake.stderr.text, /^gallimimus: \/dev\/null: is a SQLite database, .*: name its file\n$/);
});

Deno.test("a file that is damaged further on fails, and what came before is stored", async () => {
  await withPath(async (path) => {
    {
      using relay = new NostrRsRelayDatabase(path, LOOSE);
      relay.run("create table filler (x)");
      relay.run(
        `insert into event (content) values ('${JSON.stringify(first).replaceAll("'", "''")}')`,
      );
      relay.run(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
        insert into event (content) select i from n`);
    }
    const { size } = await Deno.stat(path);
    using file = await Deno.open(path, { write: true });
    await file.seek(Math.floor(size / 2 / 4_096) * 4_096, Deno.SeekMode.Start);
    await file.write(new Uint8Array(8_192).fill(0xff));
    const { code, stdout, stderr } = await importOf(path);
    equal(code, exitCode.failed);
    match(stdout, /^stored 1, /);
    match(stderr, /^gallimimus: .*: database disk image is malformed\n$/);
  });
});

Deno.test("the database is not written to", async () => {
  await withPath(async (path) => {
    new NostrRsRelayDatabase(path)[Symbol.dispose]();
    const file = await NostrRsRelayFile.open(path, 1_000);
    ok(!("fault" in file));
    const before = await Deno.readFile(path);
    await Array.fromAsync(file.lines());
    file.close();
    deepEqual(await Deno.readFile(path), before);
    await rejects(
      faultOf(`${path}-none`).then((fault) => Promise.reject(new Error(fault))),
      /unable to open/,
    );
    // Unlike with other ways to open it, none was made.
    await rejects(Deno.stat(`${path}-none`), Deno.errors.NotFound);
    new DatabaseSync(path).close();
  });
});
