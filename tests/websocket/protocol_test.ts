import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { BrokenInvariant } from "../../src/base/assert.ts";
import { concat, SharedBytes, utf8 } from "../../src/base/bytes.ts";
import { BufferPool } from "../../src/websocket/buffer_pool.ts";
import type { Extension } from "../../src/websocket/extension.ts";
import { faults } from "../../src/websocket/fault.ts";
import { Opcode } from "../../src/websocket/frame.ts";
import {
  Protocol,
  type ProtocolEvent,
  type ProtocolOptions,
} from "../../src/websocket/protocol.ts";
import { closePayload, type RawFrame, rawFrame } from "../kit/raw_frame.ts";

const random = { bytes: (length: number) => new Uint8Array(length).fill(0xa5) };

function newServer(options: Partial<ProtocolOptions> = {}): Protocol {
  return new Protocol({ maxMessageBytes: 1000, ...options, role: "server" });
}

function newClient(options: Partial<ProtocolOptions> = {}): Protocol {
  return new Protocol({ maxMessageBytes: 1000, ...options, role: "client", random });
}

function receive(protocol: Protocol, ...frames: readonly RawFrame[]): readonly ProtocolEvent[] {
  return protocol.receive(concat(frames.map(rawFrame)));
}

/** What a server has to send, as frames. */
function sent(protocol: Protocol): number[] {
  return [...protocol.takeOutput() ?? []];
}

function unmasked(...frames: readonly RawFrame[]): number[] {
  return frames.flatMap((frame) => [...rawFrame({ ...frame, key: null })]);
}

/** A copy of an event that does not change when the read buffer does. */
function kept(event: ProtocolEvent): unknown {
  return "bytes" in event ? { ...event, bytes: [...event.bytes] } : event;
}

Deno.test("RFC 6455 §5.6: messages arrive in order, of either type", () => {
  const events = receive(
    newServer(),
    { opcode: Opcode.text, payload: "one" },
    { opcode: Opcode.binary, payload: "two" },
  );
  deepEqual(events.map(kept), [
    { type: "text", text: "one" },
    { type: "binary", bytes: [...utf8("two")] },
  ]);
});

Deno.test("RFC 6455 §5.5.2: a ping is answered with its own bytes", () => {
  const server = newServer();
  const events = receive(server, { opcode: Opcode.ping, payload: "are you there" });
  deepEqual(events.map(kept), [{ type: "ping", bytes: [...utf8("are you there")] }]);
  deepEqual(sent(server), unmasked({ opcode: Opcode.pong, payload: "are you there" }));
});

Deno.test("RFC 6455 §5.5.3: a pong is told and not answered", () => {
  const server = newServer();
  const events = receive(server, { opcode: Opcode.pong, payload: "x" });
  equal(events[0]?.type, "pong");
  deepEqual(sent(server), []);
});

Deno.test("RFC 6455 §5.4: control frames may stand between fragments", () => {
  const server = newServer();
  const events = receive(
    server,
    { opcode: Opcode.text, payload: "Hel", fin: false },
    { opcode: Opcode.ping },
    { opcode: Opcode.continuation, payload: "lo" },
  );
  deepEqual(events.map(({ type }) => type), ["ping", "text"]);
});

Deno.test("RFC 6455 §5.5.2: a ping may go behind a piece of output, unless a close was sent", () => {
  const server = newServer();
  server.sendText("a");
  deepEqual(
    [...server.takeOutput({ sent: () => utf8("read") })!],
    unmasked({ opcode: Opcode.text, payload: "a" }, { opcode: Opcode.ping, payload: "read" }),
  );
  server.recycleOutput();
  server.sendClose(1000);
  const output = server.takeOutput({ sent: () => utf8("read") })!;
  deepEqual([...output], unmasked({ opcode: Opcode.close, payload: closePayload(1000) }));
});

Deno.test("RFC 6455 §5.5.3: of pings that could not be answered, the latest is, later", () => {
  const server = newServer();
  server.holdPongs();
  receive(server, { opcode: Opcode.ping, payload: "a" }, { opcode: Opcode.ping, payload: "b" });
  deepEqual(sent(server), []);
  server.releasePongs();
  deepEqual(sent(server), unmasked({ opcode: Opcode.pong, payload: "b" }));
  server.releasePongs();
  receive(server, { opcode: Opcode.ping, payload: "c" });
  deepEqual(sent(server), unmasked({ opcode: Opcode.pong, payload: "c" }));
});

