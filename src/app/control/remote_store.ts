/**
 * A store that is elsewhere: that of a running relay, as its operator's commands use it, or that of another
 * thread.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import type { CountResult } from "../../nostr/relay_message.ts";
import type {
  CountOptions,
  Erasure,
  EventFeed,
  EventRecord,
  PutOutcome,
  QueryOptions,
  Rule,
  RuleChange,
  RuleLogEntry,
  StoredEvent,
} from "../../store/event_store.ts";
import { LocalFeed } from "../../store/feed/local_feed.ts";
import type { Place } from "../../store/read/scan.ts";
import type { StateOptions, StoreState } from "../../store/write/store_state.ts";
import type {
  Ability,
  AuditPage,
  StoreSize,
  SurveyedEvent,
  TableSize,
  TidyStore,
} from "../../store/write/upkeep.ts";
import type { CallName, StoreLink, StreamName } from "./wire.ts";

/** What of a query's options is told in any case. The rest is for the link to use. */
type SentOptions = Pick<QueryOptions, "includesBanned" | "reader" | "timeoutMs">;

/**
 * Asks the store at the other end of a link. Closing it waits for what was asked, and closes nothing of
 * that store.
 */
export class RemoteStore implements TidyStore {
  /** By default one that tells nothing: the relay's own feed does. */
  readonly feed: EventFeed;
  /** They are parsed on the store's one thread, and told to subscribers in one go. */
  readonly maxBatchEvents = 200;
  readonly state: StoreState = {
    isEmpty: () => this.#call("isEmpty", []),
    events: (options?: StateOptions) => this.#events("events", [], options),
    tombstones: (options?: StateOptions) => this.#values("tombstones", [], options),
    addTombstones: (page) => this.#call("addTombstones", [page]),
    addRules: (rules, log) => this.#call("addRules", [rules, log]),
  };
  readonly #link: StoreLink;
  /** Calls that are not answered yet. */
  readonly #calls = new Set<Promise<unknown>>();

  constructor(link: StoreLink, feed: EventFeed = new LocalFeed()) {
    this.#link = link;
    this.feed = feed;
  }

  put(batch: readonly EventRecord[]): Promise<readonly PutOutcome[]> {
    return this.#call("put", [batch.map(({ json }) => json)]);
  }

  query(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly StoredEvent[]> {
    return this.#events("query", [filters, sentOptions(options)], options);
  }

  identify(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly Pick<StoredEvent, "id" | "createdAt">[]> {
    return this.#values("identify", [filters, sentOptions(options)], options);
  }

  count(
    filters: readonly ReqFilter[],
    options: CountOptions,
  ): Promise<CountResult> {
    const { maxRows } = options;
    return this.#call("count", [filters, { ...sentOptions(options), maxRows }], options);
  }

  reindex(options: QueryOptions = {}): AsyncIterable<number> {
    return this.#values("reindex", [], options);
  }

  removeExpired(limit: number): Promise<number> {
    return this.#call("removeExpired", [limit]);
  }

  survey({ createdAt, id }: Place, limit: number): Promise<readonly SurveyedEvent[]> {
    return this.#call("survey", [{ createdAt, id }, limit]);
  }

  remove(ids: readonly string[]): Promise<number> {
    return this.#call("remove", [ids]);
  }

  audit(from: number, limit: number): Promise<AuditPage> {
    return this.#call("audit", [from, limit]);
  }

  probe(ability: Ability): Promise<void> {
    return this.#call("probe", [ability]);
  }

  size(): Promise<StoreSize> {
    return this.#call("size", []);
  }

  removeStrayTags(from: number, next: number | undefined): Promise<number> {
    return this.#call("removeStrayTags", next === undefined ? [from] : [from, next]);
  }

  async rewrite(id: string, { json }: EventRecord): Promise<PutOutcome | undefined> {
    return await this.#call<PutOutcome | null>("rewrite", [id, json]) ?? undefined;
  }

  tableSizes(): Promise<readonly TableSize[]> {
    return this.#call("tableSizes", []);
  }

  erase(erasure: Erasure): Promise<number> {
    return this.#call("erase", [erasure]);
  }

  restore(ids: readonly string[]): Promise<number> {
    return this.#call("restore", [ids]);
  }

  rules(): Promise<readonly Rule[]> {
    return this.#call("rules", []);
  }

  changeRules(
    changes: readonly RuleChange[],
    by: { readonly who: string; readonly atS: number },
  ): Promise<void> {
    return this.#call("changeRules", [changes, by]);
  }

  async ruleLog(limit: number): Promise<readonly RuleLogEntry[]> {
    const entries = await this.#call<readonly RuleLogEntry[]>("ruleLog", [limit]);
    // JSON leaves out what is undefined.
    return entries.map((entry) => ({ ...entry, before: entry.before, reason: entry.reason }));
  }

  /** The store serves, so that it needs all its indexes. */
  fill<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#calls);
    this.#link.close();
  }

  #call<Value>(
    method: CallName,
    args: readonly unknown[],
    options?: QueryOptions,
  ): Promise<Value> {
    const call = this.#link.call<Value>(method, args, options);
    this.#calls.add(call);
    return call.finally(() => this.#calls.delete(call));
  }

  async *#events(
    method: StreamName,
    args: readonly unknown[],
    options: QueryOptions = {},
  ): AsyncGenerator<readonly StoredEvent[], void> {
    const frames = this.#link.ask(method, args, options);
    for await (const frame of frames) if ("events" in frame) yield frame.events;
    options.signal?.throwIfAborted();
  }

  async *#values<Value>(
    method: StreamName,
    args: readonly unknown[],
    options: QueryOptions = {},
  ): AsyncGenerator<Value, void> {
    const frames = this.#link.ask(method, args, options);
    // The other end is the same version of this program.
    for await (const frame of frames) if ("value" in frame) yield frame.value as Value;
    options.signal?.throwIfAborted();
  }
}

/** What of the options of a query is told to the store's end. */
export function sentOptions({ includesBanned, reader, timeoutMs }: QueryOptions): SentOptions {
  return {
    ...includesBanned !== undefined && { includesBanned },
    ...reader !== undefined && { reader },
    ...timeoutMs !== undefined && { timeoutMs },
  };
}
