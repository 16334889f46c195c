/**
 * What a hostile client sends, within the limits and with default settings, and beside each the ordinary
 * traffic of about the same size that it is compared with.
 *
 * @module
 */

import { deflateRawSync } from "node:zlib";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { rawFrame } from "../kit/raw_frame.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { generatedMessages } from "./generated.ts";
import { SchnorrSigner } from "../kit/signer.ts";

/** The bytes of one connection behind its handshake, or from its first byte on if it speaks plain HTTP. */
export interface Traffic {
  readonly bytes: Uint8Array;
  /** Whether it reads what it is sent. Default: it does. */
  readonly neverReads?: boolean;
  /** Whether messages are compressed. */
  readonly isDeflated?: boolean;
  readonly isHttp?: boolean;
}

/** One way to attack, and its ordinary twin. Both are made anew for each connection. */
export interface Attack {
  readonly name: string;
  readonly hostile: (connection: number) => Traffic;
  readonly ordinary: (connection: number) => Traffic;
}

const random = new SeededRandom(20_260_101);
const signer = new SchnorrSigner(random);
const nowS = Math.floor(Date.now() / 1000);

/** A masked text frame. The key 0 leaves the bytes as they are. */
function text(message: string): Uint8Array {
  const payload = utf8(message);
  const head = new Uint8Array(14);
  const view = new DataView(head.buffer);
  head[0] = 0x81;
  head[1] = 0xff;
  view.setUint32(6, payload.length);
  return concat([head, payload]);
}

function deflated(message: string): Uint8Array {
  const payload = deflateRawSync(message, { finishFlush: 2, level: 9 }).subarray(0, -4);
  return rawFrame({ opcode: 1, rsv: 4, key: [0, 0, 0, 0], payload });
}

function texts(messages: readonly string[]): Traffic {
  return { bytes: concat(messages.map(text)) };
}

function times<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => make(at));
}

const hex = (at: number) => at.toString(16).padStart(64, "0");
const req = (id: string, ...filters: unknown[]) => JSON.stringify(["REQ", id, ...filters]);

let made = 0;
function signed(tags: string[][], content = ""): string {
  const event = signer.sign({
    kind: 1,
    created_at: nowS - 10_000 - made,
    tags,
    content: content + made++,
  });
  return JSON.stringify(["EVENT", event]);
}

/** Stored DEFLATE blocks without content: a head of three bits, then the length 0 and its complement. */
function emptyBlocks(): Uint8Array {
  const blocks = new Uint8Array(500_001);
  for (let at = 0; at + 5 < blocks.length; at += 5) blocks.fill(255, at + 3, at + 5);
  return blocks;
}

const manyReqs = () => texts(times(200, (at) => req(`r${at % 50}`, { kinds: [1], limit: 5 })));

/** What {@link generatedMessages} draws from `seed`, each connection its own. */
export function generatedAttack(seed: number): Attack {
  return {
    name: `generated ${seed}`,
    hostile: (connection) => texts(generatedMessages(seed + connection)),
    ordinary: manyReqs,
  };
}

/** By its name. */
export function attackNamed(name: string): Attack {
  const [, seed] = /^generated (\d+)$/.exec(name) ?? [];
  if (seed !== undefined) return generatedAttack(Number(seed));
  const attack = attacks.find((attack) => attack.name === name);
  if (attack === undefined) throw new Error(`there is no attack "${name}"`);
  return attack;
}

