/**
 * A client's connection that reconnects, with exponential backoff. A server that is silent for too long
 * counts as lost.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { backOffMs } from "../../base/back_off.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { describeError, messageOf } from "../../base/error_text.ts";
import type { Random } from "../../base/random.ts";
import { CloseCode } from "../../websocket/close_code.ts";
import type { Connection, ConnectionEvents } from "../connection.ts";
import type { OpenedWebSocket } from "./websocket_client.ts";

/** The times of a lasting connection. */
export interface LastingConnectionLimits {
  /** About how long to wait after the first failure, milliseconds. Each further one doubles it. */
  readonly firstDelayMs: number;
  /** The longest wait, milliseconds. A connection that lasted as long ends the row of failures. */
  readonly maxDelayMs: number;
  /** How often to ping, milliseconds. */
  readonly pingIntervalMs: number;
  /** A server that sent nothing for so long, not even a pong, counts as gone, milliseconds. */
  readonly idleTimeoutMs: number;
}

/**
 * Times that do not flood a server that is down and find it soon when it is back.
 *
 * @example
 * ```ts
 * import { defaultLastingLimits } from "./lasting_connection.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal({ ...defaultLastingLimits, maxDelayMs: 5_000 }.firstDelayMs, 1_000);
 * ```
 */
export const defaultLastingLimits: LastingConnectionLimits = {
  firstDelayMs: 1_000,
  maxDelayMs: 60_000,
  pingIntervalMs: 30_000,
  idleTimeoutMs: 120_000,
};

/** What a lasting connection needs. */
export interface LastingConnectionOptions {
  /** Opens one connection, such as {@link connectWebSocket} does. */
  readonly connect: () => Promise<OpenedWebSocket>;
  /** The time, and timers. */
  readonly clock: Clock;
  /** Where faults are told. */
  readonly log: Log;
  /** Spreads the attempts of many clients that lost the same server at once. */
  readonly random: Random;
  /** How often to try, and how long to wait. */
  readonly limits: LastingConnectionLimits;
  /** Called with each connection before anything is read from it; returns its events. */
  readonly onOpen: (opened: OpenedWebSocket) => ConnectionEvents;
}

/**
 * Keeps one connection open until it is stopped.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { silentLog } from "../../base/log.ts";
 * import { defaultLastingLimits, LastingConnection } from "./lasting_connection.ts";
 *
 * const delaysMs: number[] = [];
 * const lasting = new LastingConnection({
 *   connect: () => Promise.reject(new Error("nobody is there")),
 *   clock: {
 *     nowMs: () => 0,
 *     monotonicMs: () => 0,
 *     after: (delayMs) => {
 *       delaysMs.push(delayMs);
 *       return { cancel() {} };
 *     },
 *     every: () => ({ cancel() {} }),
 *   },
 *   log: silentLog,
 *   random: { bytes: (length) => new Uint8Array(length) },
 *   limits: defaultLastingLimits,
 *   onOpen: () => ({ messages() {}, drained() {}, closed() {} }),
 * });
 * lasting.start();
 * await Promise.resolve();
 * await Promise.resolve();
 * equal(delaysMs[0], 500);
 * lasting.stop();
 * ```
 */
export class LastingConnection {
  readonly #options: LastingConnectionOptions;
  #state: "new" | "running" | "stopped" = "new";
  /** Connections in a row that did not last. */
  #failures = 0;
  #current: Connection | undefined = undefined;
  /** Until the next attempt, or the next ping: never both. */
  #timer: Timer | undefined = undefined;

  /** Does nothing before {@link start}. */
  constructor(options: LastingConnectionOptions) {
    this.#options = options;
  }

  /** Makes the first attempt. Called once. */
  start(): void {
    assert(this.#state === "new", "a lasting connection is started once");
    this.#state = "running";
    this.#attempt();
  }

  /** Closes the current connection and makes no other. */
  stop(): void {
    this.#state = "stopped";
    this.#timer?.cancel();
    this.#current?.close(CloseCode.normal, "");
  }

  #attempt(): void {
    this.#options.connect().then(this.#onOpened, (error: unknown) => {
      const reason = messageOf(error);
      this.#options.log.info("connecting failed", { reason, failures: this.#failures + 1 });
      this.#retry();
    }).catch(this.#onFault);
  }

  /** The callback threw. Reconnects, as after any other end. */
  readonly #onFault = (error: unknown): void => {
    this.#options.log.error("connection handler failed", { error: describeError(error) });
    this.#timer?.cancel();
    this.#current?.terminate();
    this.#current = undefined;
    this.#retry();
  };

  readonly #onOpened = (opened: OpenedWebSocket): void => {
    const { connection } = opened;
    const { clock, limits, onOpen } = this.#options;
    if (this.#state === "stopped") return connection.terminate();
    const openedMs = clock.monotonicMs();
    this.#current = connection;
    this.#timer = clock.every(limits.pingIntervalMs, () => this.#checkPulse(connection));
    const events = onOpen(opened);
    connection.start({
      messages: (batch) => events.messages(batch),
      drained: () => events.drained(),
      closed: (ending) => {
        this.#current = undefined;
        this.#timer?.cancel();
        if (clock.monotonicMs() - openedMs >= limits.maxDelayMs) this.#failures = 0;
        this.#retry();
        events.closed(ending);
      },
    });
  };

  /** Pings, and ends a connection without an answer: a server that vanished sends nothing. */
  #checkPulse(connection: Connection): void {
    const { clock, limits: { idleTimeoutMs } } = this.#options;
    if (clock.monotonicMs() - connection.lastHeardMs >= idleTimeoutMs) connection.terminate();
    else connection.ping();
  }

  #retry(): void {
    if (this.#state === "stopped") return;
    const { clock, random, limits: { firstDelayMs, maxDelayMs } } = this.#options;
    const pauses = { firstMs: firstDelayMs, maxMs: maxDelayMs };
    const delayMs = backOffMs(this.#failures++, pauses, random);
    this.#timer = clock.after(delayMs, () => this.#attempt());
  }
}
