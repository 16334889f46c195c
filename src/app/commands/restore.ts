/**
 * `gallimimus restore`: puts a backup into an empty database.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import { type Manifest, UnusableBackup } from "../backup/manifest.ts";
import { openBackup, verifyFiles } from "../backup/read_backup.ts";
import { type KeyOutcome, restoreBackup, type RestoreReport } from "../backup/restore_backup.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain, print, withStore } from "../command_line/with_store.ts";
import { ownKeyPath } from "../own_key.ts";
import { withoutSlash } from "../paths.ts";
import { BAD_SIGNATURE } from "../../relay/acceptance/check.ts";
import { reasonText } from "../../nostr/reason.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { createVerifier } from "../verifier.ts";
import { checkEvents, type Findings, findingsJson, findingsText } from "./check.ts";

/** The options of the command. */
export interface RestoreFlags {
  /** Whether the database may hold something already. */
  readonly merge?: boolean;
  /** False takes signatures on trust. */
  readonly verify: boolean;
  /** False leaves out the check at the end. */
  readonly check: boolean;
  readonly json?: boolean;
}

/** Adds the command to the program. */
export function defineRestore(program: Command, run: RunCommand): void {
  const command = program.command("restore")
    .description("put a backup into an empty database of any kind, and check what is there then")
    .argument("<dir>", "the directory that backup wrote")
    .option("--merge", "add to what is there; also to go on after an interruption")
    .option("--no-verify", "take signatures on trust (ids are checked all the same)")
    .option("--no-check", "leave out the check of all that is there at the end")
    .option("--json", "print one JSON object");
  withSettingOptions(command).action((path: string, options: RestoreFlags & SettingOptions) =>
    run(options, (context) => restore(context, withoutSlash(path), options))
  );
}

/**
 * Restores the backup in `path` and prints what was restored. Nothing is written before all files are
 * found to be as they were written.
 */
export async function restore(
  context: CommandContext,
  path: string,
  flags: RestoreFlags,
): Promise<ExitCode> {
  const progress = new ProgressLine(context);
  let isWriting = false;
  try {
    const manifest = await openBackup(path);
    await verify(path, manifest, { context, progress });
    return await withStore(context, async (store) => {
      if (flags.merge !== true && await store.state?.isEmpty() === false) {
        return await complain(
          context,
          "restore: the database is not empty: name an empty one, or --merge to add what it lacks",
          exitCode.failed,
        );
      }
      isWriting = true;
      return await restoreInto(store, { ...flags, context, path, manifest, progress });
    }, { mustExist: false });
  } catch (error) {
    if (context.stop.aborted) return exitCode.interrupted;
    if (!(error instanceof UnusableBackup)) throw error;
    return await complain(context, `restore: ${error.message}`, exitCode.failed);
  } finally {
    await progress.clear();
    if (isWriting && context.stop.aborted) {
      await complain(
        context,
        "interrupted: what was restored stays, --merge goes on with the rest",
      );
    }
  }
}

interface Restoring extends RestoreFlags {
  readonly context: CommandContext;
  readonly path: string;
  readonly manifest: Manifest;
  readonly progress: ProgressLine;
}

async function verify(
  path: string,
  manifest: Manifest,
  { context, progress }: Pick<Restoring, "context" | "progress">,
): Promise<void> {
  const all = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let read = 0;
  await verifyFiles(path, manifest, {
    signal: context.stop,
    onBytes(bytes) {
      read += bytes;
      progress.show(() => `checksums: ${Math.floor(100 * read / Math.max(all, 1))} %`);
    },
  });
}

async function restoreInto(
  store: TidyStore,
  { context, path, manifest, progress, verify, check, merge = false, json = false }: Restoring,
): Promise<ExitCode> {
  const { state } = store;
  if (state === undefined) return await complain(context, "restore: this store keeps nothing");
  const { clock, settings, stop, log } = context;
  const verifier = verify ? await createVerifier(settings, log) : undefined;
  const report = await restoreBackup(path, manifest, {
    ...{ store, state, verifier, nowMs: clock.nowMs(), signal: stop },
    keyPath: ownKeyPath(settings),
    onProgress: (tally) =>
      progress.show(() => `${tally.stored} of ${manifest.counts.events} events restored`),
  }).finally(() => verifier?.close());
  // What was restored is verified already, but not what was there before.
  const findings = check
    ? await checkEvents(store, context, { verify: verify && merge })
    : undefined;
  await progress.clear();
  await print(context, json ? jsonOf(report, findings) : textOf(report, findings, path));
  const isWhole = report.events.refused.size === 0 && (findings?.faults.size ?? 0) === 0;
  return isWhole ? exitCode.done : exitCode.failed;
}

/** Why an event with a wrong signature is refused. */
const FORGED = reasonText(BAD_SIGNATURE.refusal);

const KEY_LINES: Readonly<Record<KeyOutcome, readonly string[]>> = {
  none: [],
  restored: ["the relay's own key is in place"],
  other: ["the relay has another key, which stays: put relay.key of the backup in its place"],
  unused: ["these settings have no place for relay.key of the backup: see relay.key_file"],
};

function textOf(report: RestoreReport, findings: Findings | undefined, path: string): string {
  const { events, removed, tombstones, rules, changes, key } = report;
  const { stored, duplicate, superseded, deleted, refused } = events;
  return [
    `restored ${path}: events stored ${stored}, duplicate ${duplicate}, superseded ${superseded}, ` +
    `deleted ${deleted}; ${tombstones} tombstones, ${rules} rules, ${changes} changes of rules`,
    ...removed === 0 ? [] : [`removed ${removed} events that the backup knows as deleted`],
    ...[...refused].map(([reason, count]) => `refused ${count}: ${reason}`),
    ...refused.has(FORGED) ? [`--merge --no-verify takes those whose signature is wrong`] : [],
    ...KEY_LINES[key],
    ...findings === undefined ? [] : [findingsText(findings, false)],
  ].join("\n");
}

function jsonOf(report: RestoreReport, findings: Findings | undefined): string {
  const { events, ...rest } = report;
  const { stored, duplicate, superseded, deleted, refused } = events;
  return JSON.stringify({
    events: { stored, duplicate, superseded, deleted, refused: Object.fromEntries(refused) },
    ...rest,
    ...findings !== undefined && { check: findingsJson(findings) },
  });
}
