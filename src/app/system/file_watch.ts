/**
 * Notices when a file changes.
 *
 * The file is looked at once a second. The system's own notifications miss changes on network file
 * systems, in mounted containers, and behind symbolic links that are replaced.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";

/** How often the file is looked at, milliseconds. */
const INTERVAL_MS = 1_000;

interface FileWatchOptions {
  readonly path: string;
  readonly clock: Pick<Clock, "every">;
  /** Called when the file has changed, appeared or vanished; also once soon after the start. */
  readonly onChange: () => void;
  /** A text that differs when the file has changed. Default: {@link fileVersion}. */
  readonly versionOf?: (path: string) => Promise<string>;
}

/**
 * Watches one file. A change counts when two looks in a row have found the same, so that a file is
 * not read while it is being written.
 */
export class FileWatch {
  readonly #options: FileWatchOptions;
  readonly #timer: Timer;
  #isLooking = false;
  #isClosed = false;
  /** What the last look has found, and what {@link FileWatchOptions.onChange} was called for. */
  #seen: string | undefined = undefined;
  #reported: string | undefined = undefined;

  /** Starts watching. The first call reports what has changed since the caller read the file. */
  constructor(options: FileWatchOptions) {
    this.#options = options;
    this.#timer = options.clock.every(INTERVAL_MS, () => void this.#look());
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.cancel();
  }

  async #look(): Promise<void> {
    // A file system that hangs is not asked again meanwhile.
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { path, onChange, versionOf = fileVersion } = this.#options;
    const version = await versionOf(path);
    this.#isLooking = false;
    const isSettled = version === this.#seen;
    this.#seen = version;
    if (!isSettled || version === this.#reported || this.#isClosed) return;
    this.#reported = version;
    onChange();
  }
}

/** The modification time, inode and size of a file, or that it is missing. Never rejects. */
export async function fileVersion(path: string): Promise<string> {
  try {
    const { mtime, ino, size } = await Deno.stat(path);
    return `${mtime?.getTime()} ${ino} ${size}`;
  } catch {
    return "missing";
  }
}
