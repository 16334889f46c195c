/**
 * A Postgres server that the relay starts and stops.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { DataDirectory } from "../store/database/data_directory.ts";
import { StoreUnavailable } from "../store/event_store.ts";
import { sleep } from "../base/sleep.ts";
import { CONF_NAME, endReplacement, prepareCluster, ROLE } from "./data_cluster.ts";
import { findPostgresPackage, majorVersion, type PostgresPackage } from "./postgres_package.ts";
import { postgresConf, type PostgresConfOptions } from "./postgres_conf.ts";
import { layOutPrograms, type PostgresPrograms } from "./postgres_programs.ts";
import { readPostmasterFile, stopLeftServer } from "./postmaster_file.ts";
import { reachFault, type ServerAccount, serverAccount } from "./server_account.ts";
import { type ServerLog, serverLog } from "./server_log.ts";
import { socketDirectory } from "./socket_directory.ts";
import { Supervised } from "./supervised.ts";

/** Programs of a Postgres, and its version, which begins with the major one: `17.5`. */
export interface InstalledPostgres {
  readonly version: string;
  readonly programs: PostgresPrograms;
}

interface ManagedPostgresOptions extends PostgresConfOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The programs to run. Default: those of the package, which are copied to the directory. */
  readonly installed?: InstalledPostgres | undefined;
}

/** The interval at which a starting server is checked, milliseconds. */
const POLL_MS = 20;

/**
 * The first pause before a server that ended is restarted, milliseconds. Each next one is twice as
 * long.
 */
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;

/** What the server logs while processes of a killed one still run. */
const OLD_PROCESSES_LEFT = /pre-existing shared memory block/;

/** How long these are waited for, milliseconds: each ends once its query is done. */
const OLD_PROCESSES_MS = 30_000;
const OLD_PROCESSES_PAUSE_MS = 250;

/** After this uptime the pauses start again from the first, milliseconds. */
const SETTLED_MS = 60_000;

/** What a server is run from: its directories, programs and account. */
interface Installation {
  readonly data: string;
  readonly socket: string;
  readonly account: ServerAccount;
  readonly programs: PostgresPrograms;
}

/**
 * A private server, from start to {@link stop}. Its directory contains the programs
 * (`postgres-VERSION`), the database (`data`), the settings and the socket (`run`). It touches
 * nothing else on the machine and opens no port.
 *
 * A server that ends by itself is restarted after a pause that grows. When the relay ends, however
 * it does, so does the server; see {@link Supervised}.
 */
export class ManagedPostgres {
  /** For `openPostgres`. */
  readonly url: string;
  readonly #installation: Installation;
  readonly #options: ManagedPostgresOptions;
  readonly #directory: DataDirectory;
  readonly #log: ServerLog;
  readonly #stopping = new AbortController();
  #server: Supervised;
  #stopped: Promise<void> | undefined = undefined;
  #watching: Promise<void> = Promise.resolve();

  /** Use {@link start}. */
  constructor(
    directory: DataDirectory,
    installation: Installation,
    options: ManagedPostgresOptions,
  ) {
    this.#directory = directory;
    this.#installation = installation;
    this.#options = options;
    this.#log = serverLog(options.log, options.clock);
    const url = new URL(`postgres://${ROLE}@localhost/postgres`);
    url.searchParams.set("host", installation.socket);
    this.url = url.href;
    this.#server = this.#spawn();
  }

  /**
   * Starts the server of `path`, creating the directory if needed, and waits until it accepts
   * connections.
   *
   * Rejects with {@link StoreUnavailable} when another relay uses the directory, when there is no
   * Postgres for this machine, or when the server does not start.
   */
  static async start(path: string, options: ManagedPostgresOptions): Promise<ManagedPostgres> {
    const directory = await DataDirectory.claim(path);
    try {
      const installation = await prepare(directory.path, options);
      const server = new ManagedPostgres(directory, installation, options);
      if (!await server.#startsUp()) {
        throw new StoreUnavailable(
          `the database server does not start: ${server.#log.lastLine}`,
        );
      }
      server.#watching = server.#watch();
      return server;
    } catch (error) {
      directory.release();
      throw error;
    }
  }

