import { deepEqual, equal, rejects } from "node:assert/strict";
import { type Duplex, duplexPair } from "node:stream";
import fc from "fast-check";
import { BufferedReader, type ReaderLimits, ReadFailed } from "../../src/net/buffered_reader.ts";
import { FakeClock } from "../kit/fake_clock.ts";

const limits: ReaderLimits = { maxBytes: 64, timeoutMs: 1000 };

function reading(): { clock: FakeClock; far: Duplex; near: Duplex; reader: BufferedReader } {
  const clock = new FakeClock();
  const [near, far] = duplexPair();
  return { clock, far, near, reader: new BufferedReader(near, clock, limits) };
}

/** Why a read gave nothing. */
async function reasonOf(read: Promise<unknown>): Promise<string> {
  try {
    await read;
    return "it did not fail";
  } catch (error) {
    return error instanceof ReadFailed ? error.reason : String(error);
  }
}

Deno.test("bytes come by number, however they arrive", async () => {
  const { far, reader, clock } = reading();
  const first = reader.readExactly(5);
  for (const byte of [1, 2, 3, 4, 5, 6]) far.write(Uint8Array.of(byte));
  deepEqual([...await first], [1, 2, 3, 4, 5]);
  deepEqual([...await reader.readExactly(0)], []);
  deepEqual([...await reader.readExactly(1)], [6]);
  equal(clock.timerCount, 0);
});

Deno.test("a stream that was over before the reader came has ended", async () => {
  const [near] = duplexPair();
  near.destroy();
  await new Promise((resolve) => near.once("close", resolve));
  const reader = new BufferedReader(near, new FakeClock(), limits);
  equal(await reasonOf(reader.readLine(5)), "ended");
});

Deno.test("lines end with LF or CR LF, and may be empty", async () => {
  const { far, reader } = reading();
  far.write("one\r\ntwo\n\r\nthr\ree\n");
  deepEqual(
    [
      await reader.readLine(9),
      await reader.readLine(9),
      await reader.readLine(9),
      await reader.readLine(9),
    ],
    ["one", "two", "", "thr\ree"],
  );
});

Deno.test("a line of exactly the limit passes, a longer one fails before it ends", async () => {
  const { far, reader } = reading();
  far.write("12345\r\n");
  equal(await reader.readLine(5), "12345");
  far.write("1234567");
  equal(await reasonOf(reader.readLine(5)), "too-long");
  far.write("\n");
  equal(await reader.readLine(7), "1234567", "it took nothing");
});

Deno.test("more can be skipped than may be held", async () => {
  const { far, reader } = reading();
  const skipped = reader.skip(10_000);
  far.write(new Uint8Array(10_000));
  far.write("next\n");
  await skipped;
  equal(await reader.readLine(9), "next");
});

Deno.test("a read that takes too long fails, says for what it waited, and takes nothing", async () => {
  const { clock, far, reader } = reading();
  const read = reader.readExactly(4);
  far.write("ab");
  clock.advance(1000);
  await rejects(read, { reason: "timeout", message: "4 bytes did not arrive within 1000 ms" });
  far.write("cd");
  equal(new TextDecoder().decode(await reader.readExactly(4)), "abcd");
});

Deno.test("a stream that ends, or fails, ends what is waited for, and what comes after", async () => {
  const { far, reader } = reading();
  const read = reader.readLine(9);
  far.end("half");
  equal(await reasonOf(read), "ended");
  equal(new TextDecoder().decode(await reader.readExactly(4)), "half");
  equal(await reasonOf(reader.readExactly(1)), "ended");

  const other = reading();
  const failing = other.reader.readExactly(1);
  other.near.destroy(new Error("cut"));
  equal(await reasonOf(failing), "failed");
});

Deno.test("while nobody reads, a bounded part of what comes is held", async () => {
  const { far, near, reader } = reading();
  await Promise.all([reader.readExactly(1), far.write(new Uint8Array(200_000))]);
  await new Promise((resolve) => setImmediate(resolve));
  equal(near.isPaused(), true);
});

Deno.test("what was not taken is given back", async () => {
  const { far, near, reader } = reading();
  far.write("line\nrest");
  await reader.readLine(9);
  equal(new TextDecoder().decode(reader.release()), "rest");
  equal(near.listenerCount("data"), 0);
});

Deno.test("cut anywhere, a stream has the same lines", async () => {
  const texts = fc.array(fc.stringMatching(/^[a-z]{0,20}$/), { minLength: 1, maxLength: 8 });
  await fc.assert(fc.asyncProperty(texts, fc.array(fc.nat(60)), async (lines, cuts) => {
    const { far, reader } = reading();
    const bytes = new TextEncoder().encode(lines.map((line) => `${line}\r\n`).join(""));
    let from = 0;
    for (const to of [...cuts, bytes.length].sort((a, b) => a - b)) {
      if (to > from && to <= bytes.length) far.write(bytes.subarray(from, from = to));
    }
    for (const line of lines) equal(await reader.readLine(20), line);
  }));
});
