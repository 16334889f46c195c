import { equal } from "node:assert/strict";
import { constants, createDeflateRaw } from "node:zlib";
import { once } from "node:events";
import { InflatedTexts } from "../../bench/load/inflate.ts";
import { utf8, utf8Decode } from "../../src/base/bytes.ts";

Deno.test("RFC 7692 §7.2.3.2: messages that share a window are inflated one by one", async () => {
  const deflate = createDeflateRaw();
  const flushed = async (text: string): Promise<Uint8Array> => {
    deflate.write(text);
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
    return new Uint8Array(deflate.read()).subarray(0, -4);
  };
  const messages = ['["AUTH","a challenge"]', '["EVENT","q0",{"id":"00"}]', '["EOSE","q0"]'];
  const texts = new InflatedTexts();
  const lengths: number[] = [];
  for (const message of [...messages, ...messages]) {
    const payload = await flushed(message);
    lengths.push(payload.length);
    equal(utf8Decode(texts.read(payload, true)), message);
    equal(utf8Decode(texts.read(utf8(message), false)), message, "and one that is not compressed");
  }
  equal(lengths[4]! < lengths[1]!, true, "the second time refers to the first");
  deflate.end();
  deflate.resume();
  await once(deflate, "end");
});

Deno.test("what is not compressed data is no text", () => {
  equal(new InflatedTexts().read(Uint8Array.of(0xff, 0xff, 0xff), true).length, 0);
});
