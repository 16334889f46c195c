/**
 * A WebSocket client with negligible cost, so that a benchmark measures the relay.
 *
 * Frames are built before the measurement and masked with the key 0, which leaves the payload as it
 * is. Received messages are split and counted, not parsed. Pings are answered, because the relay
 * limits what it sends to a client that does not show that it reads.
 *
 * @module
 */

import { utf8 } from "../../src/base/bytes.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** One connection. Call {@link read} once; it runs until the connection ends. */
export class RawClient {
  readonly #connection: Deno.Conn;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** The previous write: a pong must not be written between the two halves of a frame. */
  #written: Promise<void> = Promise.resolve();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /**
   * Connects to `ws://host:port/path` and completes the opening handshake. With extensions,
   * payloads are not decoded.
   */
  static async connect(url: string, extensions?: string): Promise<RawClient> {
    const { hostname, port, pathname } = new URL(url);
    const connection = await Deno.connect({ hostname, port: Number(port || "80") });
    connection.setNoDelay(true);
    const client = new RawClient(connection);
    await client.#write(utf8(
      `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n` +
        (extensions === undefined ? "" : `Sec-WebSocket-Extensions: ${extensions}\r\n`) + "\r\n",
    ));
    const head = await client.#readHead();
    if (extensions !== undefined && !head.toLowerCase().includes("sec-websocket-extensions:")) {
      throw new Error("the relay agreed to no extension");
    }
    return client;
  }

  /** Writes complete frames. */
  send(...frames: Uint8Array[]): Promise<void> {
    return this.#write(frames.length === 1 ? frames[0]! : join(frames));
  }

  /**
   * Calls `onMessage` with the payload of each text message, which is valid during the call only.
   */
  async read(onMessage: (payload: Uint8Array) => void): Promise<void> {
    const chunk = new Uint8Array(256 * 1024);
    try {
      for (;;) {
        this.#cut(onMessage);
        const length = await this.#connection.read(chunk);
        if (length === null) return;
        this.#rest = this.#rest.length === 0
          ? chunk.slice(0, length)
          : join([this.#rest, chunk.subarray(0, length)]);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        throw error;
      }
    }
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // The relay has closed it already.
    }
  }

  #write(bytes: Uint8Array): Promise<void> {
    return this.#written = this.#written.then(() => this.#writeAll(bytes));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length;) {
      start += await this.#connection.write(bytes.subarray(start));
    }
  }

  #pong(payload: Uint8Array): void {
    // The reader reports a connection that ends meanwhile.
    this.#write(join([Uint8Array.of(0x8a, 0x80 | payload.length, 0, 0, 0, 0), payload])).catch(
      () => {},
    );
  }

  async #readHead(): Promise<string> {
    const chunk = new Uint8Array(4096);
    let head = "";
    while (!head.includes("\r\n\r\n")) {
      const length = await this.#connection.read(chunk);
      if (length === null) throw new Error("the relay hung up during the handshake");
      head += new TextDecoder("latin1").decode(chunk.subarray(0, length));
    }
    if (!head.startsWith("HTTP/1.1 101")) throw new Error(head.split("\r\n")[0]);
    const rest = head.slice(head.indexOf("\r\n\r\n") + 4);
    this.#rest = Uint8Array.from(rest, (character) => character.charCodeAt(0));
    return head;
  }

  #cut(onMessage: (payload: Uint8Array) => void): void {
    const bytes = this.#rest;
    let offset = 0;
    for (;;) {
      const frame = frameAt(bytes, offset);
      if (frame === undefined) break;
      if (frame.opcode === 1 && !isChallenge(bytes, frame.start)) {
        onMessage(bytes.subarray(frame.start, frame.end));
      }
      if (frame.opcode === 9) this.#pong(bytes.subarray(frame.start, frame.end));
      offset = frame.end;
    }
    this.#rest = offset === 0 ? bytes : bytes.slice(offset);
  }
}

/** `["AUTH",…]`, which is not answered. */
function isChallenge(bytes: Uint8Array, start: number): boolean {
  return bytes[start + 2] === 0x41;
}

/** A masked text frame. */
export function textFrame(text: string): Uint8Array<ArrayBuffer> {
  const payload = utf8(text);
  const head = payload.length < 126
    ? [0x81, 0x80 | payload.length]
    : payload.length < 65_536
    ? [0x81, 0xfe, payload.length >> 8, payload.length & 255]
    : [
      0x81,
      0xff,
      0,
      0,
      0,
      0,
      ...new Uint8Array(new Uint32Array([payload.length]).buffer).reverse(),
    ];
  return join([Uint8Array.from([...head, 0, 0, 0, 0]), payload]);
}

function frameAt(
  bytes: Uint8Array,
  offset: number,
): { opcode: number; start: number; end: number } | undefined {
  if (bytes.length < offset + 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const short = bytes[offset + 1]! & 0x7f;
  const start = offset + (short < 126 ? 2 : short === 126 ? 4 : 10);
  if (bytes.length < start) return undefined;
  const length = short < 126
    ? short
    : short === 126
    ? view.getUint16(offset + 2)
    : Number(view.getBigUint64(offset + 2));
  const end = start + length;
  return bytes.length < end ? undefined : { opcode: bytes[offset]! & 15, start, end };
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
