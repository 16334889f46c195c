/**
 * The rounds of fuzzing.
 *
 * @module
 */

import { SeededRandom } from "../kit/seeded_random.ts";
import { mutate } from "./mutate.ts";
import { savedSeeds } from "./saved_seeds.ts";
import { type Target, targets } from "./targets.ts";

/** An input on which a target threw. */
export interface Finding {
  readonly target: string;
  readonly bytes: Uint8Array;
  readonly error: unknown;
}

/** Fuzzes one target, from one seed: the same seed finds the same. */
export class Fuzzer {
  readonly name: string;
  readonly #target: Target;
  readonly #random: SeededRandom;
  readonly #seeds: readonly Uint8Array[];

  constructor(name: string, seed: number) {
    const target = targets[name];
    if (target === undefined) throw new TypeError(`no such target: ${name}`);
    this.name = name;
    this.#target = target;
    this.#random = new SeededRandom(seed);
    this.#seeds = savedSeeds(name).map(({ bytes }) => bytes);
  }

  /** Tries `count` mutated inputs; the first that breaks something is told. */
  run(count: number): Finding | undefined {
    for (let round = 0; round < count; round++) {
      const bytes = mutate(this.#random.pick(this.#seeds), this.#seeds, this.#random);
      try {
        this.#target(bytes, this.#random);
      } catch (error) {
        return { target: this.name, bytes, error };
      }
    }
    return undefined;
  }
}
