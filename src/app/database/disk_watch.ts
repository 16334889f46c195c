/**
 * Watches the space that is left on the disk of an embedded database.
 *
 * A Postgres that cannot extend its write-ahead log ends itself, and does not start again before
 * somebody has made room. So events are refused while there is still space.
 *
 * @module
 */

import { statfs } from "node:fs/promises";
import type { Clock, Timer } from "../../base/clock.ts";
import { describeError } from "../../base/error_text.ts";
import type { Log } from "../../base/log.ts";
import type { DiskSpace } from "../../store/write/upkeep.ts";

/** How often the system is asked, milliseconds. Asking takes microseconds. */
const INTERVAL_MS = 2_000;

/** The log says that space is low from so many times `minFreeBytes` on. */
const LOW_FACTOR = 4;

/** A bound that was crossed is left again by this share above it, so that nothing flaps. */
const RECOVERY_SHARE = 0.1;

const BYTES_PER_MIB = 1_048_576;

/**
 * - `ample`: nothing to say.
 * - `low`: the log says so.
 * - `full`: no event is stored.
 */
export type SpaceLevel = "ample" | "low" | "full";

interface DiskWatchOptions {
  /** Where the database is. */
  readonly directory: string;
  /** With less than this, no event is stored. */
  readonly minFreeBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: what the system says. */
  readonly freeBytesOf?: (directory: string) => Promise<number>;
}

/** Asks the system every two seconds, and logs when the level changes. */
export class DiskWatch implements DiskSpace {
  readonly #options: DiskWatchOptions;
  readonly #timer: Timer;
  #level: SpaceLevel = "ample";
  #freeBytes: number | undefined;
  #isAsking = false;
  #isUnknown = false;

  /** Knows the space only later; {@link start} waits for it. */
  constructor(options: DiskWatchOptions) {
    this.#options = options;
    this.#timer = options.clock.every(INTERVAL_MS, () => void this.#look());
  }

  /** Resolves when the space is known, or cannot be. */
  static async start(options: DiskWatchOptions): Promise<DiskWatch> {
    const watch = new DiskWatch(options);
    await watch.#look();
    return watch;
  }

  get freeBytes(): number | undefined {
    return this.#freeBytes;
  }

  get minFreeBytes(): number {
    return this.#options.minFreeBytes;
  }

  get fault(): string | undefined {
    const { directory, minFreeBytes } = this.#options;
    if (this.#level !== "full") return undefined;
    return `less than ${mib(minFreeBytes)} MiB of disk are free for ${directory}`;
  }

  /** Stops asking. */
  close(): void {
    this.#timer.cancel();
  }

  async #look(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { directory, freeBytesOf = freeBytesIn, log } = this.#options;
    try {
      this.#freeBytes = await freeBytesOf(directory);
      this.#isUnknown = false;
      this.#tell(nextLevel(this.#level, this.#freeBytes, this.#options.minFreeBytes));
    } catch (error) {
      // Without an answer events are stored: that the disk is full is not known.
      this.#freeBytes = undefined;
      this.#level = "ample";
      if (!this.#isUnknown) {
        log.warn("free disk space is not known", { directory, error: describeError(error) });
      }
      this.#isUnknown = true;
    } finally {
      this.#isAsking = false;
    }
  }

  #tell(level: SpaceLevel): void {
    if (level === this.#level) return;
    this.#level = level;
    const { directory, minFreeBytes, log } = this.#options;
    const fields = {
      directory,
      freeMib: mib(this.#freeBytes ?? 0),
      writingStopsAtMib: mib(minFreeBytes),
    };
    if (level === "full") log.error("the disk is almost full: no event is stored", fields);
    else if (level === "low") log.warn("disk space is low", fields);
    else log.info("there is disk space again", fields);
  }
}

/** The level that follows from the free space and the level before. */
export function nextLevel(before: SpaceLevel, freeBytes: number, minBytes: number): SpaceLevel {
  const isBelow = (bound: number, wasBelow: boolean) =>
    freeBytes < bound + (wasBelow ? RECOVERY_SHARE * bound : 0);
  if (isBelow(minBytes, before === "full")) return "full";
  return isBelow(LOW_FACTOR * minBytes, before !== "ample") ? "low" : "ample";
}

/** What a process without privileges may still write. */
async function freeBytesIn(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

function mib(bytes: number): number {
  return Math.round(bytes / BYTES_PER_MIB);
}
