import { equal } from "node:assert/strict";
import { constants, createDeflateRaw } from "node:zlib";
import { once } from "node:events";
import { InflatedTexts } from "../../bench/load/inflate.ts";
import { concat, utf8, utf8Decode } from "../../src/base/bytes.ts";

/** Compresses messages that share a window, each as it is sent. */
function startDeflating() {
  const deflate = createDeflateRaw();
  return {
    async message(text: string): Promise<Uint8Array> {
      deflate.write(text);
      await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
      const parts: Uint8Array[] = [];
      for (let part; (part = deflate.read()) !== null;) parts.push(new Uint8Array(part));
      return concat(parts).subarray(0, -4);
    },
    async end(): Promise<void> {
      deflate.end();
      deflate.resume();
      await once(deflate, "end");
    },
  };
}

Deno.test("RFC 7692 §7.2.3.2: messages that share a window are inflated one by one", async () => {
  const deflating = startDeflating();
  const messages = ['["AUTH","a challenge"]', '["EVENT","q0",{"id":"00"}]', '["EOSE","q0"]'];
  const texts = new InflatedTexts();
  const lengths: number[] = [];
  for (const message of [...messages, ...messages]) {
    const payload = await deflating.message(message);
    lengths.push(payload.length);
    equal(utf8Decode(texts.read(payload, true)), message);
    equal(utf8Decode(texts.read(utf8(message), false)), message, "and one that is not compressed");
  }
  equal(lengths[4]! < lengths[1]!, true, "the second time refers to the first");
  await deflating.end();
});

Deno.test("what is far behind is forgotten, and what is near is referred to", async () => {
  const deflating = startDeflating();
  const texts = new InflatedTexts();
  for (let i = 0; i < 2_000; i++) {
    const message = `["EVENT","q0",{"content":"number ${i} of many that are much alike"}]`;
    equal(utf8Decode(texts.read(await deflating.message(message), true)), message);
  }
  await deflating.end();
});

Deno.test("what is not compressed data is no text", () => {
  equal(new InflatedTexts().read(Uint8Array.of(0xff, 0xff, 0xff), true).length, 0);
});
