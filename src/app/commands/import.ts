/**
 * `gallimimus import`: stores the events of a file, or of another relay's database.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from "../command_line/commander.ts";
import { utf8 } from "../../base/bytes.ts";
import { sum } from "../../base/sum.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { type EventSource, openEventSource, UnreadableFile } from "../transfer/event_source.ts";
import { importLines, type ImportTally } from "../transfer/import_events.ts";
import { Access } from "../../relay/access/access.ts";
import { RuleBook } from "../../relay/access/rules.ts";
import { importPolicies } from "../access/access_policies.ts";
import { bannedPatternsOf } from "../settings/banned_patterns.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { type TimeOptions, withTimeOptions } from "../command_line/time_options.ts";
import { complain } from "../command_line/with_store.ts";
import { createVerifier } from "../verifier.ts";
import { parseWebSocketUrl } from "../../websocket/websocket_url.ts";

interface ImportFlags extends TimeOptions {
  /** False skips signature checks. */
  readonly verify: boolean;
  /** False accepts events beyond the limits on size and date. */
  readonly limits: boolean;
  /** Whether to store events that `delete` removed. */
  readonly undelete?: boolean;
  /** Whether the counts are printed as JSON. */
  readonly json?: boolean;
}

/** Adds the command to the program. */
export function defineImport(program: Command, run: RunCommand): void {
  const command = program.command("import")
    .description("store the events of a file, or of a database of nostr-rs-relay")
    .argument(
      "<file>",
      "JSON Lines or JSON arrays, compressed if the name ends in .gz or .zst; - for standard input; " +
        "or the nostr.db of a nostr-rs-relay, which may run",
      fileName,
    )
    .option("--no-verify", "take signatures on trust (ids are checked all the same)")
    .option("--no-limits", "take events that the limits on size and date would refuse")
    .option("--undelete", "take events that the delete command removed")
    .option("--json", "print one JSON object");
  withSettingOptions(withTimeOptions(command))
    .action((path: string, options: ImportFlags & SettingOptions) =>
      run(options, (context) => importFile(context, path, options))
    );
}

function fileName(path: string): string {
  if (parseWebSocketUrl(path) === undefined) return path;
  throw new InvalidArgumentError(
    `It is a relay and no file: sync ${path} --dir down takes what it has.`,
  );
}

/**
 * Imports a file and prints the counts. Refused lines are counted, and the first few are shown; they are
 * a failure only if nothing else was in the file. What was stored before a failure stays.
 */
export async function importFile(
  context: CommandContext,
  path: string,
  { verify, limits, since, until, undelete, json = false }: ImportFlags,
): Promise<ExitCode> {
  const { settings, streams, stop, log, clock } = context;
  const maxLineBytes = settings.limits.max_message_bytes;
  const source = await openEventSource(path, { streams, stop, maxLineBytes });
  if ("fault" in source) {
    return await complain(context, `${path}: ${source.fault}`, exitCode.failed);
  }
  const isBannedText = await bannedPatternsOf(settings);
  const verifier = verify ? await createVerifier(settings, log) : undefined;
  const store = await context.openStore().catch((error: unknown) => {
    verifier?.close();
    source.close();
    throw error;
  });
  const progress = new ProgressLine(context);
  const textOf = json ? summaryJson : summaryText;
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
      onProgress(counts: ImportTally) {
        tally = counts;
        progress.show(() => countsOf(counts, source));
      },
    };
    tally = await store.fill(() => importLines(source.lines, options));
    await progress.clear();
    await streams.stdout.write(utf8(textOf(tally, source)));
    if (stop.aborted) return exitCode.interrupted;
    return hasOnlyRefused(tally) ? exitCode.failed : exitCode.done;
  } catch (error) {
    await progress.clear();
    if (!(error instanceof UnreadableFile)) throw error;
    if (tally !== undefined) await streams.stdout.write(utf8(textOf(tally, source)));
    return await complain(context, `${path}: ${error.message}`, exitCode.failed);
  } finally {
    verifier?.close();
    source.close();
    await store.close();
  }
}

function countsOf(
  { stored, duplicate, superseded, deleted, skipped, refused }: ImportTally,
  { hidden }: EventSource,
): string {
  const kept = `stored ${stored}, duplicate ${duplicate}, superseded ${superseded}`;
  const passed = skipped === 0 ? "" : `, outside --since and --until ${skipped}`;
  const left = hidden === 0 ? "" : `, hidden there ${hidden}`;
  return `${kept}, deleted ${deleted}, refused ${sum(refused.values())}${passed}${left}`;
}

function hasOnlyRefused(tally: ImportTally): boolean {
  const { stored, duplicate, superseded, deleted, skipped, refused } = tally;
  return refused.size > 0 && stored + duplicate + superseded + deleted + skipped === 0;
}

function summaryText(tally: ImportTally, source: EventSource): string {
  const reasons = [...tally.refused].sort((left, right) => right[1] - left[1]);
  const lines = [
    countsOf(tally, source),
    ...reasons.map(([reason, count]) => `refused ${count}: ${reason}`),
    ...tally.examples.map(({ number, reason }) => `${source.unit} ${number}: ${reason}`),
  ];
  return lines.join("\n") + "\n";
}

function summaryJson({ refused, examples, ...counts }: ImportTally, source: EventSource): string {
  const summary = {
    ...counts,
    hidden: source.hidden,
    refused: Object.fromEntries(refused),
    examples,
  };
  return `${JSON.stringify(summary)}\n`;
}
