/**
 * HTTP/1.1 on one socket, server side: one request at a time.
 *
 * Nothing is read while an answer is made or waits to be written, so a peer that sends thousands of
 * requests without reading answers holds one of them here and the rest on its own side. Answers leave
 * in the order of their requests, and an upgrade is seen once the answers before it have left.
 *
 * @see RFC 9112
 * @module
 */

import { processTurns, type Turns } from "../turns.ts";
import { concat } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { encodeResponse, refuse } from "../../websocket/handshake.ts";
import type { ByteStream } from "../byte_stream.ts";
import type { Deadline } from "./deadline.ts";
import { guarded } from "../guard.ts";
import { encodeAnswer } from "./http_exchange.ts";
import { RequestBody } from "./request_body.ts";
import {
  isUpgrade,
  parseRequestHead,
  type RequestFault,
  type RequestHead,
} from "./request_head.ts";

/** The bounds of a conversation. */
export interface HttpLimits {
  /** The longest head of a request, in bytes. Each open request may make us hold as much. */
  readonly maxHeaderBytes: number;
  /** The longest body of a plain request, in bytes. */
  readonly maxBodyBytes: number;
  /** How long a request may take to come whole, and an answer to leave, milliseconds. */
  readonly handshakeTimeoutMs: number;
}

/** Who is told what the peer asks. What these throw ends this conversation and nothing else. */
export interface HttpEvents {
  /** A request with its body. */
  request(head: RequestHead, body: Uint8Array<ArrayBuffer>): Response | Promise<Response>;
  /** An upgrade to WebSocket. The socket, which nobody reads from, and the rest belong to whoever gets them. */
  upgrade(head: RequestHead, rest: Uint8Array): void;
  /** A request that is none, and is answered so. */
  refused(fault: RequestFault): void;
  /** Something of ours threw. The peer is answered 500 if it can be. */
  failed(error: unknown): void;
}

interface HttpConversationOptions {
  /** Nobody reads from it. */
  readonly socket: ByteStream;
  /** What the peer's connections share their turns by. Default: it has its own turns. */
  readonly client?: string | undefined;
  /** Ends the socket. It counts while something is waited for from the peer. */
  readonly deadline: Pick<Deadline, "restart" | "stop">;
  readonly clock: Clock;
  readonly limits: HttpLimits;
  /** Shared by the connections of a process; the default is. */
  readonly turns?: Turns;
}

/** How long a peer that was refused may go on sending before it is cut off, milliseconds. */
const lingerMs = 1_000;

/** What answering a request counts for in the turns that connections take: as much as handling this many bytes. */
const REQUEST_COST_BYTES = 8 * 1024;

/**
 * How many times as much a byte of a head, or of a body in chunks of one byte, costs as one of a message: a
 * kilobyte of either takes some 200 microseconds.
 */
const BYTE_COST = 4;

/** How much of a body is taken in one turn, bytes. */
const SLICE_BYTES = 8 * 1024;

/** Speaks HTTP with one peer. */
export class HttpConversation {
  readonly #options: HttpConversationOptions;
  readonly #turns: Turns;
  readonly #events: HttpEvents;
  /**
   * - `head`, `body`: the peer is sending.
   * - `answering`: it is our turn, and nothing is read.
   * - `over`: the socket is ending, or is somebody else's.
   */
  #state: "head" | "body" | "answering" | "over" = "head";
  /** Bytes that have come and have not been looked at. */
  #pending: Uint8Array = new Uint8Array();
  #head: RequestHead | undefined = undefined;
  #body: RequestBody | undefined = undefined;
  /** The peer sends no more. */
  #eof = false;
  /** Whether the process is going to stop, so that no further request is waited for. */
  #isLast = false;

  constructor(options: HttpConversationOptions, events: HttpEvents) {
    this.#options = options;
    this.#turns = options.turns ?? processTurns;
    this.#events = events;
  }

  /** Begins to read. */
  start(): void {
    const { socket } = this.#options;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
    // A peer that goes away is nobody's error.
    socket.on("error", ignore);
    socket.resume();
  }

  /** Ends the connection once the request that is being answered is, or now if none has come whole. */
  finish(): void {
    this.#isLast = true;
    if (this.#state === "head" || this.#state === "body") this.#end();
  }

  readonly #fail = (error: unknown): void => {
    this.#state = "over";
    try {
      this.#events.failed(error);
    } finally {
      this.#options.socket.destroy();
    }
  };

  readonly #onData = guarded((chunk: Uint8Array): void => {
    if (this.#state === "over") return;
    // Streams deliver a Buffer, whose slice() shares memory where that of Uint8Array copies.
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#pending = this.#pending.length === 0 ? bytes : concat([this.#pending, bytes]);
    if (this.#turns.isOpen) this.#advance();
    else this.#takeLater();
  }, this.#fail);

  readonly #onEnd = guarded((): void => {
    this.#eof = true;
    // Who stops in the middle of a request gets no answer to it.
    if (this.#state !== "answering") this.#end();
  }, this.#fail);

  readonly #onClose = (): void => {
    this.#state = "over";
  };

  /** Looks at what has come, as far as one request goes. */
  readonly #advance = (): void => {
    if (this.#state === "head") this.#takeHead();
    if (this.#state === "body") this.#takeBody();
  };

  readonly #turn = guarded(this.#advance, this.#fail);

  /** What has come waits for a turn, and nothing more is read until then. */
  #takeLater(): void {
    this.#options.socket.pause();
    this.#turns.add(this.#turn, { client: this.#options.client ?? this, connection: this });
  }

