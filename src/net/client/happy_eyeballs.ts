/**
 * Connects to a host that has several addresses, of which some may not answer (Happy Eyeballs).
 *
 * @see RFC 8305 "Happy Eyeballs Version 2"
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";

/**
 * Addresses in the order in which to try them: the families take turns, the first address's family
 * first, and each family's own order stays.
 *
 * @see RFC 8305 §4
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { interleaveFamilies } from "./happy_eyeballs.ts";
 *
 * const addresses = [6, 6, 4].map((family, at) => ({ family, at }));
 * deepEqual(interleaveFamilies(addresses).map(({ at }) => at), [0, 2, 1]);
 * ```
 */
export function interleaveFamilies<Address extends { readonly family: number }>(
  addresses: readonly Address[],
): readonly Address[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const others = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const turns = Math.max(first.length, others.length);
  return Array.from({ length: turns }, (_, turn) => [first[turn], others[turn]]).flat()
    .filter((address) => address !== undefined);
}

/** One try. */
export interface Attempt<Result> {
  readonly result: Promise<Result>;
  /** Cancels the attempt, and closes a result that has come or will come. */
  cancel(): void;
}

/** RFC 8305 §5: "a recommended value for a default delay is 250 milliseconds". */
export const defaultAttemptDelayMs = 250;

interface RaceOptions<Candidate, Result> {
  /** One at least, the best first. */
  readonly candidates: readonly Candidate[];
  readonly attempt: (candidate: Candidate) => Attempt<Result>;
  readonly clock: Clock;
  /** How long the next candidate waits for the one before it, milliseconds. */
  readonly attemptDelayMs: number;
}

/**
 * Tries the candidates, each a moment after the one before it or as soon as that has failed. The first
 * to succeed wins, and all others are cancelled. If none does, the result is rejected with an
 * AggregateError of what each failed with, in the order of failing.
 *
 * @see RFC 8305 §5
 */
export function firstToSucceed<Candidate, Result>(
  options: RaceOptions<Candidate, Result>,
): Attempt<Result> {
  const race = new Race(options);
  race.startNext();
  return race;
}

class Race<Candidate, Result> implements Attempt<Result> {
  readonly #options: RaceOptions<Candidate, Result>;
  readonly #outcome = Promise.withResolvers<Result>();
  readonly #running = new Set<Attempt<Result>>();
  readonly #failures: unknown[] = [];
  #started = 0;
  #timer: Timer | undefined = undefined;
  #over = false;

  constructor(options: RaceOptions<Candidate, Result>) {
    this.#options = options;
  }

  get result(): Promise<Result> {
    return this.#outcome.promise;
  }

  cancel(): void {
    this.#over = true;
    this.#timer?.cancel();
    for (const attempt of this.#running) attempt.cancel();
  }

  readonly startNext = (): void => {
    const { candidates, attempt, clock, attemptDelayMs } = this.#options;
    this.#timer?.cancel();
    if (this.#over || this.#started === candidates.length) return;
    const started = attempt(candidates[this.#started++]!);
    this.#running.add(started);
    started.result.then((result) => this.#win(started, result), (error) => {
      this.#lose(started, error);
    });
    if (this.#started < candidates.length) {
      this.#timer = clock.after(attemptDelayMs, this.startNext);
    }
  };

  #win(winner: Attempt<Result>, result: Result): void {
    if (this.#over) return;
    this.#running.delete(winner);
    this.cancel();
    this.#outcome.resolve(result);
  }

  #lose(loser: Attempt<Result>, error: unknown): void {
    this.#running.delete(loser);
    if (this.#over) return;
    this.#failures.push(error);
    if (this.#failures.length < this.#options.candidates.length) return this.startNext();
    this.#over = true;
    this.#outcome.reject(new AggregateError(this.#failures, "no address could be reached"));
  }
}
