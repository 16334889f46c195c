/**
 * Whether the relay can read and write, for `/ready`.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Ability, TidyStore } from "../store/write/upkeep.ts";

interface ReadinessOptions {
  readonly store: Pick<TidyStore, "probe" | "disk">;
  /** What became of the events that clients published last. */
  readonly writing: {
    /** Whether one could not be stored lately. */
    readonly cannotWrite: boolean;
    /** Whether one was stored a moment ago, so that nothing has to be tried. */
    readonly hasJustWritten: boolean;
  };
  readonly isClosed: () => boolean;
  readonly clock: Clock;
}

/** How long an answer is given again, milliseconds: so often the database is asked at most. */
const CACHED_MS = 1_000;

/** How long the database may take, milliseconds. */
const TIMEOUT_MS = 2_000;

type Answer = Promise<string | undefined>;

/**
 * Has the store look at an event, and commit a record that changes nothing. Whoever asks
 * meanwhile, and within the second after, gets the same answer.
 */
export class Readiness {
  readonly #options: ReadinessOptions;
  #answer: Answer | undefined;
  #untilMs = Infinity;
  /** What the store has not answered yet, though its check may have ended. */
  readonly #pending = new Map<Ability, Promise<void>>();

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  /** Why the relay is not ready, in words that may be public; undefined if it is. Never rejects. */
  check(): Answer {
    const { clock, isClosed } = this.#options;
    if (isClosed()) return Promise.resolve("the relay is shutting down");
    if (this.#answer !== undefined && clock.monotonicMs() < this.#untilMs) return this.#answer;
    this.#untilMs = Infinity;
    this.#answer = this.#look().finally(() => {
      this.#untilMs = clock.monotonicMs() + CACHED_MS;
    });
    return this.#answer;
  }

  async #look(): Answer {
    const { store, writing } = this.#options;
    if (store.disk?.fault !== undefined) return "the disk is almost full, no event is stored";
    const [canRead, canWrite] = await Promise.all([
      this.#can("read"),
      writing.hasJustWritten || this.#can("write"),
    ]);
    const writes = canWrite && !writing.cannotWrite;
    if (canRead) return writes ? undefined : "events cannot be stored";
    return writes
      ? "the database does not answer"
      : "the database does not answer, neither to questions nor to events";
  }

  /** One probe at a time: a database that hangs is not given more and more to do. */
  #can(ability: Ability): Promise<boolean> {
    const { store, clock } = this.#options;
    const pending = this.#pending.getOrInsertComputed(
      ability,
      () => store.probe(ability).finally(() => this.#pending.delete(ability)),
    );
    return worksInTime(pending, clock);
  }
}

/** Whether `work` resolves before the time is over. */
function worksInTime(work: Promise<void>, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const deadline = clock.after(TIMEOUT_MS, () => resolve(false));
    const settle = (works: boolean) => {
      deadline.cancel();
      resolve(works);
    };
    work.then(() => settle(true), () => settle(false));
  });
}
