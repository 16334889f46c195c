/**
 * From one store into another.
 *
 * @module
 */

import { utf8Decode } from "../../base/bytes.ts";
import { parseJson } from "../../nostr/json.ts";
import { parseEvent } from "../../nostr/parse_event.ts";
import type { EventRecord, EventStore, PutOutcome, StoredEvent } from "../../store/event_store.ts";

/** How far the copying is. */
export interface CopyTally {
  /** By what the target said of them. */
  readonly outcomes: ReadonlyMap<PutOutcome, number>;
  /** Events that the source has and that are none. There should be none of these. */
  readonly unreadable: number;
  /** When the event that was copied last was made, seconds since 1970; undefined before the first. */
  readonly createdAt: number | undefined;
}

/** How the copying may be watched and cut short. */
export interface CopyOptions {
  readonly signal: AbortSignal;
  /** Called after each batch. */
  readonly onProgress: (tally: CopyTally) => void;
}

/**
 * Puts all events of `from` into `to`, newest first. Whoever was interrupted begins again: what is there
 * already is skipped. The events were checked when they came, and are not checked again.
 *
 * Rejects with the signal's reason, and with what either store failed with; what was copied stays.
 */
export async function copyStore(
  from: Pick<EventStore, "query">,
  to: Pick<EventStore, "put">,
  { signal, onProgress }: CopyOptions,
): Promise<CopyTally> {
  const outcomes = new Map<PutOutcome, number>();
  let unreadable = 0;
  let createdAt: number | undefined;
  const tally = () => ({ outcomes, unreadable, createdAt });
  const write = async (events: readonly StoredEvent[]) => {
    const records = events.map(recordOf).filter((record) => record !== undefined);
    for (const outcome of await to.put(records)) {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    unreadable += events.length - records.length;
    createdAt = events.at(-1)?.createdAt;
    onProgress(tally());
  };
  // One chunk is written while the next is read.
  let writing = Promise.resolve();
  for await (const events of from.query([{ tags: new Map() }], { signal })) {
    await writing;
    writing = write(events);
    // It is awaited later; until then its failure is nobody's.
    writing.catch(() => {});
  }
  await writing;
  return tally();
}

function recordOf({ json }: StoredEvent): EventRecord | undefined {
  const event = parseEvent(parseJson(utf8Decode(json) ?? ""));
  return "reason" in event ? undefined : { event, json };
}