Deno.test("RFC 6455 §5.5.1: a close is answered with the same code, and nothing is read after it", () => {
  const server = newServer();
  const events = receive(
    server,
    { opcode: Opcode.close, payload: closePayload(1000, "bye") },
    { opcode: Opcode.text, payload: "too late" },
  );
  deepEqual(events, [{ type: "close", code: 1000, reason: "bye" }]);
  equal(server.state, "closed");
  deepEqual(sent(server), unmasked({ opcode: 8, payload: closePayload(1000, "bye") }));
  deepEqual(receive(server, { opcode: Opcode.text, payload: "later" }), []);
});

Deno.test("RFC 6455 §7.1.5: a close without a code is 1005 here and without a code on the wire", () => {
  const server = newServer();
  deepEqual(receive(server, { opcode: 8 }), [{ type: "close", code: 1005, reason: "" }]);
  deepEqual(sent(server), unmasked({ opcode: 8 }));
});

Deno.test("RFC 6455 §5.5.1: after our close nothing is sent, and the peer's is awaited", () => {
  const server = newServer();
  server.sendClose(1001, "going");
  equal(server.state, "closing");
  server.sendText("no");
  server.sendBinary(utf8("no"));
  server.sendShared(utf8("no"), new SharedBytes(utf8("no")), utf8("no"));
  server.sendPing();
  server.sendClose(1000);
  deepEqual(sent(server), unmasked({ opcode: 8, payload: closePayload(1001, "going") }));

  const events = receive(server, { opcode: 1, payload: "x" }, { opcode: 9 }, {
    opcode: 8,
    payload: closePayload(1001),
  });
  deepEqual(events.map(({ type }) => type), ["text", "ping", "close"]);
  equal(server.state, "closed");
  deepEqual(sent(server), [], "a close is answered once, a ping not any more");
});

Deno.test("RFC 6455 §7.4: a close frame with a code that must not be sent", () => {
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535]) {
    const events = receive(newServer(), { opcode: 8, payload: closePayload(code) });
    deepEqual(events, [faults.invalidCloseCode]);
  }
});

Deno.test("RFC 6455 §5.5.1: a close frame with half a code", () => {
  deepEqual(receive(newServer(), { opcode: 8, payload: "x" }), [faults.shortClose]);
});

Deno.test("RFC 6455 §5.5.1: a close reason that is not UTF-8", () => {
  const payload = closePayload(1000, Uint8Array.of(0xff));
  deepEqual(receive(newServer(), { opcode: 8, payload }), [faults.invalidCloseReason]);
});

Deno.test("RFC 6455 §5.5: our own close reason is cut to fit, after a whole character", () => {
  const server = newServer();
  server.sendClose(1000, "é".repeat(100));
  deepEqual(sent(server), unmasked({ opcode: 8, payload: closePayload(1000, "é".repeat(61)) }));
});

Deno.test("RFC 6455 §7.1.7: a fault closes with its code, tells its name, and ends reading", () => {
  const cases: readonly (readonly [RawFrame, keyof typeof faults])[] = [
    [{ opcode: 1, key: null }, "unmaskedFrame"],
    [{ opcode: 1, rsv: 1 }, "reservedBit"],
    [{ opcode: 3 }, "reservedOpcode"],
    [{ opcode: 9, fin: false }, "fragmentedControl"],
    [{ opcode: 9, payload: "x".repeat(126) }, "longControl"],
    [{ opcode: 0 }, "loneContinuation"],
    [{ opcode: 1, lengthBytes: 2, payload: "x" }, "lengthNotMinimal"],
    [{ opcode: 1, payload: Uint8Array.of(0xff) }, "invalidUtf8"],
    [{ opcode: 1, announced: 1001n }, "frameTooBig"],
  ];
  for (const [frame, name] of cases) {
    const server = newServer();
    const fault = faults[name];
    const late = { opcode: 1, payload: "late" };
    deepEqual(receive(server, { opcode: 1, payload: "early" }, frame, late), [
      { type: "text", text: "early" },
      fault,
    ]);
    equal(server.state, "closed");
    const payload = closePayload(fault.closeCode, fault.sentence);
    deepEqual(sent(server), unmasked({ opcode: 8, payload }));
    deepEqual(receive(server, late), []);
  }
});

