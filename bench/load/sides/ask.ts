/**
 * Sends one REQ after another on each connection and waits for its EOSE.
 *
 * @module
 */

import { subscriptionNumber, tallyAnswer, verbOf } from "../answer.ts";
import { closeAll, openAll, readFrom, type Reading } from "../connections.ts";
import { frameCount, frameOf, type PackedFrames } from "../frames.ts";
import { Latencies } from "../latencies.ts";
import type { RawClient } from "../raw_client.ts";
import { nowMs, type Side, type SideResult, type Target } from "../side.ts";
import { Tally } from "../tally.ts";

/** Questions, and for how long. */
export interface AskJob extends Target {
  readonly kind: "ask";
  /** REQs, number i with the subscription id `q` and i. They are sent in turn, over and over. */
  readonly requests: PackedFrames;
  /** The CLOSE of each. */
  readonly closes: PackedFrames;
  readonly connections: number;
  readonly seconds: number;
  /** How many questions, in place of for how long. */
  readonly questions?: number;
}

/** Opens the connections. */
export async function askSide(job: AskJob): Promise<Side> {
  const asking = new Asking(job);
  await asking.open();
  return asking;
}

/** A connection and the question that it waits for. */
interface Asker {
  readonly client: RawClient;
  /** The number of the question; -1 before the first one and after the last. */
  current: number;
  sentMs: number;
}

class Asking implements Side {
  readonly #job: AskJob;
  readonly #tally = new Tally();
  readonly #latencies = new Latencies();
  readonly #askers: Asker[] = [];
  readonly #readings: Reading[] = [];
  readonly #over = Promise.withResolvers<void>();
  #asked = 0;
  #answered = 0;
  #rows = 0;
  #busy = 0;
  #endMs = 0;

  constructor(job: AskJob) {
    this.#job = job;
  }

  async open(): Promise<void> {
    for (const client of await openAll(this.#job, this.#tally)) {
      const asker: Asker = { client, current: -1, sentMs: 0 };
      const reading = readFrom(client, this.#tally, (payload) => this.#onMessage(asker, payload));
      this.#askers.push(asker);
      this.#readings.push(reading);
      void reading.ended.then(() => this.#onEnd(asker));
    }
  }

  async run(): Promise<SideResult> {
    const startMs = nowMs();
    this.#endMs = startMs + this.#job.seconds * 1_000;
    const watch = setInterval(() => this.#giveUpOnSilence(), 100);
    this.#busy = this.#askers.length;
    if (this.#busy === 0) this.#over.resolve();
    for (const asker of this.#askers) this.#ask(asker);
    await this.#over.promise;
    clearInterval(watch);
    return {
      done: this.#answered,
      tried: this.#asked,
      seconds: (nowMs() - startMs) / 1_000,
      latencies: this.#latencies.counts,
      tally: this.#tally.entries(),
      rows: this.#rows,
    };
  }

  close(): Promise<void> {
    return closeAll(this.#readings);
  }

  #isOver(): boolean {
    const { questions } = this.#job;
    return questions === undefined ? nowMs() >= this.#endMs : this.#asked >= questions;
  }

  /** Closes the question before and sends the next one. */
  #ask(asker: Asker): void {
    const { requests, closes } = this.#job;
    const closing = asker.current === -1 ? [] : [frameOf(closes, asker.current)];
    if (this.#isOver()) {
      asker.current = -1;
      void asker.client.send(...closing);
      if (--this.#busy === 0) this.#over.resolve();
      return;
    }
    asker.current = this.#asked++ % frameCount(requests);
    asker.sentMs = nowMs();
    void asker.client.send(...closing, frameOf(requests, asker.current));
  }

  #onMessage(asker: Asker, payload: Uint8Array): void {
    const verb = verbOf(payload);
    if (verb === "EVENT") return void this.#rows++;
    if (verb !== "EOSE" && verb !== "CLOSED" && verb !== "NOTICE") {
      return tallyAnswer(this.#tally, payload);
    }
    if (verb !== "EOSE") tallyAnswer(this.#tally, payload);
    // Relays refuse with a NOTICE, too, which names no subscription.
    const isOurs = verb === "NOTICE" || subscriptionNumber(payload) === asker.current;
    if (asker.current === -1 || !isOurs) return;
    if (verb === "EOSE") this.#answered++;
    this.#latencies.record(nowMs() - asker.sentMs);
    this.#ask(asker);
  }

  /** What has waited for too long counts with that time, and the next question is sent. */
  #giveUpOnSilence(): void {
    const now = nowMs();
    for (const asker of this.#askers) {
      if (asker.current === -1 || now - asker.sentMs < this.#job.timeoutMs) continue;
      this.#tally.add("no answer");
      this.#latencies.record(now - asker.sentMs);
      this.#ask(asker);
    }
  }

  #onEnd(asker: Asker): void {
    if (asker.current === -1) return;
    asker.current = -1;
    this.#tally.add("no answer");
    if (--this.#busy === 0) this.#over.resolve();
  }
}