  /** Stops the server by a fast shutdown. Close its connections first. Idempotent. */
  async stop(): Promise<void> {
    await (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#server.end();
    await this.#watching;
    this.#directory.release();
  }

  #spawn(): Supervised {
    const { data, socket, account, programs } = this.#installation;
    return new Supervised({
      program: programs.postgres,
      args: ["-D", data, "-c", `unix_socket_directories="${socket.replaceAll('"', '""')}"`],
      account,
      onLine: (line) => this.#log.line(line),
    });
  }

  /**
   * The first start, which no restart would follow: as `#becomesReady`, but also waits for
   * processes of a killed server.
   */
  async #startsUp(): Promise<boolean> {
    const { clock, log } = this.#options;
    const endMs = clock.monotonicMs() + OLD_PROCESSES_MS;
    while (!await this.#becomesReady()) {
      if (!OLD_PROCESSES_LEFT.test(this.#log.lastLine) || clock.monotonicMs() > endMs) return false;
      log.info("waiting for processes of a database server that was killed");
      await sleep(OLD_PROCESSES_PAUSE_MS, clock);
      this.#server = this.#spawn();
    }
    return true;
  }

  /**
   * Waits until the server is ready, and returns whether it is. As `pg_ctl` does, it reads
   * `postmaster.pid`.
   */
  async #becomesReady(): Promise<boolean> {
    while (!(await readPostmasterFile(this.#installation.data))?.isReady) {
      if (this.#server.hasEnded) return false;
      await sleep(POLL_MS, this.#options.clock);
    }
    return true;
  }

  async #watch(): Promise<void> {
    const { clock, log } = this.#options;
    let pauseMs = MIN_PAUSE_MS;
    for (;;) {
      const startedMs = clock.monotonicMs();
      const code = await this.#server.ended;
      if (this.#isStopping) return;
      const endedMs = clock.monotonicMs();
      if (endedMs - startedMs > SETTLED_MS) pauseMs = MIN_PAUSE_MS;
      log.error("database server ended", { code, restartInMs: pauseMs });
      await sleep(pauseMs, clock, this.#stopping.signal);
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
      // The server may have outlived the shell that started it.
      await stopLeftServer(this.#installation, clock).catch((error) =>
        log.error("database server left running", { error: String(error) })
      );
      if (this.#isStopping) return;
      this.#server = this.#spawn();
      if (await this.#becomesReady()) {
        log.info("database server runs again", {
          awayMs: Math.round(clock.monotonicMs() - endedMs),
        });
      }
    }
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }
}

/** Prepares everything that the server needs. */
async function prepare(path: string, options: ManagedPostgresOptions): Promise<Installation> {
  const { clock, log, installed } = options;
  const found = installed ?? await packagedPostgres();
  await Deno.mkdir(path, { recursive: true });
  const home = await Deno.realPath(path);
  const data = `${home}/data`;
  // First: the account is that of the data.
  await endReplacement(data);
  const account = await serverAccount(data);
  // The server's account may traverse the directory but not list it.
  if (account.uid !== undefined) await Deno.chmod(home, 0o711);
  const fault = await reachFault(home, account);
  if (fault !== undefined) throw new StoreUnavailable(fault);
  const programs = "programs" in found
    ? found.programs
    : await layOutPrograms(found, `${home}/postgres-${found.version}`);
  const socket = await socketDirectory(home, account);
  if (await stopLeftServer({ data, socket }, clock)) {
    log.warn("stopped a database server that an earlier relay had left running");
  }
  await prepareCluster(data, { found, programs, account });
  const conf = postgresConf(options, Number(majorVersion(found)));
  await Deno.writeTextFile(`${home}/${CONF_NAME}`, conf);
  await Deno.chmod(`${home}/${CONF_NAME}`, 0o644);
  return { data, socket, account, programs };
}

async function packagedPostgres(): Promise<PostgresPackage> {
  const found = await findPostgresPackage();
  if (!("fault" in found)) return found;
  throw new StoreUnavailable(`${found.fault}: use pglite:DIR, or a server by postgres://…`);
}
