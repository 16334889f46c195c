/**
 * Postgres servers for tests.
 *
 * @module
 */

import postgres from "postgres";
import { freePort } from "./free_port.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { packagedPostgres, type PostgresVersion } from "./postgres_binaries.ts";
import { cloneCluster, makeCluster, unprivileged } from "./postgres_cluster.ts";

/** Options of {@link PostgresServer}. */
export interface PostgresServerOptions {
  /** Default: the packaged one. */
  readonly version?: PostgresVersion;
  /** Whether it uses fsync. Default: no, since test data need not survive a power cut. */
  readonly isDurable?: boolean;
  /** More settings, `name=value`. */
  readonly settings?: readonly string[];
  /** In which directory it gets its own. Default: the system's temporary directory. */
  readonly directory?: string;
}

/** A server with its own directory, port and socket, until {@link stop}. */
export class PostgresServer implements AsyncDisposable {
  /** The URL of the server's first database, which tests do not change. */
  readonly url: string;
  readonly port: number;
  readonly #binary: string;
  readonly #directory: string;
  readonly #options: readonly string[];
  #process: Deno.ChildProcess | undefined = undefined;
  #hasEnded = false;

  constructor(binary: string, directory: string, port: number, options: readonly string[]) {
    this.#binary = binary;
    this.#directory = directory;
    this.#options = options;
    this.port = port;
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  }

  /** Creates a fresh server and waits until it accepts connections. */
  static async start(options: PostgresServerOptions = {}): Promise<PostgresServer> {
    const { version = packagedPostgres, isDurable = false, settings = [] } = options;
    const { postgres } = await version.programs();
    const directory = await makeCluster(version, options.directory);
    const durability = isDurable
      ? []
      : ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
    const server = new PostgresServer(postgres, directory, freePort(), [
      ...durability,
      ...settings,
    ]);
    await server.restart();
    return server;
  }

  /** Starts it again after {@link halt}. */
  async restart(): Promise<void> {
    const options = [
      ...this.#options,
      `port=${this.port}`,
      `unix_socket_directories=${this.#directory}`,
    ];
    const process = new Deno.Command(this.#binary, {
      args: ["-D", `${this.#directory}/data`, ...options.flatMap((option) => ["-c", option])],
      ...unprivileged(this.#directory),
    }).spawn();
    this.#process = process;
    this.#hasEnded = false;
    void process.status.then(() => this.#hasEnded ||= this.#process === process);
    await this.#answers();
  }

  /** Whether it has ended by itself. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Stops it: SIGINT is a fast shutdown, SIGKILL a crash. */
  async halt(signal: "SIGINT" | "SIGKILL" = "SIGINT"): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    if (!this.#hasEnded) process.kill(signal);
    await process.status;
  }

  /** Starts a standby of this server, which is stopped briefly for it. */
  async replica(): Promise<PostgresServer> {
    await this.halt();
    const directory = await cloneCluster(this.#directory);
    await Deno.writeTextFile(`${directory}/data/standby.signal`, "");
    await this.restart();
    const primary = `primary_conninfo=host=127.0.0.1 port=${this.port} user=postgres`;
    const options = [...this.#options, primary];
    const replica = new PostgresServer(this.#binary, directory, freePort(), options);
    await replica.restart();
    return replica;
  }

  /** Creates an empty database and returns its URL. */
  async freshDatabase(): Promise<string> {
    return await freshDatabase(this.url);
  }

  /** Stops it and removes its files. */
  async stop(): Promise<void> {
    await this.halt();
    await Deno.remove(this.#directory, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #answers(): Promise<void> {
    const deadlineMs = performance.now() + 30_000;
    for (;;) {
      const sql = postgres(this.url, { max: 1, onnotice: () => {}, connect_timeout: 5 });
      try {
        await sql`select 1`;
        return;
      } catch (error) {
        if (performance.now() > deadlineMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      } finally {
        await sql.end();
      }
    }
  }
}

/** Creates an empty database on the server of `url` and returns its URL. */
export async function freshDatabase(url: string): Promise<string> {
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(`create database ${name} template template0`);
  } finally {
    await sql.end();
  }
  const fresh = new URL(url);
  fresh.pathname = `/${name}`;
  return fresh.href;
}

/** Empties a database, whoever is still connected to it. */
export async function emptyDatabase(url: string): Promise<void> {
  await alone(url, "drop schema public cascade; create schema public");
}

/** Deletes all rows of a database with the relay's schema, whoever is still connected to it. */
export async function clearTables(url: string): Promise<void> {
  await alone(url, CLEAR_TABLES);
}

/**
 * Resets the tables of `migrations/` to their initial rows. Few rows are deleted one by one, which
 * is faster than TRUNCATE, which creates new files.
 */
export const CLEAR_TABLES = `do $$ declare "table" text; few boolean; begin
  if to_regclass('public.events') is null then return; end if;
  few := (select count(*) < 300 from public.events);
  for "table" in select oid::regclass::text from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'schema_migrations'
  loop
    execute case when few then 'delete from ' else 'truncate ' end || "table";
  end loop;
  perform setval(seqrelid, seqstart, false) from pg_sequence join pg_class on oid = seqrelid
    where relnamespace = 'public'::regnamespace;
end $$`;

/** Runs a script after terminating all other connections. */
async function alone(url: string, script: string): Promise<void> {
  const database = openPostgres(url, { readConnections: 1, writeConnections: 1 });
  try {
    await database.script(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid(); ${script}`);
  } finally {
    await database.close();
  }
}
