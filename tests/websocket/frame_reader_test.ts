import { deepEqual, equal, notEqual } from "node:assert/strict";
import fc from "fast-check";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { type Fault, faults } from "../../src/websocket/fault.ts";
import { Opcode } from "../../src/websocket/frame.ts";
import {
  discard,
  type FramePart,
  FrameReader,
  type FrameReaderOptions,
} from "../../src/websocket/frame_reader.ts";
import { rawFrame } from "../kit/raw_frame.ts";

function serverReader(options: Partial<FrameReaderOptions> = {}): FrameReader {
  return new FrameReader({
    peerMasks: true,
    limits: { maxMessageBytes: 1000 },
    allowedRsv: 0,
    ...options,
  });
}

/** Everything that the bytes of one read give, up to a fault. */
function read(reader: FrameReader, bytes: Uint8Array): (FramePart | Fault)[] {
  const parts: (FramePart | Fault)[] = [];
  reader.feed(bytes);
  for (;;) {
    const part = reader.next();
    if (part !== undefined) parts.push(part);
    if (part?.type !== "part") return parts;
  }
}

/** A part in short: brackets where the frame starts and ends, dots where it goes on. */
function brief(part: FramePart | Fault): string {
  if (part.type === "fault") return part.name;
  const text = new TextDecoder().decode(part.payload);
  return `${part.starts ? "[" : "…"}${text}${part.ends ? "]" : "…"}`;
}

Deno.test("RFC 6455 §5.7: the masked sample is read", () => {
  const sample = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
  const [part] = read(serverReader(), Uint8Array.from(sample));
  equal(part?.type === "part" && part.header.opcode, Opcode.text);
  deepEqual([part].map((part) => brief(part!)), ["[Hello]"]);
});

Deno.test("several frames of one read come one by one", () => {
  const bytes = concat(["a", "", "c"].map((payload) => rawFrame({ opcode: 1, payload })));
  deepEqual(read(serverReader(), bytes).map(brief), ["[a]", "[]", "[c]"]);
});

Deno.test("a payload lies in the bytes that were fed, not in a copy", () => {
  const bytes = rawFrame({ opcode: Opcode.binary, payload: "abc" });
  const [part] = read(serverReader(), bytes);
  equal(part?.type === "part" && part.payload.buffer, bytes.buffer);
});

Deno.test("payload of a data frame is handed on as it arrives", () => {
  const bytes = rawFrame({ opcode: Opcode.text, payload: "hello" });
  const reader = serverReader();
  deepEqual(read(reader, bytes.slice(0, 6)).map(brief), ["[…"], "the header alone starts it");
  deepEqual(read(reader, bytes.slice(6, 9)).map(brief), ["…hel…"]);
  deepEqual(read(reader, bytes.slice(9)).map(brief), ["…lo]"]);
});

Deno.test("a control frame comes whole, however it is cut", () => {
  const bytes = rawFrame({ opcode: Opcode.ping, payload: "x".repeat(125) });
  for (let cut = 0; cut < bytes.length; cut++) {
    const reader = serverReader();
    deepEqual(read(reader, bytes.slice(0, cut)), []);
    deepEqual(read(reader, bytes.slice(cut)).map(brief), [`[${"x".repeat(125)}]`]);
  }
});

Deno.test("a rest is kept as a copy, so that it does not hold the memory of its read", () => {
  const bytes = concat([
    rawFrame({ opcode: 1, payload: "a" }),
    rawFrame({ opcode: 9 }).slice(0, 3),
  ]);
  const reader = serverReader();
  read(reader, bytes);
  bytes.fill(0xff);
  deepEqual(read(reader, rawFrame({ opcode: 9 }).slice(3)).map(brief), ["[]"]);
});

Deno.test("cut anywhere, frames carry the same payload", () => {
  const payloads = fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(payloads, fc.array(fc.nat(1500), { maxLength: 6 }), (texts, cuts) => {
    const bytes = concat(texts.map((payload) => rawFrame({ opcode: 1, payload })));
    const edges = [0, ...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
    const reader = serverReader();
    const whole: string[] = [];
    let payload: Uint8Array[] = [];
    for (let i = 1; i < edges.length; i++) {
      for (const part of read(reader, bytes.slice(edges[i - 1], edges[i]))) {
        if (part.type === "fault") throw new Error(part.name);
        payload.push(part.payload);
        if (!part.ends) continue;
        whole.push(new TextDecoder().decode(concat(payload)));
        payload = [];
      }
    }
    deepEqual(whole, texts);
  }));
});

Deno.test("RFC 6455 §5.1: a server fails a client that does not mask", () => {
  const [fault] = read(serverReader(), rawFrame({ opcode: Opcode.text, key: null }));
  equal(fault, faults.unmaskedFrame);
});

Deno.test("RFC 6455 §5.1: a client fails a server that masks", () => {
  const client = serverReader({ peerMasks: false });
  equal(read(client, rawFrame({ opcode: Opcode.text }))[0], faults.maskedFrame);
  const plain = rawFrame({ opcode: Opcode.text, payload: "hi", key: null });
  deepEqual(read(serverReader({ peerMasks: false }), plain).map(brief), ["[hi]"]);
});

Deno.test("RFC 6455 §5.2: reserved bits without an extension are faults", () => {
  for (const rsv of [1, 2, 4, 7]) {
    const [fault] = read(serverReader(), rawFrame({ opcode: Opcode.text, rsv }));
    equal(fault, faults.reservedBit);
  }
});

Deno.test("RFC 7692 §6: RSV1 is for the first frame of a data message alone", () => {
  const marked = (opcode: number, rsv: number) =>
    read(serverReader({ allowedRsv: 4 }), rawFrame({ opcode, rsv }))[0];
  equal(marked(Opcode.text, 4)?.type, "part");
  equal(marked(Opcode.binary, 4)?.type, "part");
  equal(marked(Opcode.continuation, 4), faults.reservedBit);
  equal(marked(Opcode.ping, 4), faults.reservedBit);
  equal(marked(Opcode.text, 6), faults.reservedBit);
});

Deno.test("RFC 6455 §10.4: a frame too long is refused from its header", () => {
  const reader = serverReader({ limits: { maxMessageBytes: 10 } });
  const head = rawFrame({ opcode: Opcode.binary, announced: 11n });
  equal(read(reader, head)[0], faults.frameTooBig);
  const fits = rawFrame({ opcode: Opcode.binary, payload: new Uint8Array(10) });
  notEqual(read(serverReader({ limits: { maxMessageBytes: 10 } }), fits)[0]?.type, "fault");
});

Deno.test("a limit below 125 bytes leaves control frames alone", () => {
  const ping = rawFrame({ opcode: Opcode.ping, payload: utf8("x".repeat(125)) });
  equal(read(serverReader({ limits: { maxMessageBytes: 10 } }), ping)[0]?.type, "part");
});

Deno.test("the discarding reader gives nothing, whatever it is fed", () => {
  discard.feed(rawFrame({ opcode: Opcode.text, payload: "lost" }));
  equal(discard.next(), undefined);
});
