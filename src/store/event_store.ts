/**
 * The port to storage. `MemoryStore` is the reference implementation: every other store gives the
 * same answers and passes the same contract suite.
 *
 * @module
 */

import type { Source } from "../base/fair_queue.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { NostrEvent } from "../nostr/event.ts";
import type { ReqFilter } from "../nostr/filter.ts";
import type { ItemSet } from "../nostr/negentropy/item_set.ts";
import type { SliceSums } from "../nostr/negentropy/slice_set.ts";
import type { CountResult } from "../nostr/relay_message.ts";
import type { Reader } from "../nostr/visibility.ts";

/** An event together with the JSON that is kept and sent, made once. */
export interface EventRecord {
  readonly event: NostrEvent;
  /** The event as compact JSON with exactly the seven fields of NIP-01, UTF-8. */
  readonly json: Uint8Array;
  /** When a client sent it to this instance, on the monotonic clock, milliseconds; undefined for any other. */
  readonly arrivedMs?: number | undefined;
}

/** An event that has become visible, with its number where it is stored. */
export interface ToldRecord extends EventRecord {
  /** See {@link StoredEvent.seq}; undefined for an event that is passed on and not stored. */
  readonly seq?: number;
}

/**
 * An event as a store returns it: what is needed to order it, to tell it from others and to send
 * it. Its JSON is not parsed.
 */
export interface StoredEvent {
  /**
   * Grows with each version that is stored here, by whatever process. An event gets its number before
   * its commit, so events may become visible in another order than that of their numbers.
   */
  readonly seq: number;
  readonly id: string;
  readonly createdAt: number;
  readonly json: Uint8Array;
}

/**
 * What became of one event of a batch.
 *
 * - `stored`: durable, and visible to every query that starts from now on.
 * - `duplicate`: this id was there already.
 * - `superseded`: a newer version of this replaceable or addressable event was there already (or equal
 *   in time and smaller in id).
 * - `deleted`: its author asked for its deletion or to vanish, before or in this batch; or the operator
 *   deleted it before.
 */
export type PutOutcome = "stored" | "duplicate" | "superseded" | "deleted";

/** What answered a query: the window of the newest events, the database, or one after the other. */
export const answerSources = ["memory", "both", "database"] as const;

/** One of {@link answerSources}. */
export type AnswerSource = typeof answerSources[number];

/** Options of a query. */
export interface QueryOptions {
  /** Ends the query, at the database too. The iterator then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Called before more is read; the query waits for the promise that it returns. A reader that cannot
   * take more pauses the query in this way while none of its rows are in memory. Default: no pause.
   */
  readonly ready?: () => Promise<void> | undefined;
  /**
   * How long the database may work for it, milliseconds. After that the call rejects with
   * {@link QueryTimedOut}, and the statement is cancelled where the database can do so. Default: no limit.
   */
  readonly timeoutMs?: number;
  /** About how many bytes of events a piece has; called for each piece. Default: 1 MiB. */
  readonly pieceBytes?: () => number;
  /** Called right before the last piece, by a store that knows that it is the last. */
  readonly onLast?: () => void;
  /** Called at once by a store that has a window, with what is going to answer. */
  readonly onSource?: (source: AnswerSource) => void;
  /** Called at once by a store that asks a database. */
  readonly onWork?: (work: DatabaseWork) => void;
  /** Called for each event that was found and then deleted before it could be read. */
  readonly onLeftOut?: () => void;
  /** The client for which the query runs: waiting queries are served in turns of clients. Default: the relay. */
  readonly source?: Source;
  /** Who reads the answer: it holds, and counts, only what that reader may see. Default: everything. */
  readonly reader?: Reader;
  /** Whether events that the operator's rules ban are found, too. Default: no. */
  readonly includesBanned?: boolean;
}

/** What a database does for one query. */
export interface DatabaseWork {
  /** By which indexes it is answered, for people. */
  readonly plan: string;
  /** How long the database has worked for it so far, milliseconds. */
  readonly databaseMs: number;
}

/** The events of a query, in pieces as they come. */
export interface Answer extends AsyncIterable<readonly StoredEvent[]> {
  /**
   * The whole answer, where it is in memory and fits in one piece: then there is no need to
   * iterate. Must not be called after iteration has begun. An answer can be iterated once.
   */
  readonly whole?: () => readonly StoredEvent[] | undefined;
}

/** The state of the connections that answer queries. The numbers are live. */
export interface PoolStats {
  /** The maximum number of connections. */
  readonly connections: number;
  /** How many of them are reserved for short queries. */
  readonly reserved: number;
  /** Statements that run now. */
  readonly running: number;
  /** Statements that wait for a connection now. */
  readonly waiting: number;
  /** Statements that were cancelled because nobody wanted the answer any more, since the start. */
  readonly cancelled: number;
  /** Statements that the database ended for their time-out, since the start. */
  readonly timedOut: number;
}

