import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { ManagedPostgres } from "../../src/postgres_server/managed_postgres.ts";
import { ROLE } from "../../src/postgres_server/data_cluster.ts";
import { readPostmasterFile } from "../../src/postgres_server/postmaster_file.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Statement } from "../../src/store/database/database.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { Program } from "../kit/program.ts";

const options = { connections: 2, clock: systemClock, log: silentLog };

/** One directory for all tests: to make it takes a second. */
let root: string;
let home: string;

Deno.test.beforeAll(async () => {
  root = await Deno.makeTempDir({ prefix: "gallimimus-" });
  await Deno.chmod(root, 0o755);
  home = `${root}/postgres`;
});

Deno.test.afterAll(async () => {
  await Deno.remove(root, { recursive: true });
});

Deno.test("commits survive a stop and a start, and no process runs in between", async () => {
  const first = await ManagedPostgres.start(home, options);
  await script(first.url, "create table notes (text text); insert into notes values ('kept')");
  const pid = await serverPid();
  await first.stop();
  await first.stop();
  equal(await isRunning(pid), false);
  equal(await readPostmasterFile(`${home}/data`), undefined);
  await using second = await started();
  deepEqual(await notes(second.url), ["kept"]);
});

Deno.test("fsync, checksums and autovacuum are on, and no port is open", async () => {
  await using server = await started();
  const names = ["fsync", "data_checksums", "autovacuum", "listen_addresses", "server_encoding"];
  const shown = await Promise.all(names.map((name) => ask(server.url, `show ${name}`)));
  deepEqual(shown.flat(), ["on", "on", "on", "", "UTF8"]);
});

Deno.test("postgresql.conf overrides the relay's settings", async () => {
  const path = `${home}/data/postgresql.conf`;
  const before = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, `${before}work_mem = 7MB\n`);
  try {
    await using server = await started();
    deepEqual(await ask(server.url, "show work_mem"), ["7MB"]);
  } finally {
    await Deno.writeTextFile(path, before);
  }
});

Deno.test("a second relay is refused while the first one runs", async () => {
  await using _server = await started();
  await rejects(ManagedPostgres.start(home, options), /in use by another process/);
});

Deno.test("a killed server is restarted, and both are logged once", async () => {
  const told: string[] = [];
  const tell = (message: string) => void told.push(message);
  await using server = await started({ ...silentLog, info: tell, error: tell });
  const pid = await serverPid();
  Deno.kill(pid, "SIGKILL");
  await until(async () => (await readPostmasterFile(`${home}/data`))?.pid !== pid);
  await until(() => Promise.resolve(told.length > 1));
  deepEqual(await notes(server.url), ["kept"]);
  deepEqual(told, ["database server ended", "database server runs again"]);
});

Deno.test("a server whose supervisor was killed is stopped and restarted", async () => {
  await using server = await started();
  const pid = await serverPid();
  Deno.kill(await parentOf(pid), "SIGKILL");
  await until(async () => (await readPostmasterFile(`${home}/data`))?.pid !== pid);
  await until(async () => (await readPostmasterFile(`${home}/data`))?.isReady === true);
  equal(await isRunning(pid), false);
  deepEqual(await notes(server.url), ["kept"]);
});

Deno.test("the server of a relay that was killed ends by itself", async () => {
  await using relay = new Program("tests/kit/managed_program.ts", [home]);
  await relay.said("ready");
  const pid = await serverPid();
  relay.kill("SIGKILL");
  await relay.end({ keepInput: true });
  await until(async () => !await isRunning(pid));
  equal(await readPostmasterFile(`${home}/data`), undefined);
});

Deno.test("a relay started right after one was killed has the data", async () => {
  await using relay = new Program("tests/kit/managed_program.ts", [home]);
  await relay.said("ready");
  relay.kill("SIGKILL");
  await relay.end({ keepInput: true });
  await using server = await started();
  deepEqual(await notes(server.url), ["kept"]);
});

Deno.test("when relay, supervisor and server are killed at once, the next start recovers", async () => {
  await using relay = new Program("tests/kit/managed_program.ts", [home]);
  await relay.said("ready");
  const pid = await serverPid();
  Deno.kill(await parentOf(pid), "SIGKILL");
  Deno.kill(pid, "SIGKILL");
  relay.kill("SIGKILL");
  await relay.end({ keepInput: true });
  equal((await readPostmasterFile(`${home}/data`))?.pid, pid);
  await using server = await started();
  deepEqual(await notes(server.url), ["kept"]);
});

