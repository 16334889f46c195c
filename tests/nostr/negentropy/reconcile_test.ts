import { deepEqual, equal, ok } from "node:assert/strict";
import { sha256 } from "../../../src/app/system/sha256.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { bytesToHex, hexToBytes } from "../../../src/nostr/hex.ts";
import { type ItemSet, ItemSetBuilder } from "../../../src/nostr/negentropy/item_set.ts";
import { MAX_VARINT_BYTES, writeVarint } from "../../../src/nostr/negentropy/message.ts";
import { answerMessage, firstMessage, learnFrom } from "../../../src/nostr/negentropy/reconcile.ts";
import { drawSeed, SeededRandom } from "../../kit/seeded_random.ts";

type Item = readonly [timestamp: number, id: string];

function setOf(items: readonly Item[]): ItemSet {
  const builder = new ItemSetBuilder();
  const newestFirst = items.toSorted(([a, left], [b, right]) => b - a || (left < right ? -1 : 1));
  for (const [timestamp, id] of newestFirst) builder.add(timestamp, id);
  return builder.build();
}

/** The id of the reference's vectors. */
function H(number: number): string {
  return bytesToHex(sha256(utf8(`${number}`)));
}

const EE = "ee".repeat(32);

function answer(items: readonly Item[], hex: string, maxMessageBytes?: number): string {
  const options = { sha256, ...maxMessageBytes !== undefined && { maxMessageBytes } };
  const answered = answerMessage(setOf(items), hexToBytes(hex), options);
  return "fault" in answered ? "fault" : bytesToHex(answered.message);
}

function first(items: readonly Item[]): string {
  return bytesToHex(firstMessage(setOf(items), { sha256 }));
}

/** The whole exchange; what the beginner learns, in order, and how many messages it took. */
function exchange(
  client: ItemSet,
  server: ItemSet,
  limits: readonly (number | undefined)[] = [],
) {
  const [mine, theirs] = limits.map((maxMessageBytes) =>
    maxMessageBytes === undefined ? { sha256 } : { sha256, maxMessageBytes }
  );
  const have = new Set<string>();
  const need = new Set<string>();
  const told = new Uint8Array(client.size);
  let rounds = 0;
  let message: Uint8Array | undefined = firstMessage(client, mine ?? { sha256 });
  let longest = 0;
  while (message !== undefined) {
    ok(++rounds < 2_000, "it ends");
    const answered = answerMessage(server, message, theirs ?? { sha256 });
    if ("fault" in answered) throw new Error(answered.fault);
    longest = Math.max(longest, answered.message.length);
    const learnt = learnFrom(client, answered.message, { ...mine ?? { sha256 }, told });
    if ("fault" in learnt) throw new Error(learnt.fault);
    for (const id of learnt.have) {
      ok(!have.has(id), "what was told is not said again");
      have.add(id);
    }
    for (const id of learnt.need) need.add(id);
    message = learnt.message;
  }
  return { have: [...have].sort(), need: [...need].sort(), rounds, longest };
}

Deno.test("numbers have seven bits a byte, the highest first", () => {
  const vectors: [number, string][] = [
    [0, "00"],
    [1, "01"],
    [127, "7f"],
    [128, "8100"],
    [255, "817f"],
    [300, "822c"],
    [16_383, "ff7f"],
    [16_384, "818000"],
    [2 ** 31, "8880808000"],
    [1_700_000_000, "86aacfe200"],
    [2 ** 53, "9080808080808000"],
  ];
  for (const [number, hex] of vectors) {
    const bytes = new Uint8Array(1 + MAX_VARINT_BYTES);
    equal(bytesToHex(bytes.subarray(1, writeVarint(number, bytes, 1))), hex, `${number}`);
  }
});

Deno.test("fingerprints are those of the reference", () => {
  const byte = (hex: string) => hex.repeat(32);
  const vectors: [string[], string][] = [
    [[], "7f9c9e31ac8256ca2f258583df262dbc"],
    [[byte("00")], "1fd4247443c9440cb3c48c2885193719"],
    [[byte("01")], "ce041765675ad4d93378e20bd3a7d0d9"],
    [[byte("ff")], "8f04045cb5b643a45a2df62d82153528"],
    [[byte("01"), byte("ff")], "a45b81d5bd8f90ade27ed6ec281d7f3e"],
    [[EE], "d5530eded759c1cb5749aacb9bc66bb2"],
    [[H(0), H(1), H(2)], "5fa8325ac1981d67039205be427ea7ab"],
  ];
  for (const [ids, fingerprint] of vectors) {
    // A side with these items answers their own fingerprint with "nothing more to say".
    equal(answer(ids.map((id) => [5, id]), `61000001${fingerprint}`), "61", `${ids}`);
  }
});

Deno.test("of a message with very many ranges the last ones are put off together", () => {
  const nothing = "01000200";
  const rest = "000001d5530eded759c1cb5749aacb9bc66bb2";
  equal(
    answer([[5, EE]], `61${nothing.repeat(60_000)}`),
    `61${nothing.repeat(16_384)}${rest}`,
  );
});