Deno.test("RFC 6455 §7.1.7: a fault while closing sends no second close", () => {
  const server = newServer();
  server.sendClose(1000);
  sent(server);
  deepEqual(receive(server, { opcode: 3 }), [faults.reservedOpcode]);
  equal(server.state, "closed");
  deepEqual(sent(server), []);
});

Deno.test("RFC 6455 §10.4: frame and message have limits of their own", () => {
  const server = newServer({ maxMessageBytes: 10, maxFrameBytes: 6 });
  const six = { opcode: 1, payload: "123456", fin: false };
  deepEqual(receive(server, six, { opcode: 0, payload: "12345" }), [faults.messageTooBig]);
  const other = newServer({ maxMessageBytes: 10, maxFrameBytes: 6 });
  deepEqual(receive(other, { opcode: 1, payload: "1234567" }), [faults.frameTooBig]);
});

Deno.test("RFC 6455 §7.1.4: the end of input closes, clean or not, and gives memory back", () => {
  const pool = new BufferPool();
  const server = newServer({ pool });
  receive(server, { opcode: 1, payload: "half", fin: false });
  server.receiveEof();
  equal(server.state, "closed");
  equal(pool.spareBytes, 1024);
  server.receiveEof();
  equal(server.state, "closed");
});

Deno.test("a shared body goes out between head and tail, in one frame", () => {
  const server = newServer();
  server.sendShared(utf8('["EVENT","s",'), new SharedBytes(utf8("{}")), utf8("]"));
  deepEqual(sent(server), unmasked({ opcode: 1, payload: '["EVENT","s",{}]' }));
});

Deno.test("what one turn sends leaves in one piece", () => {
  const server = newServer();
  server.sendText("a");
  server.sendPing(utf8("b"));
  server.sendBinary(utf8("c"));
  equal(server.pendingBytes, 9);
  deepEqual(
    sent(server),
    unmasked({ opcode: 1, payload: "a" }, { opcode: 9, payload: "b" }, { opcode: 2, payload: "c" }),
  );
  equal(server.takeOutput(), undefined);
});

Deno.test("recycled output is written over, and not before", () => {
  const server = newServer({ pool: new BufferPool() });
  server.sendText("first");
  const first = server.takeOutput()!;
  server.sendText("other");
  equal(new TextDecoder().decode(first.subarray(2)), "first");
  server.recycleOutput();
  server.takeOutput();
  equal(new TextDecoder().decode(first.subarray(2)), "other");
});

Deno.test("dropped output is forgotten, but no close frame is", () => {
  const server = newServer();
  server.sendText("dropped");
  server.dropOutput();
  server.sendText("kept");
  server.sendClose(1008);
  server.dropOutput();
  deepEqual(
    sent(server),
    unmasked({ opcode: 1, payload: "kept" }, { opcode: 8, payload: closePayload(1008) }),
  );
});

Deno.test("our own misuse is a broken invariant", () => {
  throws(() => newServer().sendClose(1006), BrokenInvariant);
  throws(() => newServer().sendPing(new Uint8Array(126)), BrokenInvariant);
  throws(() => newServer({ maxMessageBytes: 0 }), BrokenInvariant);
});

Deno.test("RFC 6455 §5.1: client and server understand each other, and either may close", () => {
  for (const closesFirst of ["client", "server"]) {
    const client = newClient();
    const server = newServer();
    client.sendText("héllo");
    client.sendPing(utf8("?"));
    deepEqual(server.receive(client.takeOutput()!)[0], { type: "text", text: "héllo" });
    server.sendBinary(utf8("bytes"));
    const heard = client.receive(server.takeOutput()!);
    deepEqual(heard.map(({ type }) => type), ["pong", "binary"]);
    const [first, second] = closesFirst === "client" ? [client, server] : [server, client];
    first.sendClose(4000, "enough");
    deepEqual(second.receive(first.takeOutput()!), [
      { type: "close", code: 4000, reason: "enough" },
    ]);
    deepEqual(first.receive(second.takeOutput()!), [
      { type: "close", code: 4000, reason: "enough" },
    ]);
    deepEqual([first.state, second.state], ["closed", "closed"]);
  }
});

/** Marks what it sends by turning it round. */
const reversing: Extension = {
  minBytes: 3,
  decode: (payload) => payload.toReversed(),
  encode: (message) => message.toReversed(),
  encodeShared(head, body, tail) {
    body.deflated ??= body.bytes.toReversed();
    return [tail.toReversed(), body.deflated, head.toReversed()];
  },
};

