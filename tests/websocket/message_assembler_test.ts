import { deepEqual, equal } from "node:assert/strict";
import { utf8 } from "../../src/base/bytes.ts";
import { BufferPool } from "../../src/websocket/buffer_pool.ts";
import type { Extension } from "../../src/websocket/extension.ts";
import { type Fault, faults } from "../../src/websocket/fault.ts";
import { FrameReader } from "../../src/websocket/frame_reader.ts";
import {
  type Message,
  MessageAssembler,
  type MessageAssemblerOptions,
} from "../../src/websocket/message_assembler.ts";
import { type RawFrame, rawFrame } from "../kit/raw_frame.ts";

/** An assembler behind a reader, fed with whole frames or pieces of them. */
class Assembling {
  readonly pool = new BufferPool();
  readonly #reader = new FrameReader({
    peerMasks: true,
    limits: { maxMessageBytes: 1e6 },
    allowedRsv: 4,
  });
  readonly #assembler: MessageAssembler;

  constructor(options: Partial<MessageAssemblerOptions> = {}) {
    this.#assembler = new MessageAssembler({
      limits: { maxMessageBytes: 1000 },
      extension: undefined,
      pool: this.pool,
      ...options,
    });
  }

  /** What the frames complete, up to a fault. */
  add(...frames: readonly (RawFrame | Uint8Array)[]): (Message | Fault)[] {
    const results: (Message | Fault)[] = [];
    for (const frame of frames) {
      this.#reader.feed(frame instanceof Uint8Array ? frame : rawFrame(frame));
      for (let part = this.#reader.next(); part !== undefined; part = this.#reader.next()) {
        const result = part.type === "fault" ? part : this.#assembler.add(part);
        if (result !== undefined) results.push(result);
        if (result?.type === "fault") return results;
      }
    }
    return results;
  }
}

const text = (text: string) => ({ type: "text", text });

Deno.test("RFC 6455 §5.4: a message in one frame", () => {
  deepEqual(new Assembling().add({ opcode: 1, payload: "é" }), [text("é")]);
  deepEqual(new Assembling().add({ opcode: 1 }), [text("")]);
});

Deno.test("RFC 6455 §5.4: fragments are joined in order, empty ones too", () => {
  const messages = new Assembling().add(
    { opcode: 1, payload: "Hel", fin: false },
    { opcode: 0, payload: "", fin: false },
    { opcode: 0, payload: "lo" },
    { opcode: 1, payload: "next" },
  );
  deepEqual(messages, [text("Hello"), text("next")]);
});

Deno.test("RFC 6455 §5.4: a character may be cut by a fragment's end", () => {
  const bytes = utf8("🎉");
  const messages = new Assembling().add(
    { opcode: 1, payload: bytes.slice(0, 1), fin: false },
    { opcode: 0, payload: bytes.slice(1, 3), fin: false },
    { opcode: 0, payload: bytes.slice(3) },
  );
  deepEqual(messages, [text("🎉")]);
});

Deno.test("RFC 6455 §5.4: nothing to continue, and a message inside another", () => {
  deepEqual(new Assembling().add({ opcode: 0 }), [faults.loneContinuation]);
  const interrupted = new Assembling().add({ opcode: 1, fin: false }, { opcode: 2 });
  deepEqual(interrupted, [faults.interruptedMessage]);
  const over = new Assembling().add({ opcode: 1, fin: false }, { opcode: 0 }, { opcode: 0 });
  deepEqual(over, [text(""), faults.loneContinuation]);
});

Deno.test("RFC 6455 §8.1: text that is not UTF-8 is found when it arrives", () => {
  const bad = Uint8Array.of(0xff);
  deepEqual(new Assembling().add({ opcode: 1, payload: bad }), [faults.invalidUtf8]);
  const first = new Assembling().add({ opcode: 1, payload: bad, fin: false });
  deepEqual(first, [faults.invalidUtf8], "in a fragment");
  const piece = rawFrame({ opcode: 1, payload: Uint8Array.of(0x61, 0xff, 0x62) }).slice(0, 8);
  deepEqual(new Assembling().add(piece), [faults.invalidUtf8], "in a frame that is not whole");
});

Deno.test("RFC 6455 §8.1: a text must not end inside a character", () => {
  const half = utf8("é").slice(0, 1);
  const messages = new Assembling().add({ opcode: 1, payload: half, fin: false }, { opcode: 0 });
  deepEqual(messages, [faults.invalidUtf8]);
});

