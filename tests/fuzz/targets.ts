/**
 * What is fuzzed, and what must hold whatever comes. A target throws when it does not hold.
 *
 * @module
 */

import { deepEqual, ok } from "node:assert/strict";
import { nodeSha1 } from "../../src/net/sha1.ts";
import { nodeZlib } from "../../src/net/zlib.ts";
import { BufferPool } from "../../src/websocket/buffer_pool.ts";
import { ClientHandshake } from "../../src/websocket/client_handshake.ts";
import { parseExtensions } from "../../src/websocket/header_list.ts";
import {
  acceptDeflate,
  offerDeflate,
  PermessageDeflate,
} from "../../src/websocket/permessage_deflate.ts";
import { Protocol, type ProtocolEvent } from "../../src/websocket/protocol.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

/** Takes any bytes. `random` decides how they are cut into reads. */
export type Target = (bytes: Uint8Array, random: SeededRandom) => void;

const zlib = nodeZlib;
const maxMessageBytes = 2000;
const extension = new PermessageDeflate({ zlib, windowBits: 15, minBytes: 0 });

/** What a pool may be given back: a message, a read's output, each grown by doubling. */
const maxPooledBytes = 64 * 1024;

/** The targets; the seeds of each are in the folder of its name. */
export const targets: Readonly<Record<string, Target>> = {
  "server": protocolTarget((pool) => new Protocol({ role: "server", maxMessageBytes, pool })),
  "server-deflate": protocolTarget((pool) =>
    new Protocol({ role: "server", maxMessageBytes, pool, extension })
  ),
  "client-deflate": protocolTarget((pool) =>
    new Protocol({ role: "client", maxMessageBytes, pool, extension, random: new SeededRandom(1) })
  ),
  "response": fuzzResponse,
  "extensions": fuzzExtensions,
};

/** No throw, one fault at most and nothing after it, nothing too long, and the same however cut. */
function protocolTarget(make: (pool: BufferPool) => Protocol): Target {
  return (bytes, random) => {
    const pool = new BufferPool(Infinity);
    const inPieces = play(make(pool), pieces(bytes, random));
    ok(pool.spareBytes <= maxPooledBytes, `${pool.spareBytes} bytes of memory`);
    deepEqual(inPieces, play(make(new BufferPool()), [bytes]));
    const end = inPieces.findIndex(({ type }) => type === "fault" || type === "close");
    ok(end < 0 || end === inPieces.length - 1, "an end is the last event");
    for (const event of inPieces) ok(lengthOf(event) <= maxMessageBytes, "a message is too long");
  };
}

function play(protocol: Protocol, reads: readonly Uint8Array[]): ProtocolEvent[] {
  const events: ProtocolEvent[] = [];
  for (const read of reads) {
    const heard = protocol.receive(read.slice());
    for (const event of heard) {
      events.push("bytes" in event ? { ...event, bytes: event.bytes.slice() } : event);
      // Answering is what an attacker makes us do.
      if (event.type === "text") protocol.sendText(event.text);
    }
    protocol.takeOutput();
    protocol.recycleOutput();
  }
  protocol.receiveEof();
  return events;
}

function lengthOf(event: ProtocolEvent): number {
  if (event.type === "text") return event.text.length;
  return "bytes" in event ? event.bytes.length : 0;
}

/** No throw, an answer that more bytes do not change, and the same however cut. */
function fuzzResponse(bytes: Uint8Array, random: SeededRandom): void {
  const make = () =>
    new ClientHandshake({
      authority: "fuzz",
      target: "/",
      random: new SeededRandom(1),
      subprotocols: ["nostr"],
      extension: offerDeflate({ zlib }),
      maxHeadBytes: 1000,
    }, nodeSha1);
  const whole = make().receive(bytes);
  const handshake = make();
  for (const piece of pieces(bytes, random)) {
    const answer = handshake.receive(piece);
    if (answer === undefined) continue;
    deepEqual({ ...answer, rest: undefined, extension: undefined }, {
      ...whole,
      rest: undefined,
      extension: undefined,
    });
    return;
  }
  ok(whole === undefined, "the whole has an answer, its pieces have none");
}

/** No throw, and what is granted can be asked for. */
function fuzzExtensions(bytes: Uint8Array): void {
  const offers = parseExtensions(new TextDecoder("latin1").decode(bytes));
  if (offers === undefined) return;
  offerDeflate({ zlib }).accept(offers);
  const agreed = acceptDeflate({ zlib })(offers);
  if (agreed !== undefined) ok(parseExtensions(agreed.header) !== undefined);
}

function pieces(bytes: Uint8Array, random: SeededRandom): readonly Uint8Array[] {
  const cut: Uint8Array[] = [];
  const longest = random.pick([1, 3, 20, 500, 100_000]);
  for (let at = 0; at < bytes.length;) {
    const end = at + random.between(1, longest);
    cut.push(bytes.subarray(at, end));
    at = end;
  }
  return cut;
}
