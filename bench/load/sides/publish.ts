/**
 * Publishes events and waits for each OK, in a closed loop or an open one.
 *
 * @module
 */

import { okKey, okResult, tallyAnswer, verbOf } from "../answer.ts";
import { closeAll, openAll, readFrom, type Reading } from "../connections.ts";
import { frameCount, frameOf, type PackedFrames } from "../frames.ts";
import { Latencies } from "../latencies.ts";
import type { RawClient } from "../raw_client.ts";
import { Schedule } from "../schedule.ts";
import { nowMs, type Side, type SideResult, type Target } from "../side.ts";
import { Tally } from "../tally.ts";

/** Events, and how they are sent. */
export interface PublishJob extends Target {
  readonly kind: "publish";
  readonly frames: PackedFrames;
  /** The key of each frame's event, as `keyOf` gives it. */
  readonly keys: Float64Array;
  readonly connections: number;
  /** A closed loop: the most events of one connection that wait for their OK. */
  readonly inFlight?: number;
  /** An open loop: events a second, whatever the relay answers. */
  readonly perSecond?: number;
  /** When a closed loop ends though events are left. */
  readonly maxSeconds: number;
}

/** Opens the connections. */
export async function publishSide(job: PublishJob): Promise<Side> {
  const publishing = new Publishing(job);
  await publishing.open();
  return publishing;
}

/** A connection and what waits for its OK there. */
interface Publisher {
  readonly client: RawClient;
  /** When each event was sent, or was due; by its key. */
  readonly waiting: Map<number, number>;
}

class Publishing implements Side {
  readonly #job: PublishJob;
  readonly #tally = new Tally();
  readonly #latencies = new Latencies();
  readonly #publishers: Publisher[] = [];
  readonly #readings: Reading[] = [];
  readonly #over = Promise.withResolvers<void>();
  #next = 0;
  #open = 0;
  #accepted = 0;
  #answered = 0;
  #lastAnswerMs = 0;

  constructor(job: PublishJob) {
    this.#job = job;
  }

  async open(): Promise<void> {
    for (const client of await openAll(this.#job, this.#tally)) {
      const publisher = { client, waiting: new Map() };
      const reading = readFrom(
        client,
        this.#tally,
        (payload) => this.#onAnswer(publisher, payload),
      );
      this.#publishers.push(publisher);
      this.#readings.push(reading);
      this.#open++;
      void reading.ended.then(() => {
        if (--this.#open === 0) this.#over.resolve();
      });
    }
    if (this.#open === 0) this.#over.resolve();
  }

  async run(): Promise<SideResult> {
    const startMs = this.#lastAnswerMs = nowMs();
    const watch = setInterval(() => this.#endWhenStuck(startMs), 100);
    let lateMs: number | undefined;
    if (this.#job.perSecond === undefined) {
      for (const one of this.#publishers) {
        this.#sendMore(one);
      }
    } else lateMs = await this.#sendOnSchedule(this.#job.perSecond, startMs);
    if (this.#answered === frameCount(this.#job.frames)) this.#over.resolve();
    await this.#over.promise;
    clearInterval(watch);
    const endMs = nowMs();
    this.#tallyUnanswered(endMs);
    return {
      done: this.#accepted,
      tried: frameCount(this.#job.frames),
      // What nothing was said about after the last answer is no time of the relay's.
      seconds: Math.max(this.#lastAnswerMs - startMs, 1) / 1_000,
      latencies: this.#latencies.counts,
      tally: this.#tally.entries(),
      ...(lateMs === undefined ? {} : { lateMs }),
    };
  }

  close(): Promise<void> {
    return closeAll(this.#readings);
  }

  /** Fills the connection's share of what is in flight. */
  #sendMore({ client, waiting }: Publisher): void {
    const { frames, keys, inFlight = 1 } = this.#job;
    const batch: Uint8Array[] = [];
    while (waiting.size < inFlight && this.#next < frameCount(frames)) {
      waiting.set(keys[this.#next]!, nowMs());
      batch.push(frameOf(frames, this.#next++));
    }
    if (batch.length > 0) void client.send(...batch);
  }

  /** Sends what is due once a millisecond; returns by how much it was late at most. */
  async #sendOnSchedule(perSecond: number, startMs: number): Promise<number> {
    const { frames, keys } = this.#job;
    const count = frameCount(frames);
    const schedule = new Schedule(perSecond, count);
    let lateMs = 0;
    while (this.#next < count && this.#open > 0) {
      const elapsedMs = nowMs() - startMs;
      for (const due = schedule.dueBy(elapsedMs); this.#next < due;) {
        const { client, waiting } = this.#publishers[this.#next % this.#publishers.length]!;
        const dueMs = schedule.dueMs(this.#next);
        lateMs = Math.max(lateMs, elapsedMs - dueMs);
        waiting.set(keys[this.#next]!, startMs + dueMs);
        void client.send(frameOf(frames, this.#next++));
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return lateMs;
  }

  #onAnswer(publisher: Publisher, payload: Uint8Array): void {
    if (verbOf(payload) !== "OK") return tallyAnswer(this.#tally, payload);
    const sentMs = publisher.waiting.get(okKey(payload));
    if (sentMs === undefined) return this.#tally.add("OK of no event that waits");
    publisher.waiting.delete(okKey(payload));
    this.#lastAnswerMs = nowMs();
    this.#latencies.record(this.#lastAnswerMs - sentMs);
    this.#answered++;
    if (isStored(payload)) this.#accepted++;
    else tallyAnswer(this.#tally, payload);
    if (this.#answered === frameCount(this.#job.frames)) return this.#over.resolve();
    const { inFlight } = this.#job;
    if (inFlight !== undefined && publisher.waiting.size <= inFlight / 2) this.#sendMore(publisher);
  }

  #endWhenStuck(startMs: number): void {
    const now = nowMs();
    const { timeoutMs, maxSeconds, inFlight } = this.#job;
    const isOverdue = inFlight !== undefined && now - startMs > maxSeconds * 1_000;
    const isAllSent = inFlight !== undefined || this.#next === frameCount(this.#job.frames);
    if (isOverdue || isAllSent && now - this.#lastAnswerMs > timeoutMs) this.#over.resolve();
  }

  /** What has waited in vain counts with the time so far: a relay gains nothing by silence. */
  #tallyUnanswered(endMs: number): void {
    for (const { waiting } of this.#publishers) {
      this.#tally.add("no answer", "", waiting.size);
      for (const sentMs of waiting.values()) this.#latencies.record(endMs - sentMs);
    }
    this.#tally.add("not sent", "", frameCount(this.#job.frames) - this.#next);
  }
}

const DUPLICATE = "duplicate:";

/** OK true, and not because the relay had it already. */
function isStored(payload: Uint8Array): boolean {
  const result = okResult(payload);
  if (result !== "accepted, with a message") return result === "accepted";
  return !new TextDecoder().decode(payload).includes(`"${DUPLICATE}`);
}