Deno.test("RFC 6455 §9: an extension works on messages of both ends, shared bodies included", () => {
  const server = newServer({ extension: reversing });
  const client = newClient({ extension: reversing });
  const body = new SharedBytes(utf8("body"));
  server.sendText("text");
  server.sendText("no");
  server.sendShared(utf8("<"), body, utf8(">"));
  const output = server.takeOutput()!;
  deepEqual([...output.subarray(0, 6)], [0xc1, 4, ...utf8("txet")], "RSV1 marks what was changed");
  equal(output[6], 0x81, "and nothing else");
  deepEqual(client.receive(output.slice()), [
    { type: "text", text: "text" },
    { type: "text", text: "no" },
    { type: "text", text: "<body>" },
  ]);
  equal(new TextDecoder().decode(body.deflated), "ydob");
});

/** Conversations a client may hold, wrong ones among them. */
const frame: fc.Arbitrary<RawFrame> = fc.record({
  opcode: fc.constantFrom(0, 0, 1, 1, 2, 8, 9, 10, 3),
  payload: fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }).map(utf8),
    fc.uint8Array({ maxLength: 130 }),
    fc.constant(closePayload(1000, "bye")),
  ),
  fin: fc.constantFrom(true, true, false),
  rsv: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 4),
  key: fc.constantFrom([1, 2, 3, 4] as const, [0xff, 0, 0x80, 0x7f] as const),
});

const stream = fc.array(frame, { minLength: 1, maxLength: 8 }).map((frames) =>
  concat(frames.map(rawFrame))
);

/** Everything a server says to bytes that come in these pieces. */
function play(pieces: readonly Uint8Array[]): { events: unknown[]; output: number[] } {
  const server = newServer({ maxMessageBytes: 400 });
  const events: unknown[] = [];
  const output: number[] = [];
  for (const piece of pieces) {
    events.push(...server.receive(piece.slice()).map(kept));
    output.push(...sent(server));
  }
  return { events, output };
}

Deno.test("a stream means the same however it is cut: byte by byte", () => {
  fc.assert(fc.property(stream, (bytes) => {
    const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
    deepEqual(play(pieces), play([bytes]));
  }));
});

Deno.test("a stream means the same however it is cut: in two, anywhere", () => {
  fc.assert(fc.property(stream, fc.nat(2000), (bytes, anywhere) => {
    const cut = anywhere % bytes.length;
    deepEqual(play([bytes.subarray(0, cut), bytes.subarray(cut)]), play([bytes]));
  }));
});

Deno.test("whatever bytes come, nothing is thrown and memory stays within the limits", () => {
  const change = fc.record({ at: fc.nat(2000), byte: fc.nat(255) });
  fc.assert(
    fc.property(stream, fc.array(change, { maxLength: 6 }), fc.nat(40), (bytes, changes, step) => {
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      const pool = new BufferPool(1e9);
      const server = newServer({ maxMessageBytes: 400, pool });
      for (let at = 0; at < bytes.length; at += step + 1) {
        server.receive(bytes.slice(at, at + step + 1));
        server.takeOutput();
        server.recycleOutput();
      }
      server.receiveEof();
      // A message of 400 bytes and one read's output, each in a buffer of one kilobyte; output of
      // several pings may outgrow its first.
      equal(pool.spareBytes <= 4096, true, `${pool.spareBytes} bytes`);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("random bytes never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
      const server = newServer();
      const events = server.receive(bytes);
      equal(events.filter(({ type }) => type === "fault").length <= 1, true);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("the limits of an open connection may change", () => {
  const limits = { maxMessageBytes: 1_000 };
  const server = new Protocol({
    role: "server",
    get maxMessageBytes() {
      return limits.maxMessageBytes;
    },
  });
  const long = { opcode: Opcode.text, payload: "x".repeat(900) };
  equal(receive(server, long)[0]?.type, "text");
  limits.maxMessageBytes = 2_000;
  equal(receive(server, { ...long, payload: "x".repeat(1_900) })[0]?.type, "text");
  const [begun] = receive(server, { ...long, fin: false });
  equal(begun, undefined);
  limits.maxMessageBytes = 500;
  deepEqual(receive(server, { opcode: Opcode.continuation, payload: "y" }), [
    faults.messageTooBig,
  ]);
});
