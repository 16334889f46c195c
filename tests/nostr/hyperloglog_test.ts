import { deepEqual, equal, ok } from "node:assert/strict";
import { schnorr } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { bytesToHex, hexToBytes } from "../../src/nostr/hex.ts";
import {
  countAuthor,
  emptyRegisters,
  hyperLogLogOffset,
  raiseRegisters,
  SCANNED_BYTES,
} from "../../src/nostr/hyperloglog.ts";
import { parseFilter } from "../../src/nostr/parse_filter.ts";
import vectors from "../vectors/nip45.json" with { type: "json" };

const KEY = "ab".repeat(32);

/** Of the secret keys 1 to 20, which the vectors are counted from. */
const pubkeys = Array.from({ length: 20 }, (_, place) => {
  const secretKey = new Uint8Array(32);
  secretKey[31] = place + 1;
  return bytesToHex(schnorr.getPublicKey(secretKey));
});

for (const { filter, offset, hll } of vectors) {
  Deno.test(`NIP45-08 ${JSON.stringify(filter)} has the vector's offset and registers`, () => {
    equal(hyperLogLogOffset(filterOf(filter)), offset);
    deepEqual(registersOf(pubkeys, offset), hexToBytes(hll));
  });
}

Deno.test("NIP45-09 only one tag condition of one value can be merged", () => {
  const without = [
    {},
    { kinds: [1] },
    { "#e": [] },
    { "#e": [KEY, "cd".repeat(32)] },
    { "#e": [KEY], "#p": [KEY] },
    { "&t": ["a"] },
    { "#e": [KEY], "&t": ["a"] },
    { "#e": [KEY], "search": "hello" },
  ];
  for (const filter of without) {
    equal(hyperLogLogOffset(filterOf(filter)), undefined, JSON.stringify(filter));
  }
});

Deno.test("an address stands for its author, whatever its d; what is no address is hashed", () => {
  const offset = (value: string) => hyperLogLogOffset(filterOf({ "#a": [value] }));
  const author = "0".repeat(32) + "7" + "0".repeat(31);
  equal(offset(`30023:${author}:`), 15);
  equal(offset(`30023:${author}:a:b\n`), 15);
  equal(offset(`30023:${author}`), offset(`30023:${author}`));
  const texts = ["", `x:${author}:d`, `30023:${author.toUpperCase()}:d`, author.slice(1)];
  for (const text of texts) ok(offset(text)! >= 8 && offset(text)! <= 23);
});

Deno.test("NIP45-07 no register is above 57, not even for a key of zeros", () => {
  const registers = registersOf(["0".repeat(64)], 23);
  equal(registers[0], 57);
  equal(bytesToHex(registers).length, 512);
});

Deno.test("NIP45-10 registers of two relays, merged, are those of all events", () => {
  const authors = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex));
  fc.assert(fc.property(authors, authors, fc.integer({ min: 8, max: 23 }), (a, b, offset) => {
    const merged = registersOf(a, offset).map((rarity, register) =>
      Math.max(rarity, registersOf(b, offset)[register]!)
    );
    deepEqual(merged, registersOf([...a, ...b], offset));
  }));
});

Deno.test("parts of keys end to end count as the keys do", () => {
  const authors = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex));
  fc.assert(fc.property(authors, fc.integer({ min: 8, max: 23 }), (keys, offset) => {
    const registers = emptyRegisters();
    const part = (key: string) => key.slice(2 * offset, 2 * (offset + 1 + SCANNED_BYTES));
    raiseRegisters(registers, keys.map(part).join(""));
    deepEqual(registers, registersOf(keys, offset));
  }));
});

Deno.test("a register holds the greatest rarity, whichever came first", () => {
  const [rare, usual] = ["09" + "00".repeat(6) + "01", "09" + "ff".repeat(7)];
  for (const keys of [rare + usual, usual + rare]) {
    const registers = emptyRegisters();
    raiseRegisters(registers, keys);
    equal(registers[9], 56);
  }
});

function filterOf(json: unknown): ReqFilter {
  const search = { kinds: new Set([1]), maxLength: 100 };
  const filter = parseFilter(json, { maxFilterValues: 10, andTags: true, search });
  ok(!("prefix" in filter));
  return filter;
}

function registersOf(authors: readonly string[], offset: number): Uint8Array {
  const registers = emptyRegisters();
  for (const author of authors) countAuthor(registers, author, offset);
  return registers;
}