  #takeHead(): void {
    const parsed = parseRequestHead(this.#pending, this.#options.limits);
    if (parsed.type === "more") {
      if (this.#eof) this.#end();
      else this.#options.socket.resume();
      return;
    }
    const length = parsed.type === "head" ? parsed.length : 0;
    this.#turns.spend(REQUEST_COST_BYTES + BYTE_COST * length);
    if (parsed.type === "fault") return this.#refuse(parsed);
    const { head } = parsed;
    this.#pending = this.#pending.subarray(length);
    if (isUpgrade(head)) return this.#handOver(head);
    const expectation = head.headers.get("expect");
    if (expectation !== null && expectation.toLowerCase() !== "100-continue") {
      return this.#refuse({ type: "fault", status: 417, reason: "only 100-continue is expected" });
    }
    this.#head = head;
    this.#body = new RequestBody(head.framing, this.#options.limits.maxBodyBytes);
    this.#state = "body";
    const isAwaited = expectation !== null && head.framing !== undefined &&
      head.httpVersion === "1.1" && this.#pending.length === 0;
    const tooLong = head.framing?.type === "length" &&
      head.framing.bytes > this.#options.limits.maxBodyBytes;
    if (isAwaited && !tooLong) this.#options.socket.write(continueResponse);
  }

  #takeBody(): void {
    const slice = this.#pending.subarray(0, SLICE_BYTES);
    this.#turns.spend(BYTE_COST * slice.length);
    const progress = this.#body!.receive(slice);
    if (progress.type === "fault") return this.#refuse(progress);
    this.#pending = this.#pending.subarray(
      progress.type === "whole" ? progress.length : slice.length,
    );
    if (progress.type === "more") {
      if (this.#pending.length > 0) return this.#takeLater();
      if (this.#eof) this.#end();
      else this.#options.socket.resume();
      return;
    }
    this.#state = "answering";
    this.#options.socket.pause();
    this.#options.deadline.stop();
    const head = this.#head!;
    const body = this.#body!.bytes;
    this.#body = undefined;
    this.#answer(head, body).catch(guarded(this.#fail, ignore));
  }

  async #answer(head: RequestHead, body: Uint8Array<ArrayBuffer>): Promise<void> {
    const { clock, deadline, limits, socket } = this.#options;
    const response = await this.#responseTo(head, body);
    const isLast = this.#isLast || !head.keepAlive ||
      /\bclose\b/i.test(response.headers.get("connection") ?? "");
    const bytes = await encodeAnswer(response, {
      isHead: head.method === "HEAD",
      httpVersion: head.httpVersion,
      keepAlive: !isLast,
      idleTimeoutMs: limits.handshakeTimeoutMs,
      nowMs: clock.nowMs(),
    });
    // The peer may have gone meanwhile.
    if (this.#state !== "answering" || socket.destroyed) return;
    deadline.restart();
    if (isLast) return this.#endWith(bytes);
    socket.write(bytes, guarded(this.#onAnswered, this.#fail));
  }

  async #responseTo(head: RequestHead, body: Uint8Array<ArrayBuffer>): Promise<Response> {
    try {
      return await this.#events.request(head, body);
    } catch (error) {
      this.#events.failed(error);
      const headers = { connection: "close", "content-type": "text/plain; charset=utf-8" };
      return new Response("internal error\n", { status: 500, headers });
    }
  }

  readonly #onAnswered = (): void => {
    const { deadline, socket } = this.#options;
    if (this.#state !== "answering" || socket.destroyed) return;
    this.#state = "head";
    if (this.#isLast) return this.#end();
    // The next request must come in time, too.
    deadline.restart();
    // Requests that are here already take turns with those of others.
    if (this.#pending.length > 0) this.#takeLater();
    else if (this.#eof) this.#end();
    else socket.resume();
  };

  #handOver(head: RequestHead): void {
    // Its length would be one for frames, which nobody on the way knows.
    if (head.framing !== undefined) {
      return this.#refuse({ type: "fault", status: 400, reason: "an upgrade has no body" });
    }
    const { socket } = this.#options;
    this.#state = "over";
    socket.pause();
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("close", this.#onClose);
    // A view of what was read, however short, would keep all of it for as long as the connection lasts.
    this.#events.upgrade(head, this.#pending.slice());
    this.#pending = new Uint8Array();
  }

  #refuse(fault: RequestFault): void {
    this.#events.refused(fault);
    this.#endWith(encodeResponse(refuse(fault.status, fault.reason)));
  }

  /**
   * Sends the last bytes. What the peer is still sending is dropped for a moment: to close with bytes
   * unread would reset the connection, and the peer would lose the answer.
   *
   * @see RFC 9112 §9.6
   */
  #endWith(bytes: Uint8Array): void {
    const { clock, socket } = this.#options;
    this.#state = "over";
    this.#pending = new Uint8Array();
    if (!socket.writable) return void socket.destroy();
    const timer = clock.after(lingerMs, () => socket.destroy());
    socket.on("close", () => timer.cancel());
    socket.on("end", () => socket.destroy());
    socket.end(bytes, () => this.#eof && socket.destroy());
    socket.resume();
  }

  #end(): void {
    const { socket } = this.#options;
    this.#state = "over";
    this.#pending = new Uint8Array();
    socket.destroy();
  }
}

const continueResponse = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

function ignore(): void {}
