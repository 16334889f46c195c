/**
 * Connects to another relay.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { messageOf } from "../../base/error_text.ts";
import type { Random } from "../../base/random.ts";
import type { Connection } from "../../net/connection.ts";
import { connectWebSocket, defaultClientLimits } from "../../net/client/websocket_client.ts";
import type { RemoteSigner } from "../../sync/authentication.ts";
import { oneLine, RemoteRefusal } from "../../sync/remote_refusal.ts";
import { RemoteRelay } from "../../sync/remote_relay.ts";
import { type UntrustedRelay, watchReading } from "./untrusted_relay.ts";

interface RemoteConnectionOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Ends the connection. */
  readonly stop: AbortSignal;
  readonly signer: RemoteSigner | undefined;
  /** How long the other relay may be silent about a request, milliseconds. */
  readonly timeoutMs?: number;
  /** What it may do, if a stranger has named it. */
  readonly untrusted?: UntrustedRelay;
}

/** A relay that answers, until {@link close}. */
export interface RemoteConnection {
  readonly remote: RemoteRelay;
  /** Resolves when the connection is closed, from either side. */
  readonly closed: Promise<void>;
  /** Ends the connection; resolves when it is closed. */
  close(): Promise<void>;
}

/** Limits towards relays, whose events may be larger than ours. */
export const remoteLimits = { ...defaultClientLimits, maxMessageBytes: 4 * 1_048_576 };

/** How long the other relay may send nothing, milliseconds. */
export const REMOTE_TIMEOUT_MS = 30_000;

/** Connects, and authenticates where there is a key and a challenge. Rejects with RemoteRefusal. */
export async function connectRemote(options: RemoteConnectionOptions): Promise<RemoteConnection> {
  const { url, clock, signer, stop, timeoutMs = REMOTE_TIMEOUT_MS } = options;
  const { untrusted } = options;
  const connection = await opened(options);
  const stopWatching = untrusted && watchReading(connection, untrusted.reading, clock);
  const remote = new RemoteRelay({ socket: connection, url, clock, timeoutMs, signer });
  const closed = Promise.withResolvers<void>();
  const onStop = () => {
    remote.disconnected("interrupted");
    connection.close(1000, "");
  };
  connection.start({
    messages: (batch) => {
      for (const message of batch) if (message.type === "text") remote.receive(message.text);
    },
    drained() {},
    closed: ({ reason, cause }) => {
      stop.removeEventListener("abort", onStop);
      stopWatching?.();
      remote.disconnected(`the connection ended: ${reason || cause}`);
      closed.resolve();
    },
  });
  stop.addEventListener("abort", onStop, { once: true });
  if (stop.aborted) onStop();
  // What a relay shows only to some is asked for after AUTH.
  if (signer !== undefined) await remote.authenticated();
  return {
    remote,
    closed: closed.promise,
    close() {
      connection.close(1000, "done");
      return closed.promise;
    },
  };
}

async function opened(
  { url, clock, log, random, untrusted, stop }: RemoteConnectionOptions,
): Promise<Connection> {
  const ofUntrusted = untrusted && { ...untrusted, signal: stop };
  const options = { clock, log, random, limits: remoteLimits, ...ofUntrusted };
  try {
    return (await connectWebSocket(url, options)).connection;
  } catch (error) {
    throw new RemoteRefusal(oneLine(messageOf(error)), "gone");
  }
}
