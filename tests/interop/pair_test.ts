import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { concat, SharedBytes, utf8 } from "../../src/base/bytes.ts";
import { nodeSha1 } from "../../src/net/sha1.ts";
import { nodeZlib } from "../../src/net/zlib.ts";
import { ClientHandshake } from "../../src/websocket/client_handshake.ts";
import type { ExtensionRequest } from "../../src/websocket/extension.ts";
import { answerUpgrade, encodeResponse } from "../../src/websocket/handshake.ts";
import { acceptDeflate, offerDeflate } from "../../src/websocket/permessage_deflate.ts";
import { Protocol, type ProtocolEvent } from "../../src/websocket/protocol.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const maxMessageBytes = 100_000;
const zlib = nodeZlib;

/** Our client and our server, past their handshake. */
function pair(extension: ExtensionRequest | undefined) {
  const random = new SeededRandom(7);
  const handshake = new ClientHandshake(
    { authority: "pair", target: "/", random, extension },
    nodeSha1,
  );
  const lines = new TextDecoder().decode(handshake.request).trimEnd().split("\r\n").slice(1);
  const headers = new Headers(lines.map((line): [string, string] => {
    const [name = "", value = ""] = line.split(": ");
    return [name, value];
  }));
  const request = { method: "GET", httpVersion: "1.1", headers };
  const answer = answerUpgrade(
    request,
    { chooseExtension: acceptDeflate({ zlib, minBytes: 20 }) },
    nodeSha1,
  );
  const accepted = handshake.receive(encodeResponse(answer.response));
  if (answer.type !== "accepted" || accepted?.type !== "accepted") throw new Error("no agreement");
  return {
    client: new Protocol({
      role: "client",
      maxMessageBytes,
      random,
      extension: accepted.extension,
    }),
    server: new Protocol({ role: "server", maxMessageBytes, extension: answer.extension }),
  };
}

/** Moves what `from` has to send to `to`, in pieces of the given lengths, again and again. */
function carry(from: Protocol, to: Protocol, cuts: readonly number[]): ProtocolEvent[] {
  const bytes = from.takeOutput() ?? new Uint8Array(0);
  const events: ProtocolEvent[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const end = at + (cuts[turn % cuts.length] ?? bytes.length);
    // Reads come in memory of their own, and views in events last until the next read.
    events.push(...to.receive(bytes.slice(at, end)).map(kept));
    at = end;
  }
  return events;
}

function kept(event: ProtocolEvent): ProtocolEvent {
  return "bytes" in event ? { ...event, bytes: event.bytes.slice() } : event;
}

/** One thing that one end says, and what the other will hear. */
type Saying = readonly [say: (end: Protocol) => void, heard: ProtocolEvent];

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.tuple(fc.string({ unit: "grapheme", maxLength: 5 }), fc.nat(300)).map(([word, times]) =>
    word.repeat(times)
  ),
);

const saying: fc.Arbitrary<Saying> = fc.oneof(
  text.map((text): Saying => [(end) => end.sendText(text), { type: "text", text }]),
  fc.uint8Array({ maxLength: 500 }).map((bytes): Saying => [
    (end) => end.sendBinary(bytes),
    { type: "binary", bytes },
  ]),
  fc.tuple(text, text, text).map(([head, body, tail]): Saying => [
    (end) => end.sendShared(utf8(head), new SharedBytes(utf8(body)), utf8(tail)),
    { type: "text", text: head + body + tail },
  ]),
  fc.uint8Array({ maxLength: 125 }).map((bytes): Saying => [
    (end) => end.sendPing(bytes),
    { type: "ping", bytes },
  ]),
);

const sayings = fc.array(saying, { minLength: 1, maxLength: 8 });
const cuts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 10 });

const agreements: readonly (readonly [string, ExtensionRequest | undefined])[] = [
  ["plain", undefined],
  ["with deflate", offerDeflate({ zlib, minBytes: 20 })],
  ["with deflate in small windows", {
    header: "permessage-deflate; server_max_window_bits=9; server_no_context_takeover",
    accept: offerDeflate({ zlib, minBytes: 20 }).accept,
  }],
];

for (const [name, extension] of agreements) {
  for (const sayer of ["client", "server"] as const) {
    Deno.test(`our client and server, ${name}: what the ${sayer} says is heard, however it is cut`, () => {
      fc.assert(fc.property(sayings, cuts, (said, cuts) => {
        const { client, server } = pair(extension);
        const [from, to] = sayer === "client" ? [client, server] : [server, client];
        for (const [say] of said) say(from);
        const expected = said.map(([, heard]) => heard);
        deepEqual(carry(from, to, cuts), expected);
        const pongs = expected.filter(({ type }) => type === "ping");
        deepEqual(carry(to, from, cuts), pongs.map((ping) => ({ ...ping, type: "pong" })));
        from.sendClose(1000, "done");
        const close = { type: "close", code: 1000, reason: "done" };
        deepEqual(carry(from, to, cuts), [close]);
        deepEqual(carry(to, from, cuts), [close]);
        deepEqual([from.state, to.state], ["closed", "closed"]);
      }));
    });
  }

  Deno.test(`our client and server, ${name}: one stream means the same cut at every position`, () => {
    const { client } = pair(extension);
    for (const message of ["", "é".repeat(80), "words and words ".repeat(30)]) {
      client.sendText(message);
      client.sendPing(utf8("?"));
    }
    client.sendBinary(new Uint8Array(300));
    client.sendClose(1000, "bye");
    const bytes = client.takeOutput()!;
    const whole = pair(extension).server.receive(bytes.slice()).map(kept);
    equal(whole.length, 8);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { server } = pair(extension);
      const events = server.receive(bytes.slice(0, cut)).map(kept);
      events.push(...server.receive(bytes.slice(cut)).map(kept));
      deepEqual(events, whole, `${cut}`);
    }
  });
}

Deno.test("a shared body is the same bytes at each of many clients", () => {
  const ends = Array.from({ length: 5 }, () => pair(offerDeflate({ zlib })));
  const body = new SharedBytes(utf8("shared words ".repeat(100)));
  const outputs = ends.map(({ server }, at) => {
    server.sendShared(utf8(`["EVENT","${at}",`), body, utf8("]"));
    return server.takeOutput()!.slice();
  });
  const whole = concat(outputs);
  equal(whole.length < 5 * 100, true, `${whole.length} bytes`);
  ends.forEach(({ client }, at) => {
    deepEqual(client.receive(outputs[at]!), [
      { type: "text", text: `["EVENT","${at}",${"shared words ".repeat(100)}]` },
    ]);
  });
});
