/**
 * A seeded random generator: the same seed gives the same sequence on every machine.
 *
 * @module
 */

import type { Random } from "../../src/base/random.ts";

/**
 * A generator of the xoshiro128** family, its state expanded from a 32-bit seed by splitmix32. Not
 * cryptographically secure.
 *
 * @example
 * ```ts
 * import { SeededRandom } from "./seeded_random.ts";
 *
 * const first = new SeededRandom(7);
 * const second = new SeededRandom(7);
 * if (first.int(1000) !== second.int(1000)) throw new Error("the same seed, the same number");
 * ```
 */
export class SeededRandom implements Random {
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    let state = seed | 0;
    for (let i = 0; i < this.#state.length; i++) {
      state = (state + 0x9e3779b9) | 0;
      this.#state[i] = splitmix32(state);
    }
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const s = this.#state;
    const [a, b, c, d] = [s[0]!, s[1]!, s[2]!, s[3]!];
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    s[0] = a ^ d ^ b;
    s[1] = b ^ c ^ a;
    s[2] = c ^ a ^ (b << 9);
    s[3] = rotateLeft(d ^ b, 11);
    return result;
  }

  /** A number from 0 inclusive to 1 exclusive. */
  fraction(): number {
    return this.uint32() / 2 ** 32;
  }

  /** An integer from 0 to `below` - 1; `below` is at least 1. */
  int(below: number): number {
    return Math.floor(this.fraction() * below);
  }

  /** An integer from `least` to `most`, inclusive. */
  between(least: number, most: number): number {
    return least + this.int(most - least + 1);
  }

  /** An integer from 0 to `below` - 1, small ones more often. */
  skewed(below: number): number {
    return Math.floor(this.fraction() ** 3 * below);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of `items`, all equally likely. There must be at least one. */
  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)]!;
  }

  /** `count` of `items` in random order, with repetition. There must be at least one. */
  sample<T>(items: readonly T[], count: number): T[] {
    return Array.from({ length: count }, () => this.pick(items));
  }

  /** A permutation of `items`. */
  shuffled<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.int(last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
    }
    return shuffled;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.uint32() >>> 24;
    return bytes;
  }
}

/**
 * A seed of its own for each run, for a test that names it in its failures: `SEED` in the environment
 * repeats one, in every test of the run.
 */
export function drawSeed(): number {
  return Number(Deno.env.get("SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
}

function splitmix32(state: number): number {
  let z = state;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
