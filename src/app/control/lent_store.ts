/**
 * Carries out on a store what is asked of it from elsewhere, see `wire.ts`.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import type { CountOptions, EventRecord, QueryOptions } from "../../store/event_store.ts";
import { readRecord } from "../../store/feed/feed_statements.ts";
import type { StoreState } from "../../store/write/store_state.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import {
  type CallName,
  CALLS,
  type Frame,
  STATE_CALLS,
  STATE_STREAMS,
  type StreamName,
  STREAMS,
} from "./wire.ts";

/** A request that is refused: the status of HTTP and a sentence. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** How an answer is read. */
type Reading = Omit<QueryOptions, "reader" | "timeoutMs" | "includesBanned">;

/** What is asked for, and how the answer is read. */
interface Question {
  /** Those of a method of this version. */
  readonly args: readonly unknown[];
  readonly reading: Reading;
}

/** Whether the name is that of a method that is answered by one value. */
export function isCall(method: string): method is CallName {
  return isOneOf(CALLS, method) || isOneOf(STATE_CALLS, method);
}

/** Whether the name is that of a method that is answered by values as they come. */
export function isStream(method: string): method is StreamName {
  return isOneOf(STREAMS, method) || isOneOf(STATE_STREAMS, method);
}

/** Whether the operator's rules are others after this call. */
export function changesRules(method: CallName): boolean {
  return method === "changeRules" || method === "addRules";
}

/** Carries out a call. Rejects as the store does, and with {@link Refused}. */
export async function call(
  store: TidyStore,
  method: CallName,
  { args, reading }: Question,
): Promise<unknown> {
  if (method === "count") {
    const [filters, asked] = args as [readonly ReqFilter[], CountOptions];
    return await store.count(filters, { ...asked, ...reading });
  }
  if (method === "put") return await store.put(recordsOf(args[0] as readonly Uint8Array[]));
  if (method === "rewrite") {
    const [id, json] = args as readonly [string, Uint8Array];
    return await store.rewrite(id, recordsOf([json])[0]!);
  }
  const target = isOneOf(STATE_CALLS, method) ? stateOf(store) : store;
  const work = Reflect.get(target, method) as (...args: readonly unknown[]) => Promise<unknown>;
  return await work.apply(target, [...args]);
}

/** The frames of an answer but for its end. Throws as the store does, and {@link Refused}. */
export async function* frames(
  store: TidyStore,
  method: StreamName,
  { args, reading }: Question,
): AsyncGenerator<Frame> {
  const [filters, asked] = args as [readonly ReqFilter[], QueryOptions];
  const options = { ...asked, ...reading };
  switch (method) {
    case "query":
      for await (const events of store.query(filters, options)) yield { events };
      return;
    case "events":
      for await (const events of stateOf(store).events(reading)) yield { events };
      return;
    case "identify":
      return yield* valuesIn(store.identify(filters, options));
    case "reindex":
      return yield* valuesIn(store.reindex(reading));
    case "tombstones":
      return yield* valuesIn(stateOf(store).tombstones(reading));
  }
}

/** Events out of their JSON. @throws Refused */
export function recordsOf(jsons: readonly Uint8Array[]): readonly EventRecord[] {
  return jsons.map((json) => {
    const record = readRecord(json);
    if (record === undefined) throw new Refused(400, "not all of these are events");
    return record;
  });
}

async function* valuesIn(values: AsyncIterable<unknown>): AsyncGenerator<Frame> {
  for await (const value of values) yield { value };
}

function stateOf({ state }: TidyStore): StoreState {
  if (state === undefined) throw new Refused(400, "the running relay keeps nothing");
  return state;
}

function isOneOf<Name extends string>(names: readonly Name[], text: string): text is Name {
  return (names as readonly string[]).includes(text);
}
