/**
 * What both programs do with a connection.
 *
 * @module
 */

import type { Connection } from "../src/net/connection.ts";
import type { Ending } from "../src/net/ending.ts";

/** Long messages are what test suites send to see whether they fit. */
export const limits = {
  maxMessageBytes: 64 * 1024 * 1024,
  closeTimeoutMs: 5_000,
  highWaterBytes: 1024 * 1024,
  lowWaterBytes: 256 * 1024,
};

/** Sends every message back, text as text and binary as binary, until the connection ends. */
export function echo(connection: Connection): Promise<Ending> {
  return new Promise((resolve) => {
    connection.start({
      messages(batch) {
        for (const message of batch) {
          if (message.type === "text") connection.send(message.text);
          else connection.sendBinary(message.bytes);
        }
        // Who does not read what comes back is not read from either.
        if (connection.queuedBytes <= limits.highWaterBytes) return;
        connection.pause();
        connection.requestDrained();
      },
      drained: () => connection.resume(),
      closed: resolve,
    });
  });
}
