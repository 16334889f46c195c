/**
 * The feeds of other threads of this process on the same database.
 *
 * A thread sends them its events when they are committed, and its ephemeral ones. The notifications
 * of the database say the same, later: whichever comes first is used, so a message may be lost.
 *
 * @module
 */

import type { EventRecord } from "../event_store.ts";
import type { NumberedRecord } from "./feed_statements.ts";

/** What a thread tells the others. */
export interface NearbyMessage {
  /** The number of its instance, as in notifications. */
  readonly instance: number;
  /** Whether it has just begun, and the others are to say who they are. */
  readonly isNew: boolean;
  /** The JSON of events that it has stored. */
  readonly stored: readonly { readonly seq: number; readonly json: Uint8Array }[];
  /** The JSON of ephemeral events. */
  readonly ephemeral: readonly Uint8Array[];
}

/** Carries messages to all other threads, in order. */
export interface NearbyChannel {
  send(message: NearbyMessage): void;
  receive(onMessage: (message: NearbyMessage) => void): void;
  close(): void;
}

/** What a message has, see {@link NearbyMessage}. */
export type NearbyEvents = Pick<NearbyMessage, "stored" | "ephemeral">;

/** How many ephemeral events are sent in a message, at the end of the turn in which they came. */
const MAX_EPHEMERAL = 1_000;

/** Exchanges events with the feeds of other threads. */
export class NearbyFeeds {
  readonly #channel: NearbyChannel;
  /** The instances that are threads of this process. */
  readonly #instances = new Set<number>();
  /** 0 until {@link start}. */
  #instance = 0;
  #ephemeral: Uint8Array[] = [];

  constructor(channel: NearbyChannel, onEvents: (events: NearbyEvents) => void) {
    this.#channel = channel;
    channel.receive(({ instance, isNew, ...events }) => {
      this.#instances.add(instance);
      if (isNew && this.#instance !== 0) this.#send({});
      onEvents(events);
    });
  }

  /** Tells the others the number of this instance. */
  start(instance: number): void {
    this.#instance = instance;
    this.#send({ isNew: true });
  }

  /**
   * Whether the instance is a thread of this process, whose ephemeral events come here and are not to be
   * taken from notifications.
   */
  has(instance: number): boolean {
    return this.#instances.has(instance);
  }

  /** Sends events that this thread has stored. */
  sendStored(events: readonly NumberedRecord[]): void {
    if (events.length === 0) return;
    this.#send({ stored: events.map(({ seq, json }) => ({ seq, json: alone(json) })) });
  }

  /** Sends an ephemeral event, with others of the same turn. */
  sendEphemeral({ json }: EventRecord): void {
    if (this.#instance === 0 || this.#ephemeral.length >= MAX_EPHEMERAL) return;
    this.#ephemeral.push(alone(json));
    if (this.#ephemeral.length > 1) return;
    queueMicrotask(() => {
      this.#send({ ephemeral: this.#ephemeral });
      this.#ephemeral = [];
    });
  }

  close(): void {
    this.#instance = 0;
    this.#channel.close();
  }

  #send(message: Partial<NearbyMessage>): void {
    if (this.#instance === 0) return;
    const nothing = { isNew: false, stored: [], ephemeral: [] };
    this.#channel.send({ ...nothing, ...message, instance: this.#instance });
  }
}

/** With memory of its own: a part of a larger buffer would be sent with all of it. */
function alone(json: Uint8Array): Uint8Array {
  return json.byteLength === json.buffer.byteLength ? json : json.slice();
}
