/**
 * A duplex stream whose peer is the test.
 *
 * @module
 */

import { Duplex } from "node:stream";

/** A stream whose peer reads when the test says so. */
export class SlowStream extends Duplex {
  readonly writes: Uint8Array[] = [];
  /** How often it was reset. */
  resetCount = 0;
  #release: (() => void) | undefined = undefined;
  #stuck = false;

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.writes.push(Uint8Array.from(chunk));
    if (this.#stuck) this.#release = done;
    else done();
  }

  resetAndDestroy(): this {
    this.resetCount++;
    return this.destroy();
  }

  /** Stops writes from completing. */
  stick(): void {
    this.#stuck = true;
  }

  /** Lets writes complete. */
  release(): void {
    this.#stuck = false;
    this.#release?.();
    this.#release = undefined;
  }
}
