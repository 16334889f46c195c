/**
 * Compares the events here with those of another relay by reconciliation.
 *
 * @see NIP-77
 * @module
 */

import { type ItemSet, ItemSetBuilder } from "../nostr/negentropy/item_set.ts";
import { firstMessage, learnFrom } from "../nostr/negentropy/reconcile.ts";
import type { StoredEvent } from "../store/event_store.ts";
import { RemoteRefusal } from "./remote_refusal.ts";
import type { RemoteRelay } from "./remote_relay.ts";
import { halves, splitAfter, type TimeRange, timesOf } from "./time_range.ts";

/** The events here that a comparison is about, as far as the other relay may learn of them. */
export interface LocalEvents {
  /** Their ids and times in a range, newest first. */
  identify(
    range: TimeRange,
    signal: AbortSignal,
  ): AsyncIterable<readonly Pick<StoredEvent, "id" | "createdAt">[]>;
}

interface DifferenceOptions {
  readonly local: LocalEvents;
  readonly remote: Pick<RemoteRelay, "reconcile">;
  /** The filter as JSON, without times. */
  readonly filter: object;
  readonly range: TimeRange;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** Longest message to send, bytes; as hex it is twice as long. */
  readonly maxMessageBytes: number;
  readonly signal: AbortSignal;
}

/** Ids that only one side has. */
interface Difference {
  readonly have: ReadonlySet<string>;
  readonly need: ReadonlySet<string>;
}

/** Events here that are compared at once: 40 bytes each. */
const MAX_ITEMS = 500_000;

/** Ids that one comparison may bring to light, about 100 bytes each. */
const MAX_FOUND = 250_000;

/** Answers of one comparison. Each has room for thousands of ids. */
const MAX_ROUNDS = 10_000;

/** A range has more than is compared at once. */
class TooMuch extends Error {
  override readonly name = "TooMuch";
  /** The time of the event with which it became too much, the newest counted first. */
  readonly second: number | undefined;

  constructor(second?: number) {
    super();
    this.second = second;
  }
}

/**
 * Finds the ids that only one side has, the newest range of time first. A range is split where
 * it has too many events for either side. Throws {@link RemoteRefusal}.
 */
export async function* differences(options: DifferenceOptions): AsyncGenerator<Difference, void> {
  // A stack: the newest range is compared first.
  const ranges = [options.range];
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    options.signal.throwIfAborted();
    let found: Difference;
    try {
      found = await compareRange(range, options);
    } catch (error) {
      if (!isTooMuch(error)) throw error;
      if (range.since >= range.until) {
        throw new RemoteRefusal(
          `second ${range.since} has more events than can be compared`,
          "misunderstood",
        );
      }
      ranges.push(...parts(range, error));
      continue;
    }
    yield found;
  }
}

/** Where the events here are too many, the later part has as many as can be compared. */
function parts(range: TimeRange, error: unknown): readonly [TimeRange, TimeRange] {
  const second = error instanceof TooMuch ? error.second : undefined;
  const isInside = second !== undefined && second >= range.since && second < range.until;
  return isInside ? splitAfter(range, second) : halves(range);
}

/** Whether the range has too many events. strfry says so in words, too. */
function isTooMuch(error: unknown): boolean {
  if (error instanceof TooMuch) return true;
  return error instanceof RemoteRefusal && error.kind === "refused" &&
    (error.maxEvents !== undefined || /\btoo (?:many|big|large)\b/i.test(error.message)) &&
    !error.isRateLimit && !/\bsubscriptions?\b|\bREQs\b|being compared/i.test(error.message);
}

async function compareRange(
  range: TimeRange,
  { local, remote, filter, signal, ...options }: DifferenceOptions,
): Promise<Difference> {
  const items = await itemsIn(range, local, signal);
  const [have, need] = [new Set<string>(), new Set<string>()];
  const told = new Uint8Array(items.size);
  let rounds = 0;
  await remote.reconcile(
    { ...filter, ...timesOf(range) },
    firstMessage(items, options),
    (answer) => {
      signal.throwIfAborted();
      const learnt = learnFrom(items, answer, { ...options, told });
      if ("fault" in learnt) throw new RemoteRefusal(learnt.fault, "misunderstood");
      for (const id of learnt.have) have.add(id);
      for (const id of learnt.need) need.add(id);
      if (need.size > MAX_FOUND || ++rounds > MAX_ROUNDS) throw new TooMuch();
      return learnt.message;
    },
  );
  return { have, need };
}

async function itemsIn(
  range: TimeRange,
  local: LocalEvents,
  signal: AbortSignal,
): Promise<ItemSet> {
  const builder = new ItemSetBuilder();
  for await (const rows of local.identify(range, signal)) {
    for (const { createdAt, id } of rows) {
      if (builder.size === MAX_ITEMS) throw new TooMuch(createdAt);
      builder.add(createdAt, id);
    }
  }
  return builder.build();
}
