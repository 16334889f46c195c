/**
 * Conversations with the relay core, without a socket.
 *
 * @module
 */

import type { FakePeer } from "../kit/fake_peer.ts";
import { FakeRelay, settle } from "../kit/fake_relay.ts";
import type { Exchange, Heard, Line } from "./conversation.ts";

/** Connects to a fresh fake relay. */
export class FakeExchange implements Exchange {
  readonly #relay = new FakeRelay();
  readonly #peers: FakePeer[] = [];

  nowS(): number {
    return this.#relay.clock.nowMs() / 1_000;
  }

  connect(): Promise<Line> {
    const peer = this.#relay.connect();
    this.#peers.push(peer);
    return Promise.resolve(new FakeLine(peer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) peer.hangUp();
    await settle();
  }
}

class FakeLine implements Line {
  readonly #peer: FakePeer;
  readonly #heard: Heard[] = [];
  #isCloseHeard = false;

  constructor(peer: FakePeer) {
    this.#peer = peer;
  }

  say(text: string): void {
    this.#peer.say(text);
  }

  async hear(): Promise<Heard> {
    for (let turn = 0; turn < 50 && this.#heard.length === 0; turn++) {
      await settle();
      this.#collect();
    }
    return this.#heard.shift() ?? { text: '"nothing"' };
  }

  async settle(): Promise<readonly Heard[]> {
    await settle();
    this.#collect();
    return this.#heard;
  }

  #collect(): void {
    for (const text of this.#peer.takeSent()) this.#heard.push({ text });
    if (this.#peer.closing === undefined || this.#isCloseHeard) return;
    this.#isCloseHeard = true;
    this.#heard.push({ closeCode: this.#peer.closing.code });
  }
}
