/**
 * Records the events of a connection.
 *
 * @module
 */

import type { ConnectionEvents } from "../../src/net/connection.ts";
import type { Ending } from "../../src/net/ending.ts";
import type { Message } from "../../src/websocket/message_assembler.ts";

/** Keeps everything, and lets a test wait for it. */
export class RecordedEvents implements ConnectionEvents {
  readonly batches: (readonly Message[])[] = [];
  readonly endings: Ending[] = [];
  drainedCount = 0;
  #changed = Promise.withResolvers<void>();

  get ending(): Ending | undefined {
    return this.endings[0];
  }

  /** Text messages in order, over all batches. */
  get texts(): readonly string[] {
    return this.batches.flat().map((message) =>
      message.type === "text" ? message.text : "(binary)"
    );
  }

  messages(batch: readonly Message[]): void {
    this.batches.push(batch);
    this.#change();
  }

  drained(): void {
    this.drainedCount++;
    this.#change();
  }

  closed(ending: Ending): void {
    this.endings.push(ending);
    this.#change();
  }

  /** Waits until `holds`, which is evaluated after each event. */
  async until(holds: (events: this) => boolean): Promise<void> {
    while (!holds(this)) await this.#changed.promise;
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
