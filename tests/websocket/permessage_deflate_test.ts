import { deepEqual, equal } from "node:assert/strict";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { concat, SharedBytes, utf8 } from "../../src/base/bytes.ts";
import { nodeZlib } from "../../src/net/zlib.ts";
import type { Extension } from "../../src/websocket/extension.ts";
import { faults } from "../../src/websocket/fault.ts";
import { Opcode } from "../../src/websocket/frame.ts";
import { parseExtensions } from "../../src/websocket/header_list.ts";
import {
  acceptDeflate,
  defaultMinDeflateBytes,
  offerDeflate,
  PermessageDeflate,
  sendWindowBits,
} from "../../src/websocket/permessage_deflate.ts";
import { Protocol } from "../../src/websocket/protocol.ts";
import { Program } from "../kit/program.ts";
import { type RawFrame, rawFrame } from "../kit/raw_frame.ts";

const deflate = new PermessageDeflate({ zlib: nodeZlib, windowBits: 15 });
const maxMessageBytes = 100_000;

/** What any other receiver makes of a payload. Windows that are too large for `windowBits` fail. */
function inflated(parts: readonly Uint8Array[], windowBits = 15): string {
  const blocks = concat([...parts, Uint8Array.of(0, 0, 0xff, 0xff)]);
  return inflateRawSync(blocks, { windowBits, finishFlush: constants.Z_SYNC_FLUSH }).toString();
}

/** What another sender makes of a message. */
function deflated(text: string): Uint8Array {
  return deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

function textOf(decoded: ReturnType<Extension["decode"]>): string {
  return decoded instanceof Uint8Array ? new TextDecoder().decode(decoded) : decoded.name;
}

function newServer(): Protocol {
  return new Protocol({ role: "server", maxMessageBytes, extension: deflate });
}

function receive(...frames: readonly RawFrame[]) {
  return newServer().receive(concat(frames.map(rawFrame)));
}

/** The answer to an offer: the header, or undefined if it is declined. */
function answer(offers: string): string | undefined {
  return acceptDeflate({ zlib: nodeZlib })(parseExtensions(offers)!)?.header;
}

const granted = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

Deno.test("RFC 7692 §7.1: offers of browsers and libraries are met, without context takeover", () => {
  for (
    const offer of [
      "permessage-deflate",
      "permessage-deflate; client_max_window_bits",
      "permessage-deflate; client_max_window_bits=8",
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    ]
  ) {
    equal(answer(offer), granted, offer);
  }
});

Deno.test("RFC 7692 §7.1.2.1: a window that a client asks for is answered and kept to", () => {
  for (let bits = 9; bits <= 15; bits++) {
    const header = `permessage-deflate; server_max_window_bits=${bits}`;
    equal(answer(header), `${granted}; server_max_window_bits=${bits}`);
    const agreed = acceptDeflate({ zlib: nodeZlib })(parseExtensions(header)!)!.extension;
    // Repetitions at every distance up to 2^15.
    const text = Array.from({ length: 40 }, (_, i) => `${i} `.repeat(400) + "needle").join("");
    const body = new SharedBytes(utf8(text));
    equal(inflated([agreed.encode(utf8(text))!], bits), text);
    equal(inflated(agreed.encodeShared(utf8("<"), body, utf8(">"))!, bits), `<${text}>`);
  }
});

Deno.test("RFC 7692 §7.1.2.1: a window of 2^8 is declined, as zlib cannot keep to it", () => {
  equal(answer("permessage-deflate; server_max_window_bits=8"), undefined);
});

Deno.test("RFC 7692 §7.1: wrong offers are declined, and the first that can be met is taken", () => {
  equal(answer("permessage-deflate; mux"), undefined);
  equal(answer("x-webkit-deflate-frame, other; a=1"), undefined);
  equal(
    answer(
      "other, permessage-deflate; server_max_window_bits=8, permessage-deflate; mux, " +
        "permessage-deflate; server_max_window_bits=10, permessage-deflate",
    ),
    `${granted}; server_max_window_bits=10`,
  );
});

Deno.test("RFC 7692 §7.1: a client takes the answers that keep to its offer", () => {
  const { header, accept } = offerDeflate({ zlib: nodeZlib });
  equal(header, `${granted}; client_max_window_bits`);
  for (
    const good of [
      granted,
      "permessage-deflate; server_no_context_takeover",
      `${granted}; server_max_window_bits=8; client_max_window_bits=10`,
    ]
  ) {
    equal(accept(parseExtensions(good)!) instanceof PermessageDeflate, true, good);
  }
  for (
    const bad of [
      "permessage-deflate",
      "other",
      `${granted}, other`,
      `${granted}, ${granted}`,
      `${granted}; mux`,
      `${granted}; client_max_window_bits`,
      `${granted}; server_max_window_bits`,
      `${granted}; client_max_window_bits=16`,
    ]
  ) {
    equal(accept(parseExtensions(bad)!), undefined, bad);
  }
});

Deno.test("RFC 7692 §7.1.2.2: a client keeps to the window it is given, and with 2^8 sends plain", () => {
  const text = "needle".padEnd(600, ".") + "needle";
  const { accept } = offerDeflate({ zlib: nodeZlib });
  const narrow = accept(parseExtensions(`${granted}; client_max_window_bits=9`)!)!;
  equal(inflated([narrow.encode(utf8(text))!], 9), text);
  const plain = accept(parseExtensions(`${granted}; client_max_window_bits=8`)!)!;
  const client = new Protocol({
    role: "client",
    maxMessageBytes,
    extension: plain,
    random: { bytes: (length) => new Uint8Array(length) },
  });
  client.sendText(text);
  equal(client.takeOutput()![0], 0x81);
});

Deno.test("RFC 7692 §7.2.1: any message is sent in a form that zlib inflates", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 2000 }), (text) => {
    const encoded = deflate.encode(utf8(text));
    if (encoded !== undefined) deepEqual(utf8(inflated([encoded])), utf8(text));
  }));
});