Deno.test("a byte order mark is part of the text", () => {
  deepEqual(new Assembling().add({ opcode: 1, payload: "\ufeffx" }), [text("\ufeffx")]);
});

Deno.test("binary messages are any bytes, and the receiver's to keep", () => {
  const assembling = new Assembling();
  const [first] = assembling.add(
    { opcode: 2, payload: Uint8Array.of(0xff), fin: false },
    { opcode: 0, payload: Uint8Array.of(0xfe) },
  );
  assembling.add({ opcode: 2, payload: "xy", fin: false }, { opcode: 0, payload: "z" });
  deepEqual(first, { type: "binary", bytes: Uint8Array.of(0xff, 0xfe) });
});

Deno.test("RFC 6455 §10.4: the limit counts a message over its fragments, by what they announce", () => {
  const fits = new Assembling({ limits: { maxMessageBytes: 5 } });
  const three = { opcode: 2, payload: "abc", fin: false };
  equal(fits.add(three, { opcode: 0, payload: "de" })[0]?.type, "binary");
  const exceeds = new Assembling({ limits: { maxMessageBytes: 5 } });
  const header = rawFrame({ opcode: 0, announced: 3n });
  deepEqual(exceeds.add(three, header), [faults.messageTooBig]);
});

Deno.test("the limit begins anew with each message", () => {
  const assembling = new Assembling({ limits: { maxMessageBytes: 3 } });
  const frames = [1, 2, 3].map(() => ({ opcode: 1, payload: "abc" }));
  equal(assembling.add(...frames).length, 3);
});

Deno.test("memory grows with what arrived, not with what was announced, and comes back", () => {
  const assembling = new Assembling({ limits: { maxMessageBytes: 500_000 } });
  const bytes = rawFrame({ opcode: 1, payload: "x".repeat(100_000) });
  assembling.add(bytes.slice(0, 20));
  assembling.add(bytes.slice(20, 2000));
  equal(assembling.pool.spareBytes, 1024, "one kilobyte was outgrown, two are in use");
  equal(assembling.add(bytes.slice(2000))[0]?.type, "text");
  assembling.add({ opcode: 1, payload: "a", fin: false }, { opcode: 0, payload: "b" });
  equal(assembling.pool.spareBytes, 1024 + 2048);
});

/** Undoes what nobody did: turns the payload round, and doubles it when told to. */
class Reversing implements Extension {
  readonly minBytes = 0;
  constructor(readonly times = 1) {}
  decode(payload: Uint8Array, maxMessageBytes: number): Uint8Array | Fault {
    if (payload.length === 0) return faults.undecodablePayload;
    if (payload.length * this.times > maxMessageBytes) return faults.messageTooBig;
    return utf8(new TextDecoder("latin1").decode(payload.toReversed()).repeat(this.times));
  }
  encode(): undefined {}
  encodeShared(): undefined {}
}

Deno.test("RFC 7692 §6.2: a marked message goes through the extension whole", () => {
  const assembling = new Assembling({ extension: new Reversing() });
  const messages = assembling.add(
    { opcode: 1, payload: "olle", rsv: 4, fin: false },
    { opcode: 0, payload: "h" },
    { opcode: 1, payload: "plain" },
  );
  deepEqual(messages, [text("hello"), text("plain")]);
});

Deno.test("what the extension makes is judged, not what it was given", () => {
  const assembling = new Assembling({ extension: new Reversing() });
  const messages = assembling.add({ opcode: 1, payload: Uint8Array.of(0xe9), rsv: 4, fin: false });
  deepEqual(messages, [], "an encoded fragment is not judged as text");
  deepEqual(assembling.add({ opcode: 0, payload: "x" }), [text("xé")]);
});

Deno.test("the extension's faults are the connection's", () => {
  const empty = new Assembling({ extension: new Reversing() });
  deepEqual(empty.add({ opcode: 1, rsv: 4 }), [faults.undecodablePayload]);
  const bomb = new Assembling({
    extension: new Reversing(1000),
    limits: { maxMessageBytes: 1000 },
  });
  deepEqual(bomb.add({ opcode: 1, payload: "ab", rsv: 4 }), [faults.messageTooBig]);
});
