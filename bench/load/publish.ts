/**
 * Publishing load on this thread, for the benches of one thing that start relays of their own.
 *
 * @module
 */

import type { NostrEvent } from "../../src/nostr/event.ts";
import { keyOf } from "./answer.ts";
import { packMessages } from "./frames.ts";
import { publishSide } from "./sides/publish.ts";

/** Connections, events and events in flight. */
export interface PublishOptions {
  readonly connections: number;
  /** The most events of one connection that wait for their OK. */
  readonly inFlight: number;
}

/** Sends all events once; throws if the relay does not take each of them. */
export async function publishLoad(
  url: string,
  events: readonly NostrEvent[],
  options: PublishOptions,
): Promise<{ readonly perSecond: number }> {
  const side = await publishSide({
    kind: "publish",
    url,
    ...framesOf(events),
    ...options,
    maxSeconds: Infinity,
    timeoutMs: 60_000,
  });
  const { done, tried, seconds, tally } = await side.run(Promise.resolve());
  await side.close();
  if (done < tried) throw new Error(`not all was taken: ${JSON.stringify(tally)}`);
  return { perSecond: done / seconds };
}

/** The EVENT messages of these events, and by what their OKs are known. */
export function framesOf(events: readonly NostrEvent[]) {
  const keys = new Float64Array(new SharedArrayBuffer(8 * events.length));
  events.forEach(({ id }, at) => keys[at] = keyOf(id));
  return { frames: packMessages(events.map((event) => ["EVENT", event])), keys };
}
