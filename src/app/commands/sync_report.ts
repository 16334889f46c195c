/**
 * Counts what a sync does, shows its progress on a terminal and sums it up.
 *
 * @module
 */

import { sum } from "../../base/sum.ts";
import { type SendOutcome, SendTally } from "../../sync/transfer.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { print } from "../command_line/with_store.ts";
import type { ImportTally } from "../transfer/import_events.ts";

interface SyncTask {
  readonly dir: "up" | "down" | "both";
  readonly dryRun: boolean;
}

/** The counts of one run. */
export class SyncReport {
  readonly #task: SyncTask;
  readonly #context: Pick<CommandContext, "streams" | "clock">;
  readonly #line: ProgressLine;
  readonly #startMs: number;
  #missingHere = 0;
  #missingThere = 0;
  #fetched = 0;
  #malformed = 0;
  readonly #sent = new SendTally();
  #partialSeconds = 0;
  #firstPartialSecond = 0;

  constructor(task: SyncTask, context: Pick<CommandContext, "streams" | "clock">) {
    this.#task = task;
    this.#context = context;
    this.#line = new ProgressLine(context);
    this.#startMs = context.clock.monotonicMs();
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
    this.#sent.add(outcome);
    this.#progress();
  }

  /** Removes the line of progress. */
  clear(): Promise<void> {
    return this.#line.clear();
  }

  /** Prints the sums. */
  async end(tally: ImportTally): Promise<void> {
    const { dir, dryRun } = this.#task;
    const lines = [`missing here ${this.#missingHere}, missing there ${this.#missingThere}`];
    if (this.#partialSeconds > 0) {
      lines.push(
        `of ${this.#partialSeconds} seconds the other relay may have more than it gives, ` +
          `the first is ${this.#firstPartialSecond}`,
      );
    }
    if (!dryRun && dir !== "up") lines.push(...this.#fetchedLines(tally));
    if (!dryRun && dir !== "down") lines.push(...this.#sentLines());
    await print(this.#context, lines.join("\n"));
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
    const { accepted, duplicate, refused } = this.#sent;
    const known = duplicate === 0 ? "" : `, known there ${duplicate}`;
    return [`sent: accepted ${accepted}${known}`, ...reasonLines(refused)];
  }

  #note(text: string): void {
    this.#line.note(`gallimimus: ${text}`);
  }

  /** What is done, how fast, and how long the rest of what is known will take. */
  #progress(): void {
    this.#line.show(() => this.#progressText());
  }

  #progressText(): string {
    const nowMs = this.#context.clock.monotonicMs();
    const { accepted, duplicate, refused } = this.#sent;
    const sent = accepted + duplicate + sum(refused.values());
    const done = this.#fetched + sent;
    const perSecond = done * 1_000 / Math.max(1, nowMs - this.#startMs);
    const { dir, dryRun } = this.#task;
    const toFetch = dryRun || dir === "up" ? 0 : this.#missingHere;
    const toSend = dryRun || dir === "down" ? 0 : this.#missingThere;
    const rest = Math.max(0, toFetch + toSend - done);
    const restS = perSecond > 0 ? `, ${Math.ceil(rest / perSecond)} s left` : "";
    return dryRun
      ? `missing here ${this.#missingHere}, missing there ${this.#missingThere}`
      : `fetched ${this.#fetched} of ${toFetch}, sent ${sent} of ${toSend}, ` +
        `${Math.round(perSecond)}/s${restS}`;
  }
}

/** A line for each reason, the most frequent first. */
export function reasonLines(refused: ReadonlyMap<string, number>): string[] {
  return [...refused].sort((left, right) => right[1] - left[1])
    .map(([reason, count]) => `  refused ${count}: ${reason}`);
}
