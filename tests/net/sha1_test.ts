import { equal } from "node:assert/strict";
import { utf8 } from "../../src/base/bytes.ts";
import { nodeSha1 } from "../../src/net/sha1.ts";

Deno.test("RFC 3174 §7.3: the test vectors", () => {
  const vectors = [
    ["abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      1,
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
    ],
    ["a", 1_000_000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"],
    [
      "0123456701234567012345670123456701234567012345670123456701234567",
      10,
      "dea356a2cddd90c7a7ecedc5ebb563934f460452",
    ],
  ] as const;
  for (const [text, times, digest] of vectors) {
    equal(nodeSha1(utf8(text.repeat(times))).toHex(), digest);
  }
});