/**
 * The lists of the operator's rules.
 *
 * - `banned-key`, `allowed-key`: public keys, 64 hex digits. Allowed ones are members of the relay.
 * - `banned-event`, `allowed-event`: ids. An allowed event was reported and may stay.
 * - `allowed-kind`, `banned-kind`: kinds in decimal. With any allowed one, all others are banned.
 * - `blocked-ip`: IP addresses.
 * - `information`: what replaces the settings `relay.name`, `relay.description` and `relay.icon`; the
 *   value is `name`, `description` or `icon`, and {@link Rule.reason} holds the text.
 */
export type RuleList =
  | "banned-key"
  | "allowed-key"
  | "banned-event"
  | "allowed-event"
  | "allowed-kind"
  | "banned-kind"
  | "blocked-ip"
  | "information";

/** A rule of the operator. */
export interface Rule {
  readonly list: RuleList;
  readonly value: string;
  /** Why, for people; may be empty. */
  readonly reason: string;
}

/** A rule that is added, or removed where `reason` is undefined. */
export interface RuleChange extends Pick<Rule, "list" | "value"> {
  readonly reason: string | undefined;
}

/** A change of a rule, and who made it. */
export interface RuleLogEntry extends RuleChange {
  /** Seconds since 1970. */
  readonly atS: number;
  readonly who: string;
  /** The reason before the change; undefined where the value was not in the list. */
  readonly before: string | undefined;
}

/**
 * Stores the operator's rules. Banned events and events of banned keys stay stored, but no query or count
 * finds them.
 *
 * @see NIP-86
 */
export interface RuleStore {
  rules(): Promise<readonly Rule[]>;
  /** Changes rules in one transaction, records who did so, and notifies other instances. */
  changeRules(
    changes: readonly RuleChange[],
    by: { readonly who: string; readonly atS: number },
  ): Promise<void>;
  /** The newest changes, newest first. */
  ruleLog(limit: number): Promise<readonly RuleLogEntry[]>;
}

/**
 * An event that came after its deletion had been requested. It is not stored, but others are
 * deleted because of it: older versions at its address, or what it asks to be deleted.
 */
export type LateEvent = Omit<NostrEvent, "content" | "sig">;

/** Events that the operator deleted. */
export interface Erasure {
  readonly ids: readonly string[];
  /** Whether they are refused when they come again. */
  readonly isRemembered: boolean;
}

/** What a feed works with. */
export interface FeedOptions {
  /**
   * Called when another instance was given such an event; with undefined when some may have been missed.
   */
  readonly onLateEvent?: (event: LateEvent | undefined) => void;
  /** Called when another instance has changed the rules, or may have. */
  readonly onRulesChanged?: () => void;
  /** Called when the operator deleted events, here or in another process. May be called twice for one. */
  readonly onErased?: (erasure: Erasure) => void;
  /** Called when the operator let deleted events come again, here or in another process, as above. */
  readonly onRestored?: (ids: readonly string[]) => void;
  readonly clock: Clock;
  /** Called when the connection to other instances is lost, and when it is restored. */
  readonly log: Log;
}

/**
 * Announces every event that is stored from now on, by any instance. All live delivery goes through it.
 */
export interface EventFeed {
  /**
   * Calls `onEvents` with events that have become visible, each once. It must neither wait nor throw.
   * A version that was replaced at once by a newer one of another instance may be left out.
   */
  subscribe(onEvents: (events: readonly ToldRecord[]) => void): void;
  /**
   * Starts to listen to other instances; until then only what this one stores is announced. Resolves when
   * nothing that is stored from now on will be missed. Rejects with {@link StoreUnavailable}.
   */
  start(options: FeedOptions): Promise<void>;
  /** Whether other instances may store, too. */
  readonly isShared: boolean;
  /** Whether the connection to other instances is up. */
  readonly isCurrent: boolean;
  /**
   * Announces what has been sent here and was not handed over yet; false if that is not possible in this
   * turn. Absent where nothing waits.
   */
  catchUp?(): boolean;
  /**
   * Whether the event of this sequence number was announced to subscribers, or was stored before the feed
   * started. Where it is false for an event that a query finds, the feed is still to announce it.
   */
  wasDelivered(seq: number): boolean;
  /** Announces an event that is not stored to subscribers, here and in other instances. */
  publishEphemeral(record: EventRecord): void;
}

/** How a count is bounded. */
export interface CountOptions extends QueryOptions {
  /** How many stored events, of each filter, are looked at. */
  readonly maxRows: number;
}

/** A range of time, seconds since 1970. */
export interface TimeRange {
  readonly fromS: number;
  /** Exclusive; may be infinite. */
  readonly toS: number;
}

