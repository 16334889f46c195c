/**
 * A WebSocket client with negligible cost, so that a benchmark measures the relay.
 *
 * Frames are built before the measurement and masked with the key 0, which leaves the payload as it
 * is. Received messages are split and counted, not parsed. Pings are answered, because the relay
 * limits what it sends to a client that does not show that it reads.
 *
 * @module
 */

import { concat, utf8, utf8Decode } from "../../src/base/bytes.ts";
import { frame } from "./frames.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const FIRST_BUFFER_BYTES = 16 * 1024;
const READ_BYTES = 256 * 1024;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_HEAD_BYTES = 64 * 1024;

/** How to connect. */
export interface RawClientOptions {
  /** The extensions to ask for. With any, payloads are not decoded. */
  readonly extensions?: string | undefined;
  /** How long the handshake may take. Default: ten seconds. */
  readonly timeoutMs?: number;
}

/** Takes the payload of a message. */
export type OnMessage = (payload: Uint8Array, isCompressed: boolean) => void;

/** Why there is no connection. */
export interface ConnectFault {
  readonly fault: string;
}

/** One connection. Call {@link read} once; it runs until the connection ends. */
export class RawClient {
  readonly #connection: Deno.Conn;
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #filled = 0;
  /** The frames so far of a message in several. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #isCompressed = false;
  #closeReason: string | undefined;
  #isClosed = false;
  /** The previous write: a pong must not be written between the two halves of a frame. */
  #written: Promise<void> = Promise.resolve();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** As {@link open}; throws where there is no connection. */
  static async connect(url: string, extensions?: string): Promise<RawClient> {
    const client = await RawClient.open(url, { extensions });
    if ("fault" in client) throw new Error(client.fault);
    return client;
  }

