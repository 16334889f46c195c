/**
 * Opens the connections of a side.
 *
 * @module
 */

import type { Target } from "./side.ts";
import { type OnMessage, RawClient } from "./raw_client.ts";
import type { Tally } from "./tally.ts";

/** Handshakes at a time. */
const AT_ONCE = 32;

/** How many connections, and of what kind. */
export interface OpenOptions extends Target {
  readonly connections: number;
  readonly extensions?: string | undefined;
}

/** Those that could be opened; why the others could not is in the tally. */
export async function openAll(options: OpenOptions, tally: Tally): Promise<readonly RawClient[]> {
  const clients: RawClient[] = [];
  let begun = 0;
  const openSome = async () => {
    while (begun < options.connections) {
      begun++;
      const client = await RawClient.open(options.url, options);
      if ("fault" in client) tally.add("no connection", client.fault);
      else clients.push(client);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, options.connections) }, openSome));
  return clients;
}

/** A connection that is being read. */
export interface Reading {
  readonly client: RawClient;
  /** Settles when the connection has ended. */
  readonly ended: Promise<void>;
}

/** Reads until the end; an end that is not ours goes to the tally. */
export function readFrom(
  client: RawClient,
  tally: Tally,
  onMessage: OnMessage,
): Reading & { isOpen: boolean } {
  const reading = { client, isOpen: true, ended: Promise.resolve() };
  reading.ended = client.read(onMessage).then((reason) => {
    reading.isOpen = false;
    if (!client.isClosed) tally.add("connection ended by the relay", reason);
  });
  return reading;
}

/** Closes all and waits for their ends. */
export async function closeAll(readings: readonly Reading[]): Promise<void> {
  for (const { client } of readings) client.close();
  await Promise.all(readings.map(({ ended }) => ended));
}