Deno.test("NEG-01 NEG-02 small sets are listed, as the reference does", () => {
  equal(first([]), "6100000200");
  equal(answer([], "6100000200"), "6100000200");
  equal(answer([[12_345, EE]], "6100000200"), `6100000201${EE}`);
  equal(answer([[12_345, EE]], `61000001${"00".repeat(16)}`), `6100000201${EE}`);
  const client: Item[] = [[1_700_000_000, H(0)], [1_700_000_001, H(1)]];
  equal(first(client), `6100000202${H(0)}${H(1)}`);
  const server: Item[] = [[1_700_000_000, H(0)], [1_700_000_001, H(2)]];
  equal(answer(server, first(client)), `6100000202${H(0)}${H(2)}`);
  const { have, need } = exchange(setOf(client), setOf(server));
  deepEqual([have, need], [[H(1)], [H(2)]]);
});

Deno.test("NEG-03 32 items are split into 16 ranges, as the reference does", () => {
  const items = Array.from({ length: 32 }, (_, i): Item => [
    1_700_000_000 + Math.floor(i / 4),
    H(i),
  ]);
  const message = first(items);
  equal(message.length / 2, 317);
  ok(message.startsWith("6186aacfe201016b01c654991812849bf29af194ff5b52c01f020001"));
  equal(answer(items, message), "61");
  const other: Item[] = [...items.slice(0, -1), [1_700_000_009, H(99)]];
  equal(
    answer(other, message),
    "6186aacfe20801620000000202" +
      "624b60c58c9d8bfb6ff1886c2fd605d2adeb6ea4da576068201b6c6958ce93f4" +
      "8c1f1046219ddd216a023f792356ddf127fce372a72ec9b4cdac989ee5b0b455",
  );
});

Deno.test("NEG-06 another version is answered with this one's", () => {
  for (const start of ["60", "62aabbccddeeff", "6f"]) equal(answer([], start), "61");
});

Deno.test("NEG-07 NEG-23 what is no message is a fault, at no cost", () => {
  const broken = ["", "5f", "70", "0200", "61000003", "61002100", "6100", "610000", "61000001ff"];
  const endless = ["610000029080808080808000", `61${"ff".repeat(12)}`, "61000002" + "81".repeat(9)];
  for (const hex of [...broken, ...endless]) equal(answer([[1, EE]], hex), "fault", hex);
  equal(
    answer([[12_345, EE]], "618000000200"),
    `6100000201${EE}`,
    "a number may have zeros before it",
  );
  equal(answer([], "6100000000000200"), "6100000000000200", "ranges after the end of all");
});

Deno.test("any bytes at all are a message or a fault", () => {
  const random = new SeededRandom(3);
  const items = Array.from({ length: 100 }, (_, i): Item => [i, H(i)]);
  const set = setOf(items);
  const good = firstMessage(set, { sha256 });
  for (let i = 0; i < 3_000; i++) {
    const bytes = good.slice(0, random.between(1, good.length));
    for (let changes = random.int(5); changes > 0; changes--) {
      bytes[random.int(bytes.length)] = random.int(256);
    }
    const answered = answerMessage(set, bytes, { sha256, maxMessageBytes: 4_096 });
    ok("fault" in answered || answered.message.length <= 4_096);
  }
});

const seed = drawSeed();
for (
  const limits of [[], [4_096, undefined], [undefined, 4_096], [4_096, 4_096], [
    20_000,
    5_000,
  ]] as const
) {
  Deno.test(`NEG-04 NEG-05 NEG-14 the difference is found exactly, limits ${limits.join("/") || "none"} (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    for (const size of [0, 1, 31, 32, 33, 511, 512, 5_000]) {
      for (const shared of [0, 0.01, 0.5, 0.99, 1]) {
        // Many share a second, and some the beginning of their ids.
        const item = (): Item => {
          const id = H(random.int(2 ** 31));
          return [
            1_700_000_000 + random.int(Math.max(1, size / 8)),
            random.chance(0.3) ? `abcdef0123${id.slice(10)}` : id,
          ];
        };
        const all = [...new Map(Array.from({ length: size }, item).map((i) => [i[1], i])).values()];
        const { both = [], rest = [] } = Object.groupBy(
          all,
          () => random.chance(shared) ? "both" : "rest",
        );
        const mine = rest.filter((_, at) => at % 2 === 0);
        const theirs = rest.filter((_, at) => at % 2 === 1);
        const found = exchange(setOf([...both, ...mine]), setOf([...both, ...theirs]), limits);
        const where = `seed ${seed}, ${size} items, ${shared} shared`;
        deepEqual(found.have, mine.map(([, id]) => id).sort(), where);
        deepEqual(found.need, theirs.map(([, id]) => id).sort(), where);
        ok(found.longest <= (limits[1] ?? Infinity), where);
      }
    }
  });
}

Deno.test("NEG-18 times from 0 to 2^53", () => {
  const items: Item[] = [[0, H(1)], [2 ** 31, H(2)], [2 ** 53 - 1, H(3)]];
  const more: Item[] = [...items, [2 ** 52, H(4)]];
  deepEqual(exchange(setOf(items), setOf(more)).need, [H(4)]);
});
