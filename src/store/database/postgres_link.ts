/**
 * One connection to a Postgres server.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { StoreUnavailable } from "../event_store.ts";

/** A socket that can be destroyed. */
interface Cuttable {
  destroy(error?: Error): void;
  once(event: "close", listener: () => void): void;
}

/** One connection as the driver represents it: a pool of one. */
export interface DriverPool {
  /** Waits for running statements for so many seconds, and disconnects. Idempotent. */
  end(options: { readonly timeout: number }): Promise<void>;
}

/** How long a connection may be silent while it works. */
export interface Watch {
  readonly clock: Pick<Clock, "after">;
  /** The interval at which {@link isWorking} is called, milliseconds. */
  readonly silenceMs: number;
  /**
   * Whether the server is still working on it. Default: it is not, so the first silence drops the
   * connection.
   */
  readonly isWorking?: (() => Promise<boolean>) | undefined;
}

/** How long running statements have when their connection ends, seconds. */
const ENDING_SECONDS = 1;

/**
 * A connection that can be dropped at any moment: what runs on it rejects at once, and its sockets
 * are destroyed without waiting for the server. The driver by itself waits for a frozen server
 * without limit.
 */
export class PostgresLink<Pool extends DriverPool = DriverPool> {
  readonly pool: Pool;
  /** Whether a statement has been answered on it. */
  hasAnswered = false;
  readonly #sockets = new Set<Cuttable>();
  readonly #running = new Set<(error: Error) => void>();
  #loss: ConnectionDropped | undefined = undefined;

  constructor(open: (link: PostgresLink<Pool>) => Pool) {
    this.pool = open(this);
  }

  /** Whether it must not be used again. */
  get isLost(): boolean {
    return this.#loss !== undefined;
  }

  /** Takes over a socket that the driver opened, for statements or for a cancel request. */
  own(socket: Cuttable): void {
    if (this.#loss !== undefined) return socket.destroy(this.#loss);
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /**
   * Resolves as `work` does; rejects with {@link ConnectionDropped} when the connection is dropped
   * first, which a silence of {@link Watch.silenceMs} causes.
   */
  async run<T>(work: Promise<T>, watch?: Watch): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    work.then(resolve, reject);
    if (this.#loss !== undefined) reject(this.#loss);
    this.#running.add(reject);
    const guard = watch === undefined ? undefined : new Guard(watch, (why) => this.drop(why));
    try {
      const result = await promise;
      this.hasAnswered = true;
      return result;
    } finally {
      guard?.end();
      this.#running.delete(reject);
    }
  }

  /** Drops the connection at once. */
  drop(why: string): void {
    if (this.#loss !== undefined) return;
    this.#loss = new ConnectionDropped(why);
    for (const reject of this.#running) reject(this.#loss);
    this.#running.clear();
    this.pool.end({ timeout: 0 }).catch(() => {});
    this.#cut(this.#loss);
  }

  /** Closes the connection: properly, or after a second forcibly. */
  async end(): Promise<void> {
    if (this.#loss !== undefined) return;
    await this.pool.end({ timeout: ENDING_SECONDS });
    this.#loss = new ConnectionDropped("the connection is closed");
    this.#cut(this.#loss);
  }

  #cut(error: Error): void {
    for (const socket of this.#sockets) socket.destroy(error);
    this.#sockets.clear();
  }
}

/** The connection was dropped while something ran on it. */
class ConnectionDropped extends StoreUnavailable {
  readonly code = "CONNECTION_DROPPED";
}

/** Watches over one piece of work. */
class Guard {
  readonly #watch: Watch;
  readonly #onSilent: (why: string) => void;
  #timer: Timer;
  #silentMs = 0;
  #isOver = false;

  constructor(watch: Watch, onSilent: (why: string) => void) {
    this.#watch = watch;
    this.#onSilent = onSilent;
    this.#timer = this.#start();
  }

  end(): void {
    this.#isOver = true;
    this.#timer.cancel();
  }

  #start(): Timer {
    const { clock, silenceMs } = this.#watch;
    return clock.after(silenceMs, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    this.#silentMs += this.#watch.silenceMs;
    const isWorking = await this.#watch.isWorking?.().catch(() => false) ?? false;
    if (this.#isOver) return;
    if (isWorking) this.#timer = this.#start();
    else this.#onSilent(`the database did not answer for ${this.#silentMs} ms`);
  }
}