Deno.test("RFC 7692 §7.2.2: any message that zlib deflated is read", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 2000 }), fc.nat(9), (text, level) => {
      const blocks = deflateRawSync(text, { level, finishFlush: constants.Z_SYNC_FLUSH });
      equal(textOf(deflate.decode(blocks.subarray(0, -4), maxMessageBytes)), text);
    }),
  );
});

Deno.test("RFC 7692 §7.2.3: the examples of a compressed Hello are read", () => {
  const examples: readonly (readonly [clause: string, payload: readonly number[]])[] = [
    ["§7.2.3.1 one block", [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]],
    [
      "§7.2.3.3 no compression",
      [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
    ],
    ["§7.2.3.4 BFINAL", [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]],
    [
      "§7.2.3.5 two blocks",
      [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
    ],
  ];
  for (const [clause, payload] of examples) {
    equal(textOf(deflate.decode(Uint8Array.from(payload), 5)), "Hello", clause);
  }
});

Deno.test("RFC 7692 §7.2.3.2: without context takeover, each message stands for itself", () => {
  const server = newServer();
  const text = "the same words ".repeat(30);
  server.sendText(text);
  const first = [...server.takeOutput()!];
  server.sendText(text);
  deepEqual([...server.takeOutput()!], first);
});

Deno.test("RFC 7692 §7.2.3.4: several final blocks in one message are read, up to a bound", () => {
  const hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
  const twice = Uint8Array.from([...hello, ...hello, 0x00]);
  equal(textOf(deflate.decode(twice, 100)), "HelloHello");
  const many = Uint8Array.from([...Array.from({ length: 1000 }, () => hello).flat(), 0x00]);
  equal(deflate.decode(many, maxMessageBytes), faults.undecodablePayload);
});

Deno.test("RFC 7692 §7.2.3.6: an empty message is one octet", () => {
  equal(textOf(deflate.decode(Uint8Array.of(0x00), 1)), "");
  equal(textOf(deflate.decode(Uint8Array.of(0x02, 0x00), 1)), "");
});

Deno.test("RFC 7692 §6.2: what is no DEFLATE, or lacks its end, closes with 1007", () => {
  const whole = deflated("enough words to be cut ".repeat(20));
  const broken = [
    Uint8Array.of(0xff, 0xff, 0xff),
    new Uint8Array(0),
    ...Array.from({ length: whole.length - 1 }, (_, cut) => whole.subarray(0, cut)),
  ];
  for (const payload of broken) {
    equal(deflate.decode(payload, maxMessageBytes), faults.undecodablePayload, `${payload}`);
  }
  deepEqual(receive({ opcode: Opcode.text, rsv: 4, payload: Uint8Array.of(0xff) }), [
    faults.undecodablePayload,
  ]);
  equal(faults.undecodablePayload.closeCode, 1007);
});

Deno.test("RFC 6455 §8.1: text is judged when it is inflated", () => {
  const latin1 = deflateRawSync(Uint8Array.of(0xe9, 0x20), {
    finishFlush: constants.Z_SYNC_FLUSH,
  }).subarray(0, -4);
  deepEqual(receive({ opcode: Opcode.text, rsv: 4, payload: latin1 }), [faults.invalidUtf8]);
});

Deno.test("RFC 6455 §10.4: a message is refused as soon as it inflates beyond the limit, 1009", async () => {
  const bomb = deflateRawSync(new Uint8Array(50_000_000), { finishFlush: constants.Z_SYNC_FLUSH });
  equal(bomb.length < 50_000, true);
  const [event] = receive({ opcode: Opcode.binary, rsv: 4, payload: bomb.subarray(0, -4) });
  equal(event, faults.messageTooBig);
  // Memory is that of a process: of one that does nothing else.
  await using program = new Program("tests/websocket/bomb_memory.ts", []);
  const { stdout, stderr } = await program.end();
  equal(stderr, "");
  equal(Number(stdout) < 10_000_000, true, `the bomb was not inflated: ${stdout}`);
  equal(textOf(deflate.decode(deflated("12345"), 5)), "12345");
  equal(deflate.decode(deflated("123456"), 5), faults.messageTooBig);
});

Deno.test("RFC 7692 §6.1: RSV1 stands on the first frame of a data message and nowhere else", () => {
  const payload = deflated("a message in three pieces");
  const [first, second, third] = [
    payload.subarray(0, 5),
    payload.subarray(5, 9),
    payload.subarray(9),
  ];
  const start = { opcode: Opcode.text, rsv: 4, fin: false, payload: first };
  const middle = { opcode: Opcode.continuation, fin: false, payload: second };
  const ping = { opcode: Opcode.ping };
  const end = { opcode: Opcode.continuation, payload: third };
  deepEqual(receive(start, middle, ping, end).at(-1), {
    type: "text",
    text: "a message in three pieces",
  });
  deepEqual(receive(start, { ...middle, rsv: 4 }), [faults.reservedBit]);
  deepEqual(receive({ ...ping, rsv: 4 }), [faults.reservedBit]);
  deepEqual(receive({ ...start, rsv: 6 }), [faults.reservedBit]);
});

Deno.test("RFC 7692 §6: without an agreement, RSV1 is a protocol error", () => {
  const plain = new Protocol({ role: "server", maxMessageBytes });
  deepEqual(plain.receive(rawFrame({ opcode: 1, rsv: 4, payload: deflated("x") })), [
    faults.reservedBit,
  ]);
});

Deno.test("RFC 7692 §6: messages may be sent plain after the agreement, and small ones are", () => {
  const server = newServer();
  const body = new SharedBytes(utf8("small"));
  server.sendText("x".repeat(defaultMinDeflateBytes - 1));
  equal(server.takeOutput()![0], 0x81);
  server.sendText("x".repeat(defaultMinDeflateBytes));
  equal(server.takeOutput()![0], 0xc1);
  server.sendBinary(new Uint8Array(defaultMinDeflateBytes - 1));
  equal(server.takeOutput()![0], 0x82);
  server.sendShared(utf8("<"), body, utf8(">"));
  equal(server.takeOutput()![0], 0x81);
  equal(body.deflated, undefined);
  deepEqual(receive({ opcode: Opcode.text, payload: "plain" }), [{ type: "text", text: "plain" }]);
});

Deno.test("what does not shrink is sent plain, shared or not", () => {
  const noise = new Uint8Array(2000);
  crypto.getRandomValues(noise);
  equal(deflate.encode(noise), undefined);
  equal(deflate.encodeShared(utf8("<"), new SharedBytes(noise), utf8(">")), undefined);
});

Deno.test("a shared body is deflated once, and around it each message keeps its own words", () => {
  let calls = 0;
  const zlib = {
    ...nodeZlib,
    deflate(bytes: Uint8Array, windowBits: number) {
      calls++;
      return nodeZlib.deflate(bytes, windowBits);
    },
  };
  const extension = new PermessageDeflate({ zlib, windowBits: sendWindowBits });
  const text = '{"content":"é🎉 and more "}'.repeat(20);
  const body = new SharedBytes(utf8(text));
  for (const name of ["", "s", "long ".repeat(13_000)]) {
    const head = name === "" ? new Uint8Array(0) : utf8(`["EVENT","${name}",`);
    const parts = extension.encodeShared(head, body, utf8("]"))!;
    const whole = `${new TextDecoder().decode(head)}${text}]`;
    equal(inflated(parts), whole);
    equal(textOf(extension.decode(concat(parts), 1e6)), whole);
  }
  equal(calls, 1);
  const long = "x".repeat(65_536);
  equal(inflated(extension.encodeShared(utf8(long), body, utf8("]"))!), `${long}${text}]`);
  equal(calls, 2, "what no stored block holds is deflated with the body");
});

Deno.test("any head, body and tail make one message", () => {
  const part = fc.string({ unit: "grapheme", maxLength: 300 });
  const extension = new PermessageDeflate({ zlib: nodeZlib, windowBits: 15 });
  fc.assert(fc.property(part, part, part, (head, body, tail) => {
    const parts = extension.encodeShared(utf8(head), new SharedBytes(utf8(body)), utf8(tail));
    if (parts !== undefined) equal(inflated(parts), head + body + tail);
  }));
});
