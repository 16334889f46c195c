/**
 * `gallimimus import`: stores the events of a JSON Lines file.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import { utf8 } from "../../base/bytes.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { importEvents, type ImportTally } from "../transfer/import_events.ts";
import { Access } from "../../relay/access/access.ts";
import { RuleBook } from "../../relay/access/rules.ts";
import { importPolicies } from "../access/access_policies.ts";
import { bannedPatternsOf } from "../settings/banned_patterns.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { type TimeOptions, withTimeOptions } from "../command_line/time_options.ts";
import { complain } from "../command_line/with_store.ts";
import { createVerifier } from "../verifier.ts";

/** The options of the command. */
export interface ImportFlags extends TimeOptions {
  /** False skips signature checks. */
  readonly verify: boolean;
  /** False accepts events beyond the limits on size and date. */
  readonly limits: boolean;
  /** Whether to store events that `delete` removed. */
  readonly undelete?: boolean;
}

/** The file cannot be read to its end. */
class UnreadableFile extends Error {}

/**
 * Adds the command to the program.
 */
export function defineImport(program: Command, run: RunCommand): void {
  const command = program.command("import")
    .description("store the events of a file: one JSON object a line, or a JSON array")
    .argument("<file>", "the file, compressed if its name ends in .gz, or - for standard input")
    .option("--no-verify", "take signatures on trust (ids are checked all the same)")
    .option("--no-limits", "take events that the limits on size and date would refuse")
    .option("--undelete", "take events that the delete command removed");
  withSettingOptions(withTimeOptions(command))
    .action((path: string, options: ImportFlags & SettingOptions) =>
      run(options, (context) => importFile(context, path, options))
    );
}

/**
 * Imports a file and prints the counts. Refused lines are counted, and the first few are shown; they are
 * a failure only if nothing else was in the file. What was stored before a failure stays.
 */
export async function importFile(
  context: CommandContext,
  path: string,
  { verify, limits, since, until, undelete }: ImportFlags,
): Promise<ExitCode> {
  const { settings, streams, stop, log, clock } = context;
  const opened = await streams.open(path);
  if ("fault" in opened) {
    return await complain(context, `${path}: ${opened.fault}`, exitCode.failed);
  }
  const isBannedText = await bannedPatternsOf(settings);
  const verifier = verify ? await createVerifier(settings, log) : undefined;
  const store = await context.openStore().catch((error: unknown) => {
    verifier?.close();
    throw error;
  });
  const progress = new ProgressLine(context);
  let tally: ImportTally | undefined;
  try {
    const options = {
      ...{ store, verifier, since, until, undelete },
      access: new Access({
        policies: importPolicies({
          ...{ settings, clock, isBannedText },
          rules: new RuleBook(),
          // What is imported need not be a member's.
          domains: undefined,
        }, limits),
        clock,
        log,
        policyTimeoutMs: settings.access.policy_timeout_ms,
      }),
      nowMs: clock.nowMs(),
      maxLineBytes: settings.limits.max_message_bytes,
      onProgress(counts: ImportTally) {
        tally = counts;
        progress.show(() => countsOf(counts));
      },
    };
    const bytes = readUntil(textOf(path, opened.readable), stop);
    tally = await store.fill(() => importEvents(readable(bytes), options));
    await progress.clear();
    await streams.stdout.write(utf8(summaryOf(tally)));
    if (stop.aborted) return exitCode.interrupted;
    return hasOnlyRefused(tally) ? exitCode.failed : exitCode.done;
  } catch (error) {
    await progress.clear();
    if (!(error instanceof UnreadableFile)) throw error;
    if (tally !== undefined) await streams.stdout.write(utf8(summaryOf(tally)));
    return await complain(context, `${path}: ${error.message}`, exitCode.failed);
  } finally {
    verifier?.close();
    await store.close();
  }
}

function textOf(path: string, file: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  if (!path.endsWith(".gz")) return file;
  return file.pipeThrough(new DecompressionStream("gzip") as TransformStream<Uint8Array>);
}

/** The pieces; what goes wrong with reading is told from what goes wrong with storing. */
async function* readable(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reading = pieces[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await reading.next().catch((error: unknown) => {
        throw new UnreadableFile(error instanceof Error ? error.message : String(error));
      });
      if (done === true) return;
      yield value;
    }
  } finally {
    await reading.return?.();
  }
}

/**
 * Reads `readable` until it ends or `stop` aborts. An abort cancels a pending read, so a command
 * that waits for input from a terminal can be stopped. Leaving the loop early cancels the stream.
 */
export async function* readUntil(
  readable: ReadableStream<Uint8Array>,
  stop: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = readable.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  stop.addEventListener("abort", cancel);
  try {
    if (stop.aborted) return;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    stop.removeEventListener("abort", cancel);
    cancel();
  }
}

function countsOf(
  { stored, duplicate, superseded, deleted, skipped, refused }: ImportTally,
): string {
  const kept = `stored ${stored}, duplicate ${duplicate}, superseded ${superseded}`;
  const passed = skipped === 0 ? "" : `, outside --since and --until ${skipped}`;
  return `${kept}, deleted ${deleted}, refused ${sumOf(refused)}${passed}`;
}

function hasOnlyRefused(tally: ImportTally): boolean {
  const { stored, duplicate, superseded, deleted, skipped, refused } = tally;
  return refused.size > 0 && stored + duplicate + superseded + deleted + skipped === 0;
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function summaryOf(tally: ImportTally): string {
  const reasons = [...tally.refused].sort((left, right) => right[1] - left[1]);
  const lines = [
    countsOf(tally),
    ...reasons.map(([reason, count]) => `refused ${count}: ${reason}`),
    ...tally.examples.map(({ number, reason }) => `line ${number}: ${reason}`),
  ];
  return lines.join("\n") + "\n";
}
