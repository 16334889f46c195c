/**
 * A peer without a socket that keeps what it is sent.
 *
 * @module
 */

import type { SharedBytes } from "../../src/base/bytes.ts";
import { concat, utf8Decode } from "../../src/base/bytes.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Peer, PeerEvents } from "../../src/relay/peer.ts";

/**
 * Passes text to a session and collects the answers. It reads at once unless {@link stopReading}
 * was called; from then on bytes accumulate in {@link queuedBytes}.
 */
export class FakePeer implements Peer {
  readonly address: string = "192.0.2.1";
  lastHeardMs: number;
  queuedBytes = 0;
  windowBytes = Infinity;
  /** How long what it says has waited for its connection's turn. */
  waitedMs = 0;
  /** All text messages so far. */
  readonly sent: string[] = [];
  pings = 0;
  isPaused = false;
  /** The messages that it was charged for. */
  charged = 0;
  /** How the relay closed the connection. */
  closing: { readonly code: number; readonly reason: string } | undefined = undefined;
  /** Whether the relay closed it as too slow. */
  isShed = false;
  readonly #clock: Clock;
  #events: PeerEvents | undefined = undefined;
  #isReading = true;
  #isDrainedRequested = false;
  #taken = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.lastHeardMs = clock.monotonicMs();
  }

  /** Connects the peer to its session. */
  attach(events: PeerEvents): this {
    this.#events = events;
    return this;
  }

  /** Sends texts, as one read of the relay's socket. */
  say(...texts: string[]): void {
    this.lastHeardMs = this.#clock.monotonicMs() - this.waitedMs;
    this.#events?.messages(texts.map((text) => ({ type: "text", text })));
  }

  sayBinary(bytes: Uint8Array): void {
    this.#events?.messages([{ type: "binary", bytes }]);
  }

  /** Closes the connection. */
  hangUp(): void {
    this.#events?.closed();
  }

  stopReading(): void {
    this.#isReading = false;
  }

  /** Reads everything that accumulated, and resumes reading. */
  readOn(): void {
    this.#isReading = true;
    this.queuedBytes = 0;
    if (!this.#isDrainedRequested) return;
    this.#isDrainedRequested = false;
    this.#events?.drained();
  }

  /** What was sent since the last call. */
  takeSent(): string[] {
    const texts = this.sent.slice(this.#taken);
    this.#taken = this.sent.length;
    return texts;
  }

  send(text: string): void {
    if (this.closing !== undefined) return;
    this.sent.push(text);
    if (!this.#isReading) this.queuedBytes += text.length;
  }

  sendShared(head: Uint8Array, body: SharedBytes, tail: Uint8Array): void {
    this.send(utf8Decode(concat([head, body.bytes, tail]))!);
  }

  requestDrained(): void {
    this.#isDrainedRequested = true;
    if (this.#isReading) queueMicrotask(() => this.readOn());
  }

  charge(messages: number): void {
    this.charged += messages;
  }

  ping(): void {
    this.pings++;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(code: number, reason: string): void {
    this.closing ??= { code, reason };
    queueMicrotask(() => this.#events?.closed());
  }

  shed(code: number, reason: string): void {
    this.isShed = this.closing === undefined;
    this.close(code, reason);
  }
}