/** How many items of a range are wanted at most. */
export interface ItemsOptions extends QueryOptions {
  readonly maxItems: number;
}

/**
 * What a store knows of its events by slices of time, without reading them.
 *
 * @see NIP-77
 */
export interface Slices {
  /**
   * How many events that match `filter` each slice has, and the sum of their ids, oldest first: of those that
   * {@link EventStore.identify} would list at this moment, whatever `since` and `until` are. Undefined where
   * that is not kept for this filter and reader, or not yet.
   *
   * Rejects as {@link EventStore.query} does.
   */
  of(filter: ReqFilter, options: QueryOptions): Promise<SliceSums | undefined>;
  /**
   * The items of each range: of the events that {@link EventStore.identify} would list at this moment, whatever
   * `since` and `until` are. Undefined for a range that has more than `maxItems`. For filters and readers of
   * which slices are kept.
   *
   * Rejects as {@link EventStore.query} does.
   */
  itemsIn(
    filter: ReqFilter,
    ranges: readonly TimeRange[],
    options: ItemsOptions,
  ): Promise<readonly (ItemSet | undefined)[]>;
  /**
   * Does a step of what keeping them takes, and returns whether there is more to be done now. Until it is
   * called, nothing is kept. Rejects with {@link StoreUnavailable}.
   */
  tend(): Promise<boolean>;
}

/** Stores and queries events. */
export interface EventStore {
  /** Announces what {@link put} stores, here and in every other process on the same database. */
  readonly feed: EventFeed;
  /** The state of its connections; undefined for a store without any. */
  readonly stats?: PoolStats | undefined;
  /** Undefined for a store that has no slices. */
  readonly slices?: Slices | undefined;

  /**
   * Stores a batch atomically and durably, and says in the same order what became of each. Two events
   * of one batch meet the same rules as if they had come one after the other, requests to delete first and
   * newer versions before older ones.
   * Ephemeral events do not belong here, nor do requests to vanish (NIP-62) that are meant for other
   * relays: each that comes here is carried out.
   *
   * Rejects with {@link StoreUnavailable} when the database cannot be reached; the batch may be put again.
   */
  put(batch: readonly EventRecord[]): Promise<readonly PutOutcome[]>;

  /**
   * The stored events that match any of `filters`: each once, newest first, equal times by smaller id
   * first, in pieces as they come. `limit` holds per filter, before the union; a filter without `limit`
   * gives all it has. Nothing is read ahead.
   *
   * Rejects with {@link StoreUnavailable} when the database fails, and with {@link QueryTimedOut}; what came
   * before is then incomplete.
   */
  query(
    filters: readonly ReqFilter[],
    options?: QueryOptions,
  ): Answer;

  /**
   * The ids and times of the stored events that match any of `filters`, none of which has a search: each
   * once, in the order of {@link query}, in pieces as they come.
   *
   * Rejects as {@link query} does.
   */
  identify(
    filters: readonly ReqFilter[],
    options?: QueryOptions,
  ): AsyncIterable<readonly Pick<StoredEvent, "id" | "createdAt">[]>;

  /**
   * How many stored events match any of `filters`, each once, whatever their `limit`. Exact unless
   * `maxRows` events were looked at and there are more; then it is the least that it can be. For a filter
   * that has them, the registers of HyperLogLog are counted along.
   *
   * Rejects with {@link StoreUnavailable} when the database fails, with {@link QueryTimedOut} and with the
   * signal's reason.
   */
  count(filters: readonly ReqFilter[], options: CountOptions): Promise<CountResult>;

  /**
   * Indexes for search what was stored while search was off, in small steps, and yields after each how
   * many events were indexed. It can be interrupted; the next call continues where it ended.
   */
  reindex(options?: QueryOptions): AsyncIterable<number>;

  /** Ends running work, writes what is pending, and releases connections and memory. Idempotent. */
  close(): Promise<void>;
}

/** Takes events one by one and stores them in batches. */
export interface EventWriter {
  /**
   * Resolves once the batch that carried the event is committed. A lone event waits for nobody; events
   * that arrive while a batch is being written form the next one.
   *
   * Rejects with {@link StoreUnavailable} when the batch could not be stored.
   *
   * @param source whose event it is: sources take turns. Default: all are one.
   */
  write(record: EventRecord, source?: string): Promise<PutOutcome>;
}

/** The database cannot be reached or failed. The relay answers `error:` and logs it once. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** A query took longer than it may. The database works; the query asks for too much. */
export class QueryTimedOut extends Error {
  override readonly name = "QueryTimedOut";

  /** After how long, milliseconds. */
  constructor(timeoutMs: number) {
    super(`the query took longer than ${timeoutMs} ms`);
  }
}
