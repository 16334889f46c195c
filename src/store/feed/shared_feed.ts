/**
 * The feed of a database that several instances write to.
 *
 * Each transaction that stores events sends a notification with their sequence numbers, not their
 * bodies. Postgres delivers notifications once and in commit order, so while the listening
 * connection lives, each batch is received exactly once. An instance has its own events in memory,
 * and reads those of others by number, many in one statement.
 *
 * Threads of one process send each other their events besides, see `nearby_feeds.ts`.
 *
 * After a lost connection, the feed listens again *first*, and then selects the numbers above its
 * floor; the window tells which of them were delivered already. The floor must be below every event
 * that may still become visible, and an event gets its number before its commit. So a floor is
 * taken in three steps: note the highest assigned number and the time; wait until no transaction
 * that may write events is older than that; and send a notification to itself. When that arrives,
 * every lower number has been received or will never come.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { utf8, utf8Decode } from "../../base/bytes.ts";
import type { Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/error_text.ts";
import type { Listening, ListeningDatabase, Session } from "../database/database.ts";
import {
  type Erasure,
  type EventRecord,
  type FeedOptions,
  type LateEvent,
  StoreUnavailable,
} from "../event_store.ts";
import {
  decisionPayloads,
  FEED_CHANNEL,
  LATE_EVENT,
  type Mark,
  notify,
  type NumberedRecord,
  readDecision,
  readRecord,
  RULES_CHANGED,
  selectBySeqs,
  selectInstance,
  selectMark,
  selectOldestWrite,
  selectSeqsAfter,
  selectTimeline,
} from "./feed_statements.ts";
import { type NearbyChannel, type NearbyEvents, NearbyFeeds } from "./nearby_feeds.ts";
import { readSeqRanges, writeSeqRanges } from "./seq_ranges.ts";
import { SeqWindow } from "./seq_window.ts";
import type { StoreFeed } from "./store_feed.ts";
import { lateEventParts, LateEventReader } from "./late_event.ts";

/** Postgres refuses payloads of 8,000 bytes and more. */
const MAX_PAYLOAD_BYTES = 7_900;

/** How many events are read in one statement. */
const READ_EVENTS = 200;

/** How many numbers are listed in one statement while catching up. */
const LIST_SEQS = 5_000;

/** How many numbers may wait to be read. Beyond that, the feed drops them and catches up later. */
const MAX_WAITING = 100_000;

/** How many ephemeral events may wait to be sent. Beyond that, other instances do not get them. */
const MAX_OUTBOX = 1_000;

/** The interval at which the floor is raised and the connection is probed. */
const PROBE_MS = 5_000;

/** The delay before reconnecting: doubles from the first to the second. */
const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 5_000;

const SHORT = { isShort: true };

/** Work that is done in order: numbers to read, or a floor to raise after the numbers before it. */
type Step = { readonly seqs: readonly number[] } | { readonly floor: number };

/** Delivers what all instances on one database store. */
export class SharedFeed implements StoreFeed {
  readonly #database: ListeningDatabase;
  #onEvents: (events: readonly EventRecord[]) => void = () => {};
  /** Undefined until {@link start}. */
  #options: FeedOptions | undefined = undefined;
  /** The number of this instance in notifications; 0 until the feed has connected. */
  #instance = 0;
  /**
   * Events that this instance is writing: they have a number, and their commit is not confirmed
   * yet.
   */
  readonly #uncommitted = new Map<number, NumberedRecord>();
  #window = new SeqWindow();
  /** Of the server that the numbers in the window are from; empty until the feed has connected. */
  #timeline = "";
  /** Floors to come, oldest first: each is raised when no older transaction may write any more. */
  readonly #marks: Mark[] = [];
  #steps: Step[] = [];
  /** How many numbers the steps have. */
  #waitingSeqs = 0;
  #isReading = false;
  /** Set while connected and caught up, or catching up. */
  #listening: Listening | undefined = undefined;
  #isConnecting = false;
  #isProbing = false;
  #isClosed = false;
  #retryMs = MIN_RETRY_MS;
  #probe: Timer | undefined = undefined;
  #retry: Timer | undefined = undefined;
  /** When the connection was lost, by the monotonic clock; undefined while it is up. */
  #lostSinceMs: number | undefined = undefined;
  readonly #lateEvents = new LateEventReader();
  readonly #nearby: NearbyFeeds | undefined;
  /** Payloads of ephemeral events that wait to be sent. */
  #outbox: string[] = [];
  #isSending = false;

