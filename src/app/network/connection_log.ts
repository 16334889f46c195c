/**
 * Logs how connections ended: a line each, as many a minute as the settings allow, and one line a
 * minute for the rest.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Ending } from "../../net/ending.ts";
import type { SessionTally } from "../../relay/session_tally.ts";

interface EndedConnection {
  readonly address: string;
  readonly ending: Ending;
  /** When it was accepted, on the monotonic clock, milliseconds. */
  readonly startMs: number;
  /** Bytes on the wire, the handshake and TLS aside. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly tally: Readonly<SessionTally>;
}

/** What a {@link ConnectionLog} writes to, and how much. */
interface ConnectionLogOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** Lines a minute for single connections. */
  readonly linesPerMinute: number;
}

/** The interval in which lines are counted, milliseconds. */
const INTERVAL_MS = 60_000;

/** What the connections without a line of their own have in common. */
interface Rest {
  count: number;
  receivedBytes: number;
  sentBytes: number;
  readonly causes: Map<Ending["cause"], number>;
}

/** Writes at level info. */
export class ConnectionLog {
  readonly #options: ConnectionLogOptions;
  #timer: Timer | undefined;
  /** Lines written since the interval began. */
  #lines = 0;
  #rest = emptyRest();
  #isClosed = false;

  constructor(options: ConnectionLogOptions) {
    this.#options = options;
  }

  /** Writes a line, or counts the connection among the rest of this minute. */
  ended(connection: EndedConnection): void {
    const { clock, linesPerMinute } = this.#options;
    if (this.#isClosed) return this.#write(connection);
    this.#timer ??= clock.after(INTERVAL_MS, () => this.#begin());
    if (this.#lines < linesPerMinute) {
      this.#lines++;
      return this.#write(connection);
    }
    const rest = this.#rest;
    const { cause } = connection.ending;
    rest.count++;
    rest.receivedBytes += connection.receivedBytes;
    rest.sentBytes += connection.sentBytes;
    rest.causes.set(cause, (rest.causes.get(cause) ?? 0) + 1);
  }

  /** Writes the line for the rest, and ends the timer. Connections that end later have a line each. */
  close(): void {
    this.#isClosed = true;
    this.#begin();
  }

  #begin(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lines = 0;
    const { causes, ...rest } = this.#rest;
    this.#rest = emptyRest();
    if (rest.count === 0) return;
    const text = [...causes].map(([cause, count]) => `${cause}:${count}`).join(",");
    this.#options.log.info("more connections ended", { ...rest, causes: text });
  }

  #write({ address, ending, startMs, receivedBytes, sentBytes, tally }: EndedConnection): void {
    const { log, clock } = this.#options;
    const { cause, code, reason } = ending;
    log.info("connection ended", {
      ...{ address, cause, code },
      reason: reason === "" ? undefined : reason,
      seconds: Math.round((clock.monotonicMs() - startMs) / 100) / 10,
      ...tally,
      receivedBytes,
      sentBytes,
    });
  }
}

function emptyRest(): Rest {
  return { count: 0, receivedBytes: 0, sentBytes: 0, causes: new Map() };
}