export const attacks: readonly Attack[] = [
  {
    name: "100 subscriptions to a tag and an event with 5,000 of it",
    hostile: () =>
      texts([
        ...times(100, (at) => req(`s${at}`, { "#t": ["x"], "#p": [hex(at)], limit: 0 })),
        ...times(3, () => signed(times(5_000, () => ["t", "x"]))),
      ]),
    ordinary: () => texts(times(3, () => signed([["t", "x"]], "x".repeat(50_000)))),
  },
  {
    name: "half a megabyte of fractions in 600 bytes",
    hostile: () => ({
      isDeflated: true,
      bytes: concat(
        times(60, () => deflated(`["REQ","a",{"kinds":[${"1.5,".repeat(130_000)}1]}]`)),
      ),
    }),
    ordinary: () => ({
      isDeflated: true,
      bytes: concat(
        times(60, () => deflated(`["EVENT",{"content":"${"hello ".repeat(86_000)}"}]`)),
      ),
    }),
  },
  {
    name: "events with false signatures",
    hostile: (connection) => {
      const [, event] = JSON.parse(signed([], `forged ${connection} `));
      const forged = { ...event, sig: hex(1) + hex(2) };
      return texts(times(4_000, () => JSON.stringify(["EVENT", forged])));
    },
    ordinary: manyReqs,
  },
  {
    name: "empty continuation frames",
    hostile: () => {
      const begun = rawFrame({ opcode: 1, fin: false, key: [0, 0, 0, 0] });
      const more = rawFrame({ opcode: 0, fin: false, key: [0, 0, 0, 0] });
      return { bytes: concat([begun, ...times(200_000, () => more)]) };
    },
    ordinary: manyReqs,
  },
  {
    name: "pipelined requests whose answers nobody reads",
    hostile: () => ({
      isHttp: true,
      neverReads: true,
      bytes: utf8("GET / HTTP/1.1\r\nHost: relay\r\n\r\n".repeat(2_000)),
    }),
    ordinary: () => ({ isHttp: true, bytes: utf8("GET / HTTP/1.1\r\nHost: relay\r\n\r\n") }),
  },
  {
    name: "bodies in chunks of one byte",
    hostile: () => ({
      isHttp: true,
      bytes: utf8(
        `POST / HTTP/1.1\r\nHost: relay\r\nTransfer-Encoding: chunked\r\n\r\n${
          "1\r\na\r\n".repeat(200_000)
        }`,
      ),
    }),
    ordinary: () => ({
      isHttp: true,
      bytes: utf8(
        `POST / HTTP/1.1\r\nHost: relay\r\nContent-Length: 200000\r\n\r\n${"a".repeat(200_000)}`,
      ),
    }),
  },
  {
    name: "fields with spaces that end nothing",
    hostile: () => ({
      isHttp: true,
      bytes: utf8(
        `GET /health HTTP/1.1\r\nHost: relay\r\nA: a${" ".repeat(15_000)}b\r\n\r\n`.repeat(20),
      ),
    }),
    ordinary: () => ({
      isHttp: true,
      bytes: utf8("GET /health HTTP/1.1\r\nHost: relay\r\n\r\n".repeat(20)),
    }),
  },
  {
    name: "half a megabyte of compressed nothing",
    hostile: () => ({
      isDeflated: true,
      bytes: concat(times(10, () => rawFrame({ opcode: 1, rsv: 4, payload: emptyBlocks() }))),
    }),
    ordinary: manyReqs,
  },
  {
    name: "NEG-OPENs under four ids",
    hostile: () => texts(times(1_000, (at) => `["NEG-OPEN","${at % 4}",{},"6100000200"]`)),
    ordinary: manyReqs,
  },
  {
    name: "REQs of thousands of values under one id",
    hostile: (connection) =>
      texts(times(100, (at) => {
        const from = 1_000_000 * connection + 5_000 * at;
        return req("same", { authors: times(4_900, (n) => hex(from + n)) });
      })),
    ordinary: (connection) =>
      texts(times(20, (at) => req(`r${at}`, { authors: times(100, (n) => hex(connection + n)) }))),
  },
  {
    name: "subscriptions of as many values as there can be",
    hostile: (connection) =>
      texts(times(100, (at) => {
        const from = 1_000_000 * connection + 5_000 * at;
        return req(`v${at}`, { "#t": times(4_900, (n) => `value ${from + n}`), limit: 0 });
      })),
    ordinary: manyReqs,
  },
  {
    name: "events of 5,000 different tags",
    hostile: (connection) =>
      texts(times(10, (at) => signed(times(5_000, (n) => ["t", `${connection} ${at} ${n}`])))),
    ordinary: () => texts(times(10, () => signed([], "x".repeat(100_000)))),
  },
  {
    name: "answers that nobody reads",
    hostile: () => ({
      neverReads: true,
      ...texts(times(20, (at) => req(`n${at}`, { kinds: [1], limit: 1_000 }))),
    }),
    ordinary: () => texts(times(20, (at) => req(`n${at}`, { kinds: [1], limit: 10 }))),
  },
  {
    name: "REQs of fifty filters",
    hostile: (connection) =>
      texts(times(20, (at) => {
        const filters = times(50, (n) => ({
          ids: times(50, (id) => hex(100_000 * connection + 2_500 * at + 50 * n + id)),
          kinds: [n],
          "#t": [`${n}`],
        }));
        return req(`f${at}`, ...filters);
      })),
    ordinary: manyReqs,
  },
];
