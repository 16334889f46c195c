/**
 * PgBouncer in transaction mode, as Debian has it.
 *
 * @module
 */

import { freePort } from "./free_port.ts";
import { unprivileged } from "./postgres_cluster.ts";

const PROGRAM = "/usr/sbin/pgbouncer";

/** Why there is none here, one sentence without a full stop; undefined if there is one. */
export const pgBouncerFault: string | undefined = isThere(PROGRAM)
  ? undefined
  : `there is no ${PROGRAM}`;

/**
 * A pooler in front of a server. It has fewer connections to it than the relay to the pooler, so that
 * they change hands.
 */
export class PgBouncer implements AsyncDisposable {
  readonly port: number;
  readonly #directory: string;
  readonly #process: Deno.ChildProcess;

  constructor(port: number, directory: string, process: Deno.ChildProcess) {
    this.port = port;
    this.#directory = directory;
    this.#process = process;
  }

  /** Starts one in front of the server of `url`, and waits until it accepts connections. */
  static async start(url: string): Promise<PgBouncer> {
    const directory = await Deno.makeTempDir({ prefix: "gallimimus-pgbouncer-" });
    const port = freePort();
    const server = new URL(url);
    const lines = [
      "[databases]",
      `* = host=${server.hostname} port=${server.port} user=${server.username}`,
      "[pgbouncer]",
      ...["pool_mode = transaction", "default_pool_size = 4", "auth_type = any"],
      // Between two tests all connections to a database are ended. Without this the pooler may lend one
      // before it has heard of that.
      ...["server_check_delay = 0"],
      ...["listen_addr = 127.0.0.1", `listen_port = ${port}`, "unix_socket_dir ="],
    ];
    await Deno.writeTextFile(`${directory}/pgbouncer.ini`, `${lines.join("\n")}\n`);
    await Deno.chmod(directory, 0o755);
    const process = new Deno.Command(PROGRAM, {
      args: ["--quiet", `${directory}/pgbouncer.ini`],
      ...unprivileged(directory),
      stderr: "null",
    }).spawn();
    const pooler = new PgBouncer(port, directory, process);
    await pooler.#answers();
    return pooler;
  }

  /** The same database, through the pooler. */
  through(url: string): string {
    const pooled = new URL(url);
    pooled.port = String(this.port);
    return pooled.href;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
    await Deno.remove(this.#directory, { recursive: true });
  }

  async #answers(): Promise<void> {
    const deadlineMs = performance.now() + 10_000;
    for (;;) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return;
      } catch (error) {
        if (performance.now() > deadlineMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
