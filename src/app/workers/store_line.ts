/**
 * The messages of the thread that has the store, in the order in which they were sent.
 *
 * @module
 */

import { type MessagePort as NodePort, receiveMessageOnPort } from "node:worker_threads";
import type { FromStore, StoreAccess, ToStore } from "./store_messages.ts";

/**
 * A thread's end of the line to the store.
 *
 * The event loop may hand over what a client has sent before a message that was sent earlier. So a thread
 * that is about to answer from memory calls {@link catchUp}.
 */
export class StoreLine {
  readonly #port: MessagePort;
  readonly #sent: StoreAccess["sent"];
  readonly #onContent: (content: FromStore["content"]) => void;
  /** The number of the last message that was taken. */
  #taken = 0;
  /**
   * Messages whose turn has not come, by number: {@link catchUp} may get one while the runtime is handing
   * over the one before.
   */
  readonly #waiting = new Map<number, FromStore["content"]>();

  /** @param onContent takes a message; it must not throw */
  constructor(access: StoreAccess, onContent: (content: FromStore["content"]) => void) {
    this.#port = access.port;
    this.#sent = access.sent;
    this.#onContent = onContent;
    this.#port.onmessage = ({ data }: MessageEvent<FromStore>) => this.#take(data);
  }

  send(message: ToStore, bytes?: Uint8Array<ArrayBuffer>): void {
    this.#port.postMessage(message, bytes === undefined ? [] : [bytes.buffer]);
  }

  /** Takes all that has been sent by now; false if that is not possible in this turn. */
  catchUp(): boolean {
    const sent = Atomics.load(this.#sent, 0);
    while (((sent - this.#taken) | 0) > 0) {
      // The runtime's ports are those of Node, too; the types are not.
      const received = receiveMessageOnPort(this.#port as unknown as NodePort);
      if (received === undefined) return false;
      this.#take(received.message as FromStore);
    }
    return true;
  }

  close(): void {
    this.#port.close();
  }

  #take({ number, content }: FromStore): void {
    this.#waiting.set(number, content);
    for (;;) {
      const next = this.#next;
      const content = this.#waiting.get(next);
      if (content === undefined) return;
      this.#waiting.delete(next);
      this.#onContent(content);
      this.#taken = next;
    }
  }

  get #next(): number {
    return (this.#taken + 1) | 0;
  }
}
