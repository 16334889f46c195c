/**
 * Counts what a sync does, shows its progress on a terminal and sums it up.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { countReason } from "../../sync/remote_refusal.ts";
import type { SendOutcome } from "../../sync/transfer.ts";
import type { Streams } from "../system/streams.ts";
import type { ImportTally } from "../transfer/import_events.ts";

/** Minimum time between two progress lines, milliseconds. */
const PROGRESS_MS = 250;

/** Clears the line of a terminal. */
const CLEAR = "\r\x1b[K";

/** What a run was asked to do. */
export interface SyncTask {
  readonly dir: "up" | "down" | "both";
  readonly dryRun: boolean;
}

/** The counts of one run. */
export class SyncReport {
  readonly #task: SyncTask;
  readonly #streams: Pick<Streams, "stdout" | "stderr">;
  readonly #clock: Clock;
  readonly #startMs: number;
  #shownMs = -Infinity;
  #missingHere = 0;
  #missingThere = 0;
  #fetched = 0;
  #malformed = 0;
  #accepted = 0;
  #duplicate = 0;
  readonly #refused = new Map<string, number>();
  #partialSeconds = 0;
  #firstPartialSecond = 0;

  constructor(task: SyncTask, streams: Pick<Streams, "stdout" | "stderr">, clock: Clock) {
    this.#task = task;
    this.#streams = streams;
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
  }

  /** The other relay does not reconcile. */
  pages(why: string): void {
    this.#note(`the other relay does not reconcile (${why}): all that it has is read`);
  }

  /** The other relay asked for fewer requests. */
  waits(pauseMs: number): void {
    this.#note(`rate-limited: waiting ${(pauseMs / 1_000).toFixed(1)} s`);
  }

  isPartial(second: number): void {
    if (this.#partialSeconds++ === 0) this.#firstPartialSecond = second;
  }

  differ(missingHere: number, missingThere: number): void {
    this.#missingHere += missingHere;
    this.#missingThere += missingThere;
    this.#progress();
  }

  fetched(): void {
    this.#fetched++;
    this.#progress();
  }

  malformed(count: number): void {
    this.#malformed += count;
  }

  sent(outcome: SendOutcome): void {
    if (outcome === "accepted") this.#accepted++;
    else if (outcome === "duplicate") this.#duplicate++;
    else countReason(this.#refused, outcome.refused);
    this.#progress();
  }

  /** Removes the line of progress. */
  async clear(): Promise<void> {
    if (this.#streams.stderr.isTerminal) await this.#streams.stderr.write(utf8(CLEAR));
  }

  /** Prints the sums. */
  async end(tally: ImportTally): Promise<void> {
    const { dir, dryRun } = this.#task;
    await this.clear();
    const lines = [`missing here ${this.#missingHere}, missing there ${this.#missingThere}`];
    if (this.#partialSeconds > 0) {
      lines.push(
        `of ${this.#partialSeconds} seconds the other relay may have more than it gives, ` +
          `the first is ${this.#firstPartialSecond}`,
      );
    }
    if (!dryRun && dir !== "up") lines.push(...this.#fetchedLines(tally));
    if (!dryRun && dir !== "down") lines.push(...this.#sentLines());
    await this.#streams.stdout.write(utf8(`${lines.join("\n")}\n`));
  }

  #fetchedLines({ stored, duplicate, superseded, deleted, refused }: ImportTally): string[] {
    const absent = this.#missingHere - this.#fetched - this.#malformed;
    return [
      `fetched: stored ${stored}, duplicate ${duplicate}, superseded ${superseded}, ` +
      `deleted ${deleted}`,
      ...reasonLines(refused),
      ...this.#malformed === 0 ? [] : [`  refused ${this.#malformed}: invalid: no event`],
      ...absent <= 0 ? [] : [`  not given by the other relay: ${absent}`],
    ];
  }

  #sentLines(): string[] {
    const known = this.#duplicate === 0 ? "" : `, known there ${this.#duplicate}`;
    return [`sent: accepted ${this.#accepted}${known}`, ...reasonLines(this.#refused)];
  }

  #note(text: string): void {
    const { stderr } = this.#streams;
    void stderr.write(utf8(`${stderr.isTerminal ? CLEAR : ""}gallimimus: ${text}\n`));
  }

  /** What is done, how fast, and how long the rest of what is known will take. */
  #progress(): void {
    const { stderr } = this.#streams;
    const nowMs = this.#clock.monotonicMs();
    if (!stderr.isTerminal || nowMs - this.#shownMs < PROGRESS_MS) return;
    this.#shownMs = nowMs;
    const sent = this.#accepted + this.#duplicate + sum(this.#refused);
    const done = this.#fetched + sent;
    const perSecond = done * 1_000 / Math.max(1, nowMs - this.#startMs);
    const { dir, dryRun } = this.#task;
    const toFetch = dryRun || dir === "up" ? 0 : this.#missingHere;
    const toSend = dryRun || dir === "down" ? 0 : this.#missingThere;
    const rest = Math.max(0, toFetch + toSend - done);
    const restS = perSecond > 0 ? `, ${Math.ceil(rest / perSecond)} s left` : "";
    const line = dryRun
      ? `missing here ${this.#missingHere}, missing there ${this.#missingThere}`
      : `fetched ${this.#fetched} of ${toFetch}, sent ${sent} of ${toSend}, ` +
        `${Math.round(perSecond)}/s${restS}`;
    void stderr.write(utf8(`${CLEAR}${line}\r`));
  }
}

/** A line for each reason, the most frequent first. */
export function reasonLines(refused: ReadonlyMap<string, number>): string[] {
  return [...refused].sort((left, right) => right[1] - left[1])
    .map(([reason, count]) => `  refused ${count}: ${reason}`);
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
