/**
 * Keeps a connection to another relay.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { messageOf } from "../../base/error_text.ts";
import type { Random } from "../../base/random.ts";
import { defaultLastingLimits, LastingConnection } from "../../net/client/lasting_connection.ts";
import { connectWebSocket, type OpenedWebSocket } from "../../net/client/websocket_client.ts";
import type { Connection, ConnectionEvents } from "../../net/connection.ts";
import { oneLine } from "../../sync/remote_refusal.ts";
import { remoteLimits } from "./remote_connection.ts";
import { type UntrustedRelay, watchReading } from "./untrusted_relay.ts";

/** What one connection is used by. */
export interface RemoteUser {
  /** Handles a text message. */
  receive(text: string): void;
  /** The connection has ended. */
  closed(why: string): void;
  /** Resolves some time after {@link closed}, when nothing more is done. */
  readonly done: Promise<void>;
}

interface LastingRemoteOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The longest pause between attempts, milliseconds. */
  readonly maxDelayMs?: number;
  /** What it may do, if a stranger has named it. */
  readonly untrusted?: UntrustedRelay | undefined;
  /** Called with each connection before anything is read. */
  readonly open: (connection: Connection) => RemoteUser;
  /** Called whenever a connection ends or cannot be opened, but not by {@link LastingRemote.stop}. */
  readonly away: (why: string) => void;
}

/** A connection that is opened again, after ever longer pauses, until it is stopped. */
export class LastingRemote {
  readonly #options: LastingRemoteOptions;
  readonly #lasting: LastingConnection;
  /** The attempt under way, and the use of the connection: both are awaited at the end. */
  #opening: Promise<unknown> = Promise.resolve();
  #used = Promise.resolve();
  readonly #stopped = new AbortController();

  constructor(options: LastingRemoteOptions) {
    const { clock, random, log, maxDelayMs = defaultLastingLimits.maxDelayMs } = options;
    this.#options = options;
    this.#lasting = new LastingConnection({
      ...{ clock, random, limits: { ...defaultLastingLimits, maxDelayMs } },
      // Attempts that fail are told by `away`.
      log: { ...silentLog, error: (message, fields) => log.error(message, fields) },
      connect: () => this.#connect(),
      onOpen: ({ connection }) => this.#onOpen(connection),
    });
    this.#lasting.start();
  }

  /** Ends the connection and waits until it is no longer used. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#lasting.stop();
    await this.#opening;
    await this.#used;
  }

  #connect(): Promise<OpenedWebSocket> {
    const { url, clock, log, random, untrusted } = this.#options;
    const { signal } = this.#stopped;
    const how = { clock, log, random, limits: remoteLimits, ...untrusted, signal };
    const opening = connectWebSocket(url, how);
    this.#opening = opening.catch((error: unknown) => {
      this.#away(messageOf(error));
    });
    return opening;
  }

  #onOpen(connection: Connection): ConnectionEvents {
    const { untrusted, clock } = this.#options;
    const user = this.#options.open(connection);
    const stopWatching = untrusted && watchReading(connection, untrusted.reading, clock);
    const closed = Promise.withResolvers<void>();
    this.#used = Promise.all([user.done, closed.promise]).then(() => {});
    return {
      messages: (batch) => {
        for (const message of batch) if (message.type === "text") user.receive(message.text);
      },
      drained() {},
      closed: ({ reason, cause }) => {
        stopWatching?.();
        this.#away(reason || cause);
        user.closed(reason || cause);
        closed.resolve();
      },
    };
  }

  #away(why: string): void {
    if (!this.#stopped.signal.aborted) this.#options.away(oneLine(why));
  }
}
