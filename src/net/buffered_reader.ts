/**
 * Reads lines and exact numbers of bytes from a stream.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { concat } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { ByteStream, StreamError } from "./byte_stream.ts";

/** The limits of a reader. */
export interface ReaderLimits {
  /** Bytes that are held at most, and so the most that one read can ask for. */
  readonly maxBytes: number;
  /** How long each read may take, milliseconds. */
  readonly timeoutMs: number;
}

/** Limits that suit lines and headers. */
export const defaultReaderLimits: ReaderLimits = { maxBytes: 65_536, timeoutMs: 10_000 };

/** A read that failed. The message says what was waited for. */
export class ReadFailed extends Error {
  /** The name of the error. */
  override readonly name = "ReadFailed";
  /**
   * - `timeout`: it took too long.
   * - `ended`: the stream ended before.
   * - `too-long`: the line has not ended within its limit.
   * - `failed`: the stream failed; `cause` says how.
   */
  readonly reason: "timeout" | "ended" | "too-long" | "failed";

  /** Makes the error for a reason. */
  constructor(reason: ReadFailed["reason"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const noBytes = new Uint8Array(0);

/**
 * Reads a stream that nobody else reads. One read at a time. A read that failed for its time or its
 * length takes nothing, and may be tried again.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 * import { duplexPair } from "node:stream";
 * import { BufferedReader } from "./buffered_reader.ts";
 *
 * const clock = {
 *   nowMs: () => 0,
 *   monotonicMs: () => 0,
 *   after: () => ({ cancel() {} }),
 *   every: () => ({ cancel() {} }),
 * };
 * const [near, far] = duplexPair();
 * const reader = new BufferedReader(near, clock);
 * far.write("HELLO relay\r\n");
 * far.write(Uint8Array.of(1, 2, 3, 4));
 * equal(await reader.readLine(100), "HELLO relay");
 * await reader.skip(1);
 * deepEqual([...await reader.readExactly(2)], [2, 3]);
 * reader.release();
 * ```
 */
export class BufferedReader {
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  readonly #limits: ReaderLimits;
  #held: Uint8Array = noBytes;
  #ended = false;
  #error: StreamError | undefined = undefined;
  /** Checks whether what is waited for has arrived. */
  #check: (() => void) | undefined = undefined;

  /** Takes over a stream and pauses it. */
  constructor(stream: ByteStream, clock: Clock, limits: ReaderLimits = defaultReaderLimits) {
    this.#stream = stream;
    this.#clock = clock;
    this.#limits = limits;
    stream.on("end", this.#onEnd);
    stream.on("close", this.#onEnd);
    stream.on("error", this.#onError);
    stream.on("data", this.#onData);
    stream.pause();
    // A stream that has ended before emits no event any more.
    this.#ended = stream.destroyed;
  }

  /** Exactly so many bytes. Rejects with {@link ReadFailed}. */
  readExactly(length: number): Promise<Uint8Array> {
    assert(length <= this.#limits.maxBytes, "no read is longer than what may be held");
    return this.#read(`${length} bytes`, () => this.#held.length < length ? undefined : length)
      .then((end) => this.#take(end));
  }

  /**
   * The bytes up to the next LF as UTF-8, without it and without a CR before it. Rejects with
   * {@link ReadFailed}, also if the line has more than `maxBytes` bytes.
   */
  async readLine(maxBytes: number): Promise<string> {
    assert(maxBytes + 2 <= this.#limits.maxBytes, "no line is longer than what may be held");
    const end = await this.#read("a line", () => this.#lineEnd(maxBytes));
    const line = this.#take(end + 1);
    const length = end > 0 && line[end - 1] === carriageReturn ? end - 1 : end;
    return new TextDecoder().decode(line.subarray(0, length));
  }

  /** Skips so many bytes, however many, without holding them. Rejects with {@link ReadFailed}. */
  async skip(length: number): Promise<void> {
    let left = length;
    await this.#read(`${length} bytes to skip`, () => {
      left -= this.#take(Math.min(left, this.#held.length)).length;
      return left === 0 ? 0 : undefined;
    });
  }

  /** Stops reading and returns what was read and not taken. The caller owns the stream again. */
  release(): Uint8Array {
    assert(this.#check === undefined, "nothing is being read");
    this.#stream.off("end", this.#onEnd);
    this.#stream.off("close", this.#onEnd);
    this.#stream.off("error", this.#onError);
    this.#stream.off("data", this.#onData);
    return this.#take(this.#held.length);
  }

  /** Waits until `find` finds an end, and gives it. */
  #read(what: string, find: () => number | undefined): Promise<number> {
    assert(this.#check === undefined, "one read at a time");
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        this.#check = undefined;
        deadline.cancel();
        this.#stream.pause();
        settle();
      };
      const { timeoutMs } = this.#limits;
      const deadline = this.#clock.after(timeoutMs, () => {
        const message = `${what} did not arrive within ${timeoutMs} ms`;
        finish(() => reject(new ReadFailed("timeout", message)));
      });
      this.#check = () => {
        try {
          const end = find();
          if (end !== undefined) finish(() => resolve(end));
          else if (this.#ended) finish(() => reject(this.#endFailure(what)));
        } catch (error) {
          finish(() => reject(error));
        }
      };
      this.#check();
      if (this.#check !== undefined) this.#stream.resume();
    });
  }

  #lineEnd(maxBytes: number): number | undefined {
    const end = this.#held.indexOf(lineFeed);
    const isCrLf = end > 0 && this.#held[end - 1] === carriageReturn;
    const length = end < 0 ? this.#held.length - 1 : isCrLf ? end - 1 : end;
    if (length > maxBytes) {
      throw new ReadFailed("too-long", `the line did not end within ${maxBytes} bytes`);
    }
    return end < 0 ? undefined : end;
  }

  #take(length: number): Uint8Array {
    const taken = this.#held.slice(0, length);
    this.#held = length === this.#held.length ? noBytes : this.#held.subarray(length);
    return taken;
  }

  #endFailure(what: string): ReadFailed {
    if (this.#error === undefined) {
      return new ReadFailed("ended", `the stream ended before ${what}`);
    }
    return new ReadFailed("failed", `the stream failed before ${what}`, { cause: this.#error });
  }

  readonly #onData = (chunk: Uint8Array): void => {
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#held = this.#held.length === 0 ? bytes.slice() : concat([this.#held, bytes]);
    this.#check?.();
    // One piece beyond what is wanted may be held, and no more.
    if (this.#check === undefined || this.#held.length > this.#limits.maxBytes) {
      this.#stream.pause();
    }
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#check?.();
  };

  readonly #onError = (error: StreamError): void => {
    this.#error = error;
    this.#onEnd();
  };
}