Deno.test("the next start waits for the processes of a killed server", async () => {
  await using relay = new Program("tests/kit/managed_program.ts", [home]);
  await relay.said("ready");
  const pid = await serverPid();
  // Busy for a second or two, it does not notice that the server is gone.
  const database = openPostgres(`postgres://${ROLE}@localhost/postgres?host=${home}/run`);
  const busy = database.query({
    text: "select count(*)::text from generate_series(1, 20000000)",
    parameters: [],
    read: (cells) => cells.text(0),
  }).catch(() => []);
  await new Promise((resolve) => setTimeout(resolve, 300));
  Deno.kill(await parentOf(pid), "SIGKILL");
  Deno.kill(pid, "SIGKILL");
  relay.kill("SIGKILL");
  await relay.end({ keepInput: true });
  await using server = await started();
  deepEqual(await notes(server.url), ["kept"]);
  await busy;
  await database.close();
});

Deno.test("a process id that was reused is not taken for the server", async () => {
  // This test's own number, which runs and is no server.
  const path = `${home}/data/postmaster.pid`;
  await Deno.writeTextFile(path, `${Deno.pid}\n${home}/data\n1700000000\n5432\n\n\n\nready   \n`);
  await using server = await started();
  deepEqual(await notes(server.url), ["kept"]);
});

Deno.test("a server that does not start reports the reason and leaves nothing running", async () => {
  const path = `${home}/data/postgresql.conf`;
  const before = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, "no_such_setting = on\n");
  try {
    await rejects(ManagedPostgres.start(home, options), /does not start: .*no_such_setting|errors/);
  } finally {
    await Deno.writeTextFile(path, before);
  }
  await using server = await started();
  deepEqual(await notes(server.url), ["kept"]);
});

Deno.test("data of another major version is left alone, and the error says what to do", async () => {
  const path = `${home}/data/PG_VERSION`;
  const before = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, "9\n");
  try {
    await rejects(ManagedPostgres.start(home, options), (error) => {
      ok(error instanceof Error);
      match(error.message, /was made by Postgres 9, .* Run gallimimus upgrade/);
      return true;
    });
  } finally {
    await Deno.writeTextFile(path, before);
  }
});

Deno.test("a directory with a path too long for a socket works", async () => {
  const long = `${root}/${"long/".repeat(20)}postgres`;
  const server = await ManagedPostgres.start(long, options);
  deepEqual(await ask(server.url, "select 'here'"), ["here"]);
  await server.stop();
  await Deno.remove(new URL(server.url).searchParams.get("host")!, { recursive: true });
});

/** A server that is stopped at the end of the test. */
async function started(log = silentLog): Promise<ManagedPostgres & AsyncDisposable> {
  const server = await ManagedPostgres.start(home, { ...options, log });
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.stop() });
}

async function ask(url: string, text: string): Promise<readonly string[]> {
  const database = openPostgres(url, { readConnections: 1, writeConnections: 1 });
  const statement: Statement<string> = { text, parameters: [], read: (cells) => cells.text(0) };
  try {
    return await database.query(statement);
  } finally {
    await database.close();
  }
}

async function script(url: string, sql: string): Promise<void> {
  const database = openPostgres(url, { readConnections: 1, writeConnections: 1 });
  await database.script(sql);
  await database.close();
}

function notes(url: string): Promise<readonly string[]> {
  return ask(url, "select text from notes");
}

async function serverPid(): Promise<number> {
  return (await readPostmasterFile(`${home}/data`))!.pid;
}

async function parentOf(pid: number): Promise<number> {
  return Number(await processState(pid, "ppid="));
}

/** Not so when it has ended and nobody asked how. */
async function isRunning(pid: number): Promise<boolean> {
  return /^[^Z]/.test(await processState(pid, "stat="));
}

async function processState(pid: number, column: string): Promise<string> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", column, "-p", String(pid)] })
    .output();
  return new TextDecoder().decode(stdout).trim();
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