  /** @param channel to the feeds of other threads of this process; none by default */
  constructor(database: ListeningDatabase, channel?: NearbyChannel) {
    this.#database = database;
    this.#nearby = channel && new NearbyFeeds(channel, (events) => this.#onNearby(events));
  }

  subscribe(onEvents: (events: readonly EventRecord[]) => void): void {
    this.#onEvents = onEvents;
  }

  readonly isShared = true;

  get isCurrent(): boolean {
    return this.#listening !== undefined && !this.#isConnecting;
  }

  async start(options: FeedOptions): Promise<void> {
    assert(this.#options === undefined, "a feed starts once");
    this.#options = options;
    await this.#connect();
    this.#probe = options.clock.every(PROBE_MS, () => void this.#onProbe());
  }

  wasDelivered(seq: number): boolean {
    return this.#options === undefined ? !this.#uncommitted.has(seq) : this.#window.has(seq);
  }

  publishEphemeral(record: EventRecord): void {
    this.#onEvents([record]);
    this.#nearby?.sendEphemeral(record);
    const payload = `e${this.#instance}:${utf8Decode(record.json)}`;
    const fits = record.json.length + 20 < MAX_PAYLOAD_BYTES;
    if (this.#options === undefined || !fits || this.#outbox.length >= MAX_OUTBOX) return;
    this.#outbox.push(payload);
    if (!this.#isSending) void this.#send();
  }

  announce(
    session: Session,
    events: readonly NumberedRecord[],
    late: readonly LateEvent[],
  ): Promise<unknown> | undefined {
    for (const event of events) this.#uncommitted.set(event.seq, event);
    const ranges = writeSeqRanges(events.map(({ seq }) => seq), MAX_PAYLOAD_BYTES);
    const payloads = [...ranges.map((range) => `s${range}`), ...latePayloads(late)];
    return payloads.length > 0 ? session.query(notify(payloads)) : undefined;
  }

  announceErasure(
    session: Session,
    erasure: Erasure,
    late: readonly LateEvent[],
  ): Promise<unknown> {
    const { ids, isRemembered } = erasure;
    const payloads = decisionPayloads(isRemembered ? "x" : "y", ids, MAX_PAYLOAD_BYTES);
    return session.query(notify([...latePayloads(late), ...payloads]));
  }

  announceRestored(session: Session, ids: readonly string[]): Promise<unknown> {
    return session.query(notify(decisionPayloads("z", ids, MAX_PAYLOAD_BYTES)));
  }

  restored(ids: readonly string[]): void {
    this.#options?.onRestored?.(ids);
  }

  /** At once: the notification comes later. */
  erased(erasure: Erasure): void {
    this.#options?.onErased?.(erasure);
  }

  committed(events: readonly NumberedRecord[]): void {
    for (const { seq } of events) this.#uncommitted.delete(seq);
    this.#deliver(events);
    this.#nearby?.sendStored(events);
  }

  /** Reads the events anyway: the commit may have succeeded and only its answer been lost. */
  failed(events: readonly NumberedRecord[]): void {
    for (const { seq } of events) this.#uncommitted.delete(seq);
    if (this.#listening !== undefined && events.length > 0) {
      this.#enqueue({ seqs: events.map(({ seq }) => seq) });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#nearby?.close();
    this.#probe?.cancel();
    this.#retry?.cancel();
    const listening = this.#listening;
    this.#listening = undefined;
    await listening?.close();
  }

  #deliver(events: readonly NumberedRecord[]): void {
    if (this.#options === undefined) return this.#onEvents(events);
    const fresh = events.filter(({ seq }) => this.#window.add(seq));
    if (fresh.length > 0) this.#onEvents(fresh);
  }

  #onPayload(payload: string): void {
    if (payload.startsWith("e")) return this.#onEphemeral(payload);
    if (payload === RULES_CHANGED) return this.#options?.onRulesChanged?.();
    if (payload.startsWith(LATE_EVENT)) {
      const event = this.#lateEvents.read(payload.slice(LATE_EVENT.length));
      return event === "unfinished" ? undefined : this.#options?.onLateEvent?.(event);
    }
    const decision = readDecision(payload);
    if (decision !== undefined) {
      const { prefix, ids } = decision;
      return prefix === "z"
        ? this.restored(ids)
        : this.erased({ ids, isRemembered: prefix === "x" });
    }
    if (!payload.startsWith("s")) return;
    const seqs = readSeqRanges(payload.slice(1), MAX_WAITING);
    if (seqs === undefined) return;
    // The notification proves the commit, even if its answer has not arrived.
    if (seqs.some((seq) => this.#uncommitted.has(seq))) {
      const told = new Set(seqs);
      // In the order of the batch.
      this.#deliver([...this.#uncommitted.values()].filter(({ seq }) => told.has(seq)));
    }
    const others = seqs.filter((seq) => !this.#window.has(seq));
    if (others.length > 0) this.#enqueue({ seqs: others });
  }

  #onEphemeral(payload: string): void {
    const colon = payload.indexOf(":");
    const instance = Number(payload.slice(1, colon));
    if (instance === this.#instance || this.#nearby?.has(instance) === true) return;
    const record = readRecord(utf8(payload.slice(colon + 1)));
    if (record !== undefined) this.#onEvents([record]);
  }

  /** Before {@link start} nothing of other instances is told. */
  #onNearby({ stored, ephemeral }: NearbyEvents): void {
    if (this.#options === undefined || this.#isClosed) return;
    const records = stored.flatMap(({ seq, json }) => {
      const record = this.#window.has(seq) ? undefined : readRecord(json);
      return record === undefined ? [] : [{ seq, ...record }];
    });
    this.#deliver(records);
    const others = ephemeral.map(readRecord).filter((record) => record !== undefined);
    if (others.length > 0) this.#onEvents(others);
  }

  #enqueue(step: Step): void {
    if ("seqs" in step) this.#waitingSeqs += step.seqs.length;
    if (this.#waitingSeqs > MAX_WAITING) {
      return this.#disconnect(new Error("too many events at once"));
    }
    this.#steps.push(step);
    if (!this.#isReading) void this.#readAll();
  }

  async #readAll(): Promise<void> {
    this.#isReading = true;
    try {
      while (this.#steps.length > 0) await this.#readSome();
    } catch (error) {
      this.#disconnect(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #readSome(): Promise<void> {
    const seqs: number[] = [];
    while (seqs.length < READ_EVENTS && this.#steps.length > 0) {
      const step = this.#steps[0]!;
      if ("floor" in step) {
        if (seqs.length > 0) break;
        this.#window.raise(step.floor);
      } else {
        const room = READ_EVENTS - seqs.length;
        seqs.push(...step.seqs.slice(0, room));
        if (step.seqs.length > room) {
          this.#steps[0] = { seqs: step.seqs.slice(room) };
          break;
        }
      }
      this.#steps.shift();
    }
    this.#waitingSeqs -= seqs.length;
    const unknown = seqs.filter((seq) => !this.#window.has(seq));
    if (unknown.length === 0) return;
    const records = await this.#database.query(selectBySeqs(unknown), SHORT);
    this.#deliver(records.filter((record) => record !== undefined));
  }

  async #connect(): Promise<void> {
    this.#isConnecting = true;
    try {
      const listening = await this.#database.listen(FEED_CHANNEL, {
        onPayload: (payload) => this.#onPayload(payload),
        onLost: (error) => this.#disconnect(error),
      });
      this.#listening = listening;
      if (this.#isClosed) return await listening.close();
      const [timeline] = await listening.query(selectTimeline);
      if (this.#instance === 0) await this.#begin(listening);
      else {
        if (timeline !== this.#timeline) await this.#startOver(listening);
        await this.#catchUp();
      }
      this.#timeline = timeline!;
      if (this.#listening !== listening) throw new StoreUnavailable("lost while catching up");
    } catch (error) {
      const listening = this.#listening;
      this.#listening = undefined;
      await listening?.close();
      throw error;
    } finally {
      this.#isConnecting = false;
    }
  }

  /** Sets the first floor: what got its number before is not delivered. */
  async #begin(listening: Listening): Promise<void> {
    const mark = await listening.query(selectMark);
    const deadlineMs = this.#nowMs() + PROBE_MS;
    while (await oldestWriteUs(listening) <= mark[0]!.timeUs && this.#nowMs() < deadlineMs) {
      await this.#pause(MIN_RETRY_MS);
    }
    this.#window.raise(mark[0]!.seq);
    this.#instance = (await listening.query(selectInstance))[0]!;
    this.#nearby?.start(this.#instance);
  }

  /**
   * A promoted standby may give numbers again that the lost primary had given: none but those up to
   * the floor are taken for delivered, and of these only what the standby has given. What is above is
   * delivered a second time.
   */
  async #startOver(listening: Listening): Promise<void> {
    const [mark] = await listening.query(selectMark);
    const floor = Math.min(this.#window.floor, mark!.seq);
    this.#window = new SeqWindow();
    this.#window.raise(floor);
    this.#marks.length = 0;
  }

  /** Delivers what was stored while the feed did not listen. */
  async #catchUp(): Promise<void> {
    let after = this.#window.floor;
    for (;;) {
      const seqs = await this.#database.query(selectSeqsAfter(after, LIST_SEQS), SHORT);
      const unknown = seqs.filter((seq) => !this.#window.has(seq));
      for (let start = 0; start < unknown.length; start += READ_EVENTS) {
        const part = unknown.slice(start, start + READ_EVENTS);
        const records = await this.#database.query(selectBySeqs(part), SHORT);
        this.#deliver(records.filter((record) => record !== undefined));
      }
      if (seqs.length < LIST_SEQS) return;
      after = seqs.at(-1)!;
    }
  }

  /** Raises the floor, and checks that the connection still answers. */
  async #onProbe(): Promise<void> {
    const listening = this.#listening;
    if (listening === undefined || this.#isConnecting) return;
    if (this.#isProbing) {
      return this.#disconnect(new StoreUnavailable("the database does not answer"));
    }
    this.#isProbing = true;
    try {
      const [mark] = await listening.query(selectMark);
      if (mark!.seq > (this.#marks.at(-1)?.seq ?? this.#window.floor)) this.#marks.push(mark!);
      if (this.#marks.length > 0) await this.#settle(listening);
    } catch (error) {
      if (listening === this.#listening) this.#disconnect(error);
    } finally {
      this.#isProbing = false;
    }
  }

  async #settle(listening: Listening): Promise<void> {
    const oldestUs = await oldestWriteUs(listening);
    const settled = this.#marks.filter(({ timeUs }) => timeUs < oldestUs);
    // Arrives on this connection after every notification that was committed before it.
    await listening.query(notify([""]));
    if (settled.length === 0 || listening !== this.#listening) return;
    this.#marks.splice(0, settled.length);
    this.#enqueue({ floor: settled.at(-1)!.seq });
  }

  /** Drops the connection and the queued work; catching up finds it again. */
  #disconnect(error: unknown): void {
    const listening = this.#listening;
    if (this.#isClosed || listening === undefined) return;
    this.#listening = undefined;
    this.#steps = [];
    this.#waitingSeqs = 0;
    void listening.close();
    // If a connection attempt is running, it fails and schedules the next one itself.
    if (!this.#isConnecting) this.#retryLater(error);
  }

  #retryLater(error: unknown): void {
    if (this.#lostSinceMs === undefined) {
      this.#lostSinceMs = this.#nowMs();
      const why = messageOf(error);
      this.#options?.log.warn("connection to other instances lost", { error: why });
    }
    this.#retry = this.#options?.clock.after(this.#retryMs, () => void this.#reconnect());
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
  }

  async #reconnect(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      if (!this.#isClosed) this.#retryLater(error);
      return;
    }
    if (this.#isClosed) return;
    const lastedMs = Math.round(this.#nowMs() - (this.#lostSinceMs ?? this.#nowMs()));
    this.#lostSinceMs = undefined;
    this.#retryMs = MIN_RETRY_MS;
    this.#options?.log.info("connection to other instances restored", { lastedMs });
    this.#options?.onRulesChanged?.();
    // They are stored nowhere, so that none can be caught up with.
    this.#options?.onLateEvent?.(undefined);
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    // Collects all ephemeral events of this turn in one transaction.
    await Promise.resolve();
    while (this.#outbox.length > 0) {
      const payloads = this.#outbox.splice(0, READ_EVENTS);
      // Ephemeral events have no delivery guarantee: those that cannot be sent now are dropped.
      await this.#database.transaction((session) => session.query(notify(payloads)))
        .catch(() => {});
    }
    this.#isSending = false;
  }

  #nowMs(): number {
    return this.#options?.clock.monotonicMs() ?? 0;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#options?.clock.after(delayMs, resolve));
  }
}

function latePayloads(late: readonly LateEvent[]): readonly string[] {
  return late.flatMap((event) => lateEventParts(event, MAX_PAYLOAD_BYTES - 1))
    .map((part) => LATE_EVENT + part);
}

async function oldestWriteUs(listening: Listening): Promise<number> {
  return (await listening.query(selectOldestWrite))[0]!;
}
