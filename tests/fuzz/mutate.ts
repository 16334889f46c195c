/**
 * Valid input made slightly wrong, which reaches deeper than noise does.
 *
 * @module
 */

import { concat } from "../../src/base/bytes.ts";
import type { SeededRandom } from "../kit/seeded_random.ts";

/** Bytes at the borders of what the protocol counts. */
const borders = [0x00, 0x01, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x88, 0xc1, 0xc2, 0xfe, 0xff];

/** The longest input, so that cutting and doubling for hours does not grow it without end. */
const maxBytes = 64 * 1024;

type Mutation = (bytes: Uint8Array, random: SeededRandom) => Uint8Array;

/** `bytes` with one to eight changes. `others` lends pieces. */
export function mutate(
  bytes: Uint8Array,
  others: readonly Uint8Array[],
  random: SeededRandom,
): Uint8Array {
  const splice: Mutation = (bytes, random) => {
    const other = random.pick(others);
    return concat([bytes.subarray(0, place(bytes, random)), other.subarray(place(other, random))]);
  };
  let mutated = bytes.slice();
  for (let count = random.between(1, 8); count > 0; count--) {
    mutated = random.pick([...mutations, splice])(mutated, random).slice(0, maxBytes);
  }
  return mutated;
}

const mutations: readonly Mutation[] = [
  function flipBit(bytes, random) {
    return replaced(bytes, random, (byte) => byte ^ (1 << random.int(8)));
  },
  function setByte(bytes, random) {
    return replaced(bytes, random, () => random.int(256));
  },
  function setBorder(bytes, random) {
    return replaced(bytes, random, () => random.pick(borders));
  },
  function remove(bytes, random) {
    const [from, to] = range(bytes, random);
    return concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  function repeat(bytes, random) {
    const [from, to] = range(bytes, random);
    return concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  function insert(bytes, random) {
    const at = place(bytes, random);
    const noise = random.bytes(random.between(1, 20));
    return concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
  },
  function cutShort(bytes, random) {
    return bytes.subarray(0, place(bytes, random));
  },
];

function replaced(
  bytes: Uint8Array,
  random: SeededRandom,
  change: (byte: number) => number,
): Uint8Array {
  if (bytes.length === 0) return bytes;
  const changed = bytes.slice();
  const at = random.int(bytes.length);
  changed[at] = change(changed[at]!);
  return changed;
}

function place(bytes: Uint8Array, random: SeededRandom): number {
  return random.int(bytes.length + 1);
}

function range(bytes: Uint8Array, random: SeededRandom): readonly [from: number, to: number] {
  const [one, other] = [place(bytes, random), place(bytes, random)];
  return [Math.min(one, other), Math.max(one, other)];
}
