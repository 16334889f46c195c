/**
 * The store of a running relay, as its operator's commands use it.
 *
 * @module
 */

import { Agent, type IncomingMessage, request } from "node:http";
import { utf8 } from "../../base/bytes.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { CountResult } from "../../nostr/relay_message.ts";
import {
  type CountOptions,
  type Erasure,
  type EventRecord,
  type PutOutcome,
  type QueryOptions,
  type Rule,
  type RuleChange,
  type RuleLogEntry,
  type StoredEvent,
  StoreUnavailable,
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
import { version } from "../version.ts";
import {
  type CallName,
  encode,
  type Frame,
  readFrames,
  type StreamName,
  VERSION_HEADER,
} from "./wire.ts";

/** What of a query's options another process can be told. */
type SentOptions = Pick<QueryOptions, "includesBanned" | "reader" | "timeoutMs">;

/**
 * Asks the relay that answers at a Unix socket. All calls reject with {@link StoreUnavailable} when it is
 * gone or says what went wrong. Closing it waits for what was asked, and closes nothing of the relay's.
 */
export class RemoteStore implements TidyStore {
  /** Tells nothing: the relay's own feed does. */
  readonly feed = new LocalFeed();
  /** They are parsed on the relay's one thread, and told to subscribers in one go. */
  readonly maxBatchEvents = 200;
  readonly state: StoreState = {
    isEmpty: () => this.#call("isEmpty", []),
    events: ({ signal }: StateOptions = {}) => this.#events("events", [], signal),
    tombstones: ({ signal }: StateOptions = {}) => this.#stream("tombstones", [], signal),
    addTombstones: (page) => this.#call("addTombstones", [page]),
    addRules: (rules, log) => this.#call("addRules", [rules, log]),
  };
  readonly #path: string;
  readonly #agent = new Agent({ keepAlive: true });
  /** Calls that are not answered yet. */
  readonly #calls = new Set<Promise<unknown>>();

  /** A relay answers at the socket `path`. */
  constructor(path: string) {
    this.#path = path;
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
    return this.#stream("identify", [filters, sent(options)], options.signal);
  }

  count(
    filters: readonly ReqFilter[],
    { maxRows, ...options }: CountOptions,
  ): Promise<CountResult> {
    return this.#call("count", [filters, { ...sent(options), maxRows }], options.signal);
  }

  reindex(options: QueryOptions = {}): AsyncIterable<number> {
    return this.#stream("reindex", [], options.signal);
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
    this.#agent.destroy();
  }

  #call<Value>(
    method: CallName,
    args: readonly unknown[],
    signal?: AbortSignal,
  ): Promise<Value> {
    const call = this.#firstOf(this.#stream<Value>(method, args, signal));
    this.#calls.add(call);
    return call.finally(() => this.#calls.delete(call));
  }

  async #firstOf<Value>(values: AsyncIterable<Value>): Promise<Value> {
    for await (const value of values) return value;
    throw new StoreUnavailable("the running relay did not answer");
  }

  async *#stream<Value>(
    method: CallName | StreamName,
    args: readonly unknown[],
    signal?: AbortSignal,
  ): AsyncGenerator<Value> {
    for await (const frame of this.#ask(method, args, signal)) {
      // The relay is the same version of this program.
      if ("value" in frame) yield frame.value as Value;
    }
    signal?.throwIfAborted();
  }

  async *#events(
    method: StreamName,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly StoredEvent[], void> {
    const frames = this.#ask(method, args, signal);
    for await (const frame of frames) if ("events" in frame) yield frame.events;
    signal?.throwIfAborted();
  }

  /** The frames of an answer but for its end. */
  async *#ask(
    method: CallName | StreamName,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Frame> {
    signal?.throwIfAborted();
    const response = await this.#send(method, utf8(encode(args)), signal);
    try {
      for await (const frame of readFrames(response)) {
        if ("error" in frame) throw new StoreUnavailable(frame.error);
        if ("end" in frame) return;
        yield frame;
      }
      throw new Error("the answer is incomplete");
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof StoreUnavailable ? error : new StoreUnavailable(
        `the running relay ended while it was asked: ${messageOf(error)}`,
        { cause: error },
      );
    } finally {
      response.destroy();
    }
  }

  /** The answer, which the signal cuts off. */
  #send(
    method: string,
    body: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asking = request({
        socketPath: this.#path,
        agent: this.#agent,
        method: "POST",
        path: `/${method}`,
        headers: { [VERSION_HEADER]: version, "content-length": body.length },
        ...signal !== undefined && { signal },
      }, resolve);
      asking.on("error", (cause) => {
        const text = `the running relay cannot be asked at ${this.#path}: ${cause.message}`;
        reject(signal?.aborted ? signal.reason : new StoreUnavailable(text, { cause }));
      });
      asking.end(body);
    });
  }
}

function sent({ includesBanned, reader, timeoutMs }: QueryOptions): SentOptions {
  return {
    ...includesBanned !== undefined && { includesBanned },
    ...reader !== undefined && { reader },
    ...timeoutMs !== undefined && { timeoutMs },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
