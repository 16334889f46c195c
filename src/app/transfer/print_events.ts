/**
 * Writes stored events as JSON Lines.
 *
 * @see https://jsonlines.org
 * @module
 */

import { concat, utf8 } from "../../base/bytes.ts";
import type { StoredEvent } from "../../store/event_store.ts";
import type { Output } from "../system/streams.ts";

/** Approximate size of one write, bytes. */
const WRITE_BYTES = 65_536;

const LINE_FEED = utf8("\n");

/**
 * Writes the events, one a line, and returns how many. Stops when nobody reads any more.
 *
 * Rejects as the query does.
 */
export async function printEvents(
  pieces: AsyncIterable<readonly Pick<StoredEvent, "json">[]>,
  output: Pick<Output, "write">,
): Promise<number> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let count = 0;
  for await (const events of pieces) {
    count += events.length;
    for (const { json } of events) {
      pending.push(json, LINE_FEED);
      pendingBytes += json.length + 1;
      if (pendingBytes < WRITE_BYTES) continue;
      if (!await output.write(concat(pending))) return count;
      pending = [];
      pendingBytes = 0;
    }
  }
  await output.write(concat(pending));
  return count;
}
