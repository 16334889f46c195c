/**
 * The store of a running relay, as its operator's commands use it.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import type { CountResult } from "../../nostr/relay_message.ts";
import type {
  CountOptions,
  Erasure,
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
import { ControlClient } from "./control_client.ts";
import type { CallName, StreamName } from "./wire.ts";

/** What of a query's options another process can be told. */
type SentOptions = Pick<QueryOptions, "includesBanned" | "reader" | "timeoutMs">;

/**
 * Asks the relay that answers at a Unix socket, see {@link ControlClient}. Closing it waits for what was
 * asked, and closes nothing of the relay's.
 */
export class RemoteStore implements TidyStore {
  /** Tells nothing: the relay's own feed does. */
  readonly feed = new LocalFeed();
  /** They are parsed on the relay's one thread, and told to subscribers in one go. */
  readonly maxBatchEvents = 200;
  readonly state: StoreState = {
    isEmpty: () => this.#call("isEmpty", []),
    events: ({ signal }: StateOptions = {}) => this.#events("events", [], signal),
    tombstones: ({ signal }: StateOptions = {}) => this.#client.stream("tombstones", [], signal),
    addTombstones: (page) => this.#call("addTombstones", [page]),
    addRules: (rules, log) => this.#call("addRules", [rules, log]),
  };
  readonly #client: ControlClient;
  /** Calls that are not answered yet. */
  readonly #calls = new Set<Promise<unknown>>();

  /** A relay answers at the socket `path`. */
  constructor(path: string) {
    this.#client = new ControlClient(path);
  }

  put(batch: readonly EventRecord[]): Promise<readonly PutOutcome[]> {
    return this.#call("put", [batch.map(({ json }) => json)]);
  }

  query(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly StoredEvent[]> {
    return this.#events("query", [filters, sent(options)], options.signal);
  }

  identify(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly Pick<StoredEvent, "id" | "createdAt">[]> {
    return this.#client.stream("identify", [filters, sent(options)], options.signal);
  }

  count(
    filters: readonly ReqFilter[],
    { maxRows, ...options }: CountOptions,
  ): Promise<CountResult> {
    return this.#call("count", [filters, { ...sent(options), maxRows }], options.signal);
  }

  reindex(options: QueryOptions = {}): AsyncIterable<number> {
    return this.#client.stream("reindex", [], options.signal);
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

  /** The relay serves, so that it needs all its indexes. */
  fill<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#calls);
    this.#client.close();
  }

  #call<Value>(
    method: CallName,
    args: readonly unknown[],
    signal?: AbortSignal,
  ): Promise<Value> {
    const call = this.#client.call<Value>(method, args, signal);
    this.#calls.add(call);
    return call.finally(() => this.#calls.delete(call));
  }

  async *#events(
    method: StreamName,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly StoredEvent[], void> {
    const frames = this.#client.ask(method, args, signal);
    for await (const frame of frames) if ("events" in frame) yield frame.events;
    signal?.throwIfAborted();
  }
}

function sent({ includesBanned, reader, timeoutMs }: QueryOptions): SentOptions {
  return {
    ...includesBanned !== undefined && { includesBanned },
    ...reader !== undefined && { reader },
    ...timeoutMs !== undefined && { timeoutMs },
  };
}
