/**
 * The project's WebSocket server as an echo server.
 *
 * @module
 */

import { silentLog } from "../../src/base/log.ts";
import type { Connection } from "../../src/net/connection.ts";
import { defaultListenLimits, listen, type ListenOptions } from "../../src/net/server/listen.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { RecordedEvents } from "./recorded_events.ts";

/** Limits for the longest messages that tests send. */
export const roomyLimits = {
  ...defaultListenLimits,
  maxMessageBytes: 16 * 1024 * 1024,
  closeTimeoutMs: 2000,
};

/** What the server received. */
export interface EchoServer {
  readonly url: string;
  /** The events of each connection, in order of connecting. */
  readonly heard: readonly RecordedEvents[];
  readonly connections: readonly Connection[];
}

/** Runs `test` against an echo server and checks that it leaves nothing behind. */
export async function withEchoServer(
  test: (server: EchoServer) => Promise<void>,
  options: Partial<ListenOptions> = {},
): Promise<void> {
  const heard: RecordedEvents[] = [];
  const connections: Connection[] = [];
  const listener = await listen({
    at: { type: "tcp", host: "127.0.0.1", port: 0 },
    clock: systemClock,
    log: silentLog,
    limits: roomyLimits,
    onConnection(connection) {
      connections.push(connection);
      const events = new EchoedEvents(connection);
      heard.push(events);
      connection.start(events);
    },
    onRequest: () => new Response("a page"),
    ...options,
  });
  try {
    await test({ url: listener.url, heard, connections });
  } finally {
    for (const connection of connections) connection.terminate();
    await listener.close();
  }
}

/** Records what a connection receives, and echoes it. */
export class EchoedEvents extends RecordedEvents {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    super();
    this.#connection = connection;
  }

  override messages(batch: Parameters<RecordedEvents["messages"]>[0]): void {
    for (const message of batch) {
      if (message.type === "text") this.#connection.send(message.text);
      else this.#connection.sendBinary(message.bytes);
    }
    super.messages(batch);
  }
}