  /** Connects to a `ws:` or `wss:` URL and completes the opening handshake. */
  static async open(
    url: string,
    { extensions, timeoutMs = 10_000 }: RawClientOptions = {},
  ): Promise<RawClient | ConnectFault> {
    const { host, pathname, search } = new URL(url);
    const client = await dial(url, timeoutMs);
    if ("fault" in client) return client;
    const request = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n` +
      `Upgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n` +
      (extensions === undefined ? "" : `Sec-WebSocket-Extensions: ${extensions}\r\n`) + "\r\n";
    const fault = await client.#shakeHands(request, timeoutMs, extensions !== undefined);
    if (fault === undefined) return client;
    client.close();
    return { fault };
  }

  /** Writes complete frames. A connection that has ended is reported by {@link read} alone. */
  send(...frames: Uint8Array[]): Promise<void> {
    return this.#write(frames.length === 1 ? frames[0]! : concat(frames)).catch(() => {});
  }

  /**
   * Calls `onMessage` with the payload of each text message, which is valid during the call only,
   * and whether it is compressed. Returns, when the connection has ended, what the relay said about it.
   */
  async read(onMessage: OnMessage): Promise<string> {
    try {
      for (;;) {
        this.#cut(onMessage);
        if (this.#closeReason !== undefined) {
          this.#hangUp();
          return this.#closeReason;
        }
        if (this.#filled === this.#buffer.length && !this.#grow(MAX_MESSAGE_BYTES)) {
          this.#hangUp();
          return "a frame of more than 16 MiB";
        }
        const length = await this.#connection.read(this.#buffer.subarray(this.#filled));
        if (length === null) return "closed without a close frame";
        this.#filled += length;
        // Much comes at once: fewer and larger reads.
        if (this.#filled === this.#buffer.length) this.#grow(READ_BYTES);
      }
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
        return "closed by the client";
      }
      return (error as Error).message;
    }
  }

  /** Whether {@link close} was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
    this.#hangUp();
  }

  #hangUp(): void {
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

  /** Sends the request and reads the response; returns what is wrong with it. */
  async #shakeHands(
    request: string,
    timeoutMs: number,
    wantsExtension: boolean,
  ): Promise<string | undefined> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.close();
    }, timeoutMs);
    try {
      await this.#write(utf8(request));
      return await this.#readHead(wantsExtension);
    } catch (error) {
      return isLate ? "no answer to the handshake" : `handshake: ${(error as Error).message}`;
    } finally {
      clearTimeout(timer);
    }
  }

  async #readHead(wantsExtension: boolean): Promise<string | undefined> {
    for (;;) {
      const length = await this.#connection.read(this.#buffer.subarray(this.#filled));
      if (length === null) return "handshake: the relay hung up";
      this.#filled += length;
      const head = new TextDecoder("latin1").decode(this.#buffer.subarray(0, this.#filled));
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) {
        if (this.#filled < this.#buffer.length || this.#grow(MAX_HEAD_BYTES)) continue;
        return "handshake: a response of more than 64 KiB";
      }
      if (!/^HTTP\/1\.1 101\b/.test(head)) return `handshake: ${head.split("\r\n")[0]}`;
      const hasExtension = /^sec-websocket-extensions:/im.test(head.slice(0, end));
      if (wantsExtension && !hasExtension) return "the relay agreed to no extension";
      this.#drop(end + 4);
      return undefined;
    }
  }

  #cut(onMessage: OnMessage): void {
    const bytes = this.#buffer.subarray(0, this.#filled);
    let offset = 0;
    for (;;) {
      const frame = frameAt(bytes, offset);
      if (frame === undefined) break;
      const payload = bytes.subarray(frame.start, frame.end);
      if (frame.first === 0x81 || frame.first === 0xc1) onMessage(payload, frame.first === 0xc1);
      else this.#onOtherFrame(frame.first, payload, onMessage);
      offset = frame.end;
    }
    this.#drop(offset);
  }

  /** Control frames, and messages in several frames. */
  #onOtherFrame(
    first: number,
    payload: Uint8Array,
    onMessage: OnMessage,
  ): void {
    const opcode = first & 15;
    if (opcode === 1) this.#isCompressed = (first & 0x40) !== 0;
    if (opcode === 9) void this.send(frame(0x8a, payload));
    if (opcode === 8) {
      const code = payload[0]! << 8 | payload[1]!;
      const reason = utf8Decode(payload.subarray(2));
      this.#closeReason = payload.length < 2 ? "closed" : `closed with ${code}: ${reason}`;
    }
    if (opcode > 1) return;
    this.#parts.push(payload.slice());
    this.#partBytes += payload.length;
    if (this.#partBytes > MAX_MESSAGE_BYTES) {
      this.#closeReason = "a message of more than 16 MiB";
      return;
    }
    if ((first & 0x80) === 0) return;
    onMessage(concat(this.#parts), this.#isCompressed);
    this.#parts = [];
    this.#partBytes = 0;
  }

  /** Forgets the first bytes. */
  #drop(count: number): void {
    if (count === 0) return;
    this.#buffer.copyWithin(0, count, this.#filled);
    this.#filled -= count;
  }

  /** Doubles the buffer; whether it may be that large. */
  #grow(mostBytes: number): boolean {
    if (this.#buffer.length >= mostBytes) return false;
    const larger = new Uint8Array(2 * this.#buffer.length);
    larger.set(this.#buffer);
    this.#buffer = larger;
    return true;
  }
}

/** A connection before its handshake, with TLS for `wss:`. */
async function dial(url: string, timeoutMs: number): Promise<RawClient | ConnectFault> {
  const { protocol, hostname: name, port } = new URL(url);
  const isTls = protocol === "wss:";
  const hostname = name.replace(/^\[|\]$/g, "");
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    const address = { hostname, port: Number(port || (isTls ? 443 : 80)) };
    const tcp = await Deno.connect({ ...address, signal: abort.signal });
    tcp.setNoDelay(true);
    return new RawClient(isTls ? await Deno.startTls(tcp, { hostname }) : tcp);
  } catch (error) {
    return { fault: `no connection: ${(error as Error).message}` };
  } finally {
    clearTimeout(timer);
  }
}

function frameAt(
  bytes: Uint8Array,
  offset: number,
): { first: number; start: number; end: number } | undefined {
  if (bytes.length < offset + 2) return undefined;
  const short = bytes[offset + 1]! & 0x7f;
  const start = offset + (short < 126 ? 2 : short === 126 ? 4 : 10);
  if (bytes.length < start) return undefined;
  const length = short < 126 ? short : lengthAt(bytes, offset + 2, start);
  const end = start + length;
  return bytes.length < end ? undefined : { first: bytes[offset]!, start, end };
}

/** A number in network byte order. */
function lengthAt(bytes: Uint8Array, start: number, end: number): number {
  let length = 0;
  for (let at = start; at < end; at++) length = length * 256 + bytes[at]!;
  return length;
}
