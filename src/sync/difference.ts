/**
 * Compares the store with another relay by reconciliation.
 *
 * @see NIP-77
 * @module
 */

import type { ReqFilter } from "../nostr/filter.ts";
import { ItemSetBuilder } from "../nostr/negentropy/item_set.ts";
import { firstMessage, learnFrom } from "../nostr/negentropy/reconcile.ts";
import type { Reader } from "../nostr/visibility.ts";
import type { EventStore } from "../store/event_store.ts";
import { RemoteRefusal, type RemoteRelay } from "./remote_relay.ts";

/** Options of {@link difference}. */
export interface DifferenceOptions {
  readonly store: Pick<EventStore, "identify">;
  readonly remote: RemoteRelay;
  readonly filter: ReqFilter;
  /** The same filter as JSON, for the other relay. */
  readonly filterJson: object;
  /** Whose view of the store is compared. */
  readonly reader: Reader;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly signal: AbortSignal;
}

/** Ids that only one side has. */
export interface Difference {
  readonly have: ReadonlySet<string>;
  readonly need: ReadonlySet<string>;
}

/** Longest message to send, bytes; as hex it is within the limits of all relays. */
const MAX_MESSAGE_BYTES = 60_000;

/** After every plausible event, seconds since 1970. */
const END_OF_TIME_S = 2 ** 33;

/**
 * Finds the ids that only the store or only the other relay has. When the other relay refuses to
 * compare so many events, the time range is halved until it accepts. Rejects with {@link
 * RemoteRefusal}.
 */
export async function difference(options: DifferenceOptions): Promise<Difference> {
  const { since = 0, until = END_OF_TIME_S } = options.filter;
  const have = new Set<string>();
  const need = new Set<string>();
  // A stack: the newest range is compared first.
  const ranges = [{ since, until }];
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    options.signal.throwIfAborted();
    try {
      await compareRange(range, options, { have, need });
    } catch (error) {
      const isTooMuch = error instanceof RemoteRefusal && error.maxEvents !== undefined;
      if (!isTooMuch || range.since >= range.until) throw error;
      const middle = Math.floor((range.since + range.until) / 2);
      ranges.push({ since: range.since, until: middle }, { since: middle + 1, until: range.until });
    }
  }
  return { have, need };
}

async function compareRange(
  range: { readonly since: number; readonly until: number },
  { store, remote, filter, filterJson, reader, sha256, signal }: DifferenceOptions,
  found: { readonly have: Set<string>; readonly need: Set<string> },
): Promise<void> {
  const builder = new ItemSetBuilder();
  for await (const rows of store.identify([{ ...filter, ...range }], { reader, signal })) {
    for (const { createdAt, id } of rows) builder.add(createdAt, id);
  }
  const items = builder.build();
  const options = { sha256, maxMessageBytes: MAX_MESSAGE_BYTES };
  await remote.reconcile({ ...filterJson, ...range }, firstMessage(items, options), (answer) => {
    signal.throwIfAborted();
    const learnt = learnFrom(items, answer, options);
    if ("fault" in learnt) throw new RemoteRefusal(`not understood: ${learnt.fault}`);
    for (const id of learnt.have) found.have.add(id);
    for (const id of learnt.need) found.need.add(id);
    return learnt.message;
  });
}
