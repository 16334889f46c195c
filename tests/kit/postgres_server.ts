/**
 * A real Postgres server for tests.
 *
 * @module
 */

import postgres from "postgres";
import { freePort } from "./free_port.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { packagedPostgres, type PostgresVersion } from "./postgres_binaries.ts";
import { cloneCluster, makeCluster, unprivileged } from "./postgres_cluster.ts";

/** What a server is to be. */
export interface PostgresServerOptions {
  /** Default: the package's. */
  readonly version?: PostgresVersion;
  /** Whether it waits for the disk. Default: no, for a test's data need not survive a power cut. */
  readonly isDurable?: boolean;
  /** More settings, `name=value`. */
  readonly settings?: readonly string[];
}

/** A server of its own directory, port and socket, that ends with {@link stop}. */
export class PostgresServer implements AsyncDisposable {
  /** Of the server's own first database, which tests leave alone. */
  readonly url: string;
  readonly port: number;
  readonly #binary: string;
  readonly #directory: string;
  readonly #options: readonly string[];
  #process: Deno.ChildProcess | undefined = undefined;

  constructor(binary: string, directory: string, port: number, options: readonly string[]) {
    this.#binary = binary;
    this.#directory = directory;
    this.#options = options;
    this.port = port;
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  }

  /** Makes a fresh server and waits until it answers. */
  static async start(options: PostgresServerOptions = {}): Promise<PostgresServer> {
    const { version = packagedPostgres, isDurable = false, settings = [] } = options;
    const { postgres } = await version.programs();
    const directory = await makeCluster(version);
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
    this.#process = new Deno.Command(this.#binary, {
      args: ["-D", `${this.#directory}/data`, ...options.flatMap((option) => ["-c", option])],
      ...unprivileged(this.#directory),
    }).spawn();
    await this.#answers();
  }

  /** Ends it: SIGINT rolls back and shuts down, SIGKILL is a crash. */
  async halt(signal: "SIGINT" | "SIGKILL" = "SIGINT"): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    process.kill(signal);
    await process.status;
  }

  /** Another server that follows this one; which is stopped for a moment. */
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

  /** Makes an empty database and gives its URL. */
  async freshDatabase(): Promise<string> {
    return await freshDatabase(this.url);
  }

  /** Ends it and removes its files. */
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

/** Makes an empty database beside the one at `url` and gives its URL. */
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

/** Makes a database empty again, whoever is still connected to it. */
export async function emptyDatabase(url: string): Promise<void> {
  await alone(url, "drop schema public cascade; create schema public");
}

/** Takes all rows out of a database that has the relay's schema, whoever is still connected to it. */
export async function clearTables(url: string): Promise<void> {
  await alone(url, CLEAR_TABLES);
}

/**
 * Leaves the schema of `migrations/` as it was when it was new. Of few rows each is deleted: files that
 * are as good as new, which truncating makes, take longer.
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

/** Runs a script after everybody else was sent away. */
async function alone(url: string, script: string): Promise<void> {
  const database = openPostgres(url, { readConnections: 1, writeConnections: 1 });
  try {
    await database.script(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid(); ${script}`);
  } finally {
    await database.close();
  }
}
