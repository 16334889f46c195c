/**
 * What keeps the real program from starting, and what it says of it: one sentence with what to do, no
 * stack trace, and an exit code.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import postgres from "postgres";
import { DataDirectory } from "../../src/store/database/data_directory.ts";
import { openStoreOn } from "../kit/database.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { PostgresServer } from "../kit/postgres_server.ts";
import { type Ended, Program } from "../kit/program.ts";
import { withTree } from "../kit/temporary_tree.ts";

/** Starts `serve` and waits for its end. */
async function serve(args: readonly string[]): Promise<Ended> {
  const base = ["serve", "--config", "/dev/null", "--listen", "127.0.0.1:0"];
  const url = ["--set", "relay.url=ws://127.0.0.1"];
  await using program = new Program("mod.ts", [...base, ...url, ...args]);
  return await program.end({ keepInput: true });
}

/** Checks that it ends with this code, and that its last line is this sentence. */
async function expectFault(args: readonly string[], code: number, sentence: RegExp): Promise<void> {
  const ended = await serve(args);
  const { stderr } = ended;
  equal(ended.code, code, stderr);
  match(stderr.trimEnd().split("\n").at(-1)!, sentence);
  ok(!/\n\s+at /.test(stderr), stderr);
  ok(!stderr.includes("secret"), "the password is not told");
}

async function run(url: string, script: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await sql.unsafe(script);
  await sql.end();
}

/** The URL with another user and password. */
function as(url: string, user: string, password = ""): string {
  const own = new URL(url);
  own.username = user;
  own.password = password;
  return own.href;
}

/** A server with a user `weak`, whose password is asked for, and who may do nothing. */
async function guardedServer(): Promise<PostgresServer> {
  const server = await PostgresServer.start();
  await run(server.url, "create role weak login password 'secret'; create role lone login");
  const [row] = await query(server.url, "show hba_file");
  const path = Object.values(row!)[0] as string;
  const rules = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, `host all weak 127.0.0.1/32 scram-sha-256\n${rules}`);
  await run(server.url, "select pg_reload_conf()");
  return server;
}

async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}

Deno.test("a server that cannot be used is told in a sentence that says what to do", async () => {
  await using server = await guardedServer();
  const fresh = async (script: string) => {
    const url = await server.freshDatabase();
    await run(url, script);
    return url;
  };
  const used = await server.freshDatabase();
  await (await openStoreOn(openPostgres(used))).close();
  await run(
    used,
    "insert into schema_migrations select '9999_x', checksum from schema_migrations limit 1",
  );
  const elsewhere = server.url.replace(/postgres$/, "nowhere");
  const rows: readonly [string, RegExp][] = [
    [as(server.url, "lone"), /user lone may not create tables .*: allow it with: grant create/],
    [
      await fresh("create table events (id int)"),
      /a table events that is not the relay's: name an/,
    ],
    [used, /"9999_x", which this version does not know: .* newer one, so start that/],
    [as(server.url, "weak", "secret2"), /authentication failed for user "weak": correct the user/],
    [as(server.url, "nobody"), /role "nobody" does not exist: make the user with: createuser/],
    [elsewhere, /database "nowhere" does not exist: make it with: createdb/],
    [`${server.url}?sslmode=require`, /does not speak TLS.*: turn ssl on/],
  ];
  for (const [url, sentence] of rows) await expectFault(["--database", url], 1, sentence);
});

Deno.test("a server that is away is waited for, with one line at the beginning and one at the end", async () => {
  await using server = await PostgresServer.start();
  const url = await server.freshDatabase();
  await server.halt();
  const gone = ["--database", url, "--set", "database.start_wait_s=0"];
  await expectFault(gone, 1, /ECONNREFUSED.*: no Postgres server listens there: start it/);

  const args = ["serve", "--config", "/dev/null", "--listen", "127.0.0.1:0", "--database", url];
  await using program = new Program("mod.ts", args);
  await program.said("waiting for the database");
  await server.restart();
  await program.said("the database answers");
  await program.said("store opened");
  program.kill("SIGTERM");
  const { code, stderr } = await program.end({ keepInput: true });
  equal(code, 0);
  const count = (text: string) => stderr.split(text).length - 1;
  deepEqual([count("waiting for the database"), count("the database answers")], [1, 1]);
});

Deno.test("a relay that waits for its database stops when it is told to", async () => {
  const url = "postgres://relay@127.0.0.1:1/events";
  const args = ["serve", "--config", "/dev/null", "--listen", "127.0.0.1:0", "--database", url];
  await using program = new Program("mod.ts", args);
  await program.said("waiting for the database");
  program.kill("SIGTERM");
  equal((await program.end({ keepInput: true })).code, 0);
});

Deno.test("files and ports that cannot be used are told in a sentence that says what to do", () =>
  withTree({ "file": "x", "other/thing": "x", "bad.pem": "x" }, async (root) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const locked = await DataDirectory.claim(`${root}/locked`);
    const inUse = `127.0.0.1:${(taken.addr as Deno.NetAddr).port}`;
    const memory = (...settings: readonly string[]) => [
      ...["--database", "memory:"],
      ...settings.flatMap((setting) => ["--set", setting]),
    ];
    const tls = (certificate: string) =>
      memory(
        `network.listen=tls:127.0.0.1:0`,
        `tls.certificate_files=${certificate}`,
        `tls.key_files=${certificate}`,
      );
    const library = ["signatures.engine=native", `signatures.library=${root}/lib.so`];
    const rows: readonly [readonly string[], number, RegExp][] = [
      [[...memory(), "--listen", inUse], 1, /cannot listen at .*another program .*: stop it, or/],
      [
        memory(`metrics.listen=${inUse}`),
        1,
        /cannot listen at .*another program .*metrics\.listen/,
      ],
      [tls(`${root}/none.pem`), 2, /tls\.certificate_files: .*none\.pem cannot be read/],
      [
        tls(`${root}/bad.pem`),
        2,
        /tls\.certificate_files: .*bad\.pem: the certificate is not valid PEM/,
      ],
      [memory(...library), 2, /signatures\.engine: no .*lib\.so\. .*apt install libsecp256k1/],
    ];
    const embedded = (["pglite", "managed"] as const).flatMap((kind) =>
      [
        [["--database", `${kind}:${root}/file`], 1, /file is there.*: name another directory/],
        [["--database", `${kind}:${root}/locked`], 1, /is in use by another process.*: stop that/],
      ] as typeof rows
    );
    const other = ["--database", `pglite:${root}/other`];
    const all = [...rows, ...embedded, [other, 1, /holds something else: name a/]] as typeof rows;
    for (const [args, code, sentence] of all) await expectFault(args, code, sentence);
    locked.release();
    taken.close();
  }));
