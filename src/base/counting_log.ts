/**
 * A log that writes repeated lines once with a count, so that a peer cannot fill the disk.
 *
 * @module
 */

import type { Clock, Timer } from "./clock.ts";
import type { Log, LogFields } from "./log.ts";

/** What a {@link CountingLog} writes to, and how often. */
interface CountingLogOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** A repeated line is written at most once in this time, milliseconds. */
  readonly intervalMs?: number;
}

/** The default of {@link CountingLogOptions.intervalMs}. */
const defaultIntervalMs = 10_000;

/** Lines with one message since the last one that was written. */
interface Repetition {
  readonly timer: Timer;
  readonly write: (message: string, fields: LogFields) => void;
  count: number;
  fields: LogFields;
}

/**
 * Writes the first warning or error of each message at once. Repetitions are counted, and written
 * at most once in each interval, with the fields of the last one and `times`. Lines of other levels
 * are passed through.
 */
export class CountingLog implements Log {
  readonly #options: CountingLogOptions;
  /** By message, of which the program has a few dozen. */
  readonly #repetitions = new Map<string, Repetition>();
  #isClosed = false;

  constructor(options: CountingLogOptions) {
    this.#options = options;
  }

  debug(message: string, fields?: LogFields): void {
    this.#options.log.debug(message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#options.log.info(message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#note(message, fields, (...line) => this.#options.log.warn(...line));
  }

  error(message: string, fields: LogFields = {}): void {
    this.#note(message, fields, (...line) => this.#options.log.error(...line));
  }

  /** Writes the pending counts and cancels the timers. Later lines are all written. */
  close(): void {
    this.#isClosed = true;
    for (const [message, repetition] of this.#repetitions) {
      repetition.timer.cancel();
      writeCount(message, repetition);
    }
    this.#repetitions.clear();
  }

  #note(message: string, fields: LogFields, write: Repetition["write"]): void {
    const repetition = this.#repetitions.get(message);
    if (repetition !== undefined) {
      repetition.count++;
      repetition.fields = fields;
      return;
    }
    write(message, fields);
    if (!this.#isClosed) this.#countRepetitions(message, write);
  }

  /** Counts the lines with this message until the interval is over. */
  #countRepetitions(message: string, write: Repetition["write"]): void {
    const { clock, intervalMs = defaultIntervalMs } = this.#options;
    const timer = clock.after(intervalMs, () => {
      const repetition = this.#repetitions.get(message);
      this.#repetitions.delete(message);
      if (repetition === undefined || repetition.count === 0) return;
      writeCount(message, repetition);
      this.#countRepetitions(message, write);
    });
    this.#repetitions.set(message, { timer, write, count: 0, fields: {} });
  }
}

function writeCount(message: string, { count, fields, write }: Repetition): void {
  if (count > 0) write(message, { ...fields, times: count });
}
