import { deepEqual, equal, rejects } from "node:assert/strict";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { compressionFor, decompressed } from "../../../src/app/transfer/compressed_files.ts";
import { concat, utf8 } from "../../../src/base/bytes.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";

/** Half of it compresses, as hexadecimal digits do; more than one frame that we write. */
const text = utf8(new SeededRandom(1).bytes(2_500_000).toHex());

/** The file `bytes` in pieces, with whether its reader is done with it. */
function fileOf(bytes: Uint8Array, pieceBytes = 65_536) {
  const state = { isEnded: false };
  async function* pieces() {
    try {
      for (let start = 0; start < bytes.length; start += pieceBytes) {
        yield await Promise.resolve(bytes.subarray(start, start + pieceBytes));
      }
    } finally {
      state.isEnded = true;
    }
  }
  return { state, pieces: pieces() };
}

async function readOf(name: string, bytes: Uint8Array): Promise<Uint8Array> {
  return concat(await Array.fromAsync(decompressed(name, fileOf(bytes).pieces)));
}

for (const [name, compress] of [["a.gz", gzipSync], ["a.zst", zstdCompressSync]] as const) {
  Deno.test(`${name}: what another program compressed is read, in one member or several`, async () => {
    const one = compress(text);
    deepEqual(await readOf(name, one), text);
    const two = concat([compress(utf8("a\n")), compress(utf8("b\n"))]);
    deepEqual(await readOf(name, two), utf8("a\nb\n"));
  });

  Deno.test(`${name}: a file that is cut off, of another format or empty is an error`, async () => {
    const whole = compress(text);
    for (const cut of [1, 5, whole.length >> 1, whole.length - 8]) {
      await rejects(readOf(name, whole.subarray(0, whole.length - cut)), Error, `${cut}`);
    }
    await rejects(readOf(name, utf8('{"id":1}\n'.repeat(100))), Error);
    await rejects(readOf(name, new Uint8Array()), Error);
    await rejects(readOf(name, concat([compress(utf8("a")), utf8("rest of another kind")])), Error);
  });

  Deno.test(`${name}: a reader that leaves early ends the file, and so does an error`, async () => {
    for (const bytes of [compress(text), utf8("nothing of it")]) {
      const { state, pieces } = fileOf(bytes, 1_000);
      try {
        for await (const _ of decompressed(name, pieces)) break;
      } catch {
        // Of the second.
      }
      equal(state.isEnded, true);
    }
  });

  Deno.test(`${name}: what is exported is read again`, async () => {
    for (const written of [text, utf8("{}\n"), new Uint8Array()]) {
      const file = await new Response(
        ReadableStream.from([written]).pipeThrough(compressionFor(name)),
      ).bytes();
      deepEqual(await readOf(name, file), written);
    }
  });
}

const bombs = [["a.gz", gzipSync, 16_384], ["a.zst", zstdCompressSync, 131_072]] as const;

for (const [name, compress, most] of bombs) {
  Deno.test(`${name}: a small file that becomes large takes little memory at a time`, async () => {
    const bytes = compress(new Uint8Array(50_000_000));
    let total = 0;
    let largest = 0;
    for await (const piece of decompressed(name, fileOf(bytes).pieces)) {
      total += piece.length;
      largest = Math.max(largest, piece.length);
    }
    equal(total, 50_000_000);
    equal(largest, most);
  });
}

/** A frame with this descriptor and the bytes behind it, and a block of 128 KiB. */
function frameOf(...head: readonly number[]): Uint8Array {
  const size = 131_072 << 3 | 1 << 1 | 1;
  const block = [size & 255, size >> 8 & 255, size >> 16, 0x20];
  return new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, ...head, ...block]);
}

Deno.test("RFC 8878 §3.1.1.1.2: a frame of zst may not ask for more memory than usual", async () => {
  const usual = frameOf(0, 17 << 3);
  equal((await readOf("a.zst", usual)).length, 131_072);
  const skippable = new Uint8Array([0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const checked = zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  const large = { window: frameOf(0, 20 << 3), size: frameOf(0xa0, 0, 0, 0, 0x40) };
  for (const [name, frame] of Object.entries(large)) {
    for (const before of [new Uint8Array(), usual, checked, skippable]) {
      const file = concat([before, frame]);
      await rejects(readOf("a.zst", file), /needs 1073741824 bytes of memory/, name);
    }
  }
});

Deno.test("any other file is read and written as it is", async () => {
  deepEqual(await readOf("a.jsonl", utf8("{}\n")), utf8("{}\n"));
  const file = ReadableStream.from([utf8("{}\n")]).pipeThrough(compressionFor("a.jsonl"));
  deepEqual(await new Response(file).bytes(), utf8("{}\n"));
});
