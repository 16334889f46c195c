/**
 * Writes a backup of a store.
 *
 * @module
 */

import { concat, utf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { RuleStore, StoredEvent } from "../../store/event_store.ts";
import type { TombstonePage } from "../../store/write/copy_tombstones.ts";
import type { StoreState } from "../../store/write/store_state.ts";
import { ifThere } from "../system/file_fault.ts";
import { version } from "../version.ts";
import { linesOf, tombstonesIn } from "./backup_lines.ts";
import { DraftDirectory } from "./draft_directory.ts";
import { backupFiles, type Manifest, manifestText, UnusableBackup } from "./manifest.ts";

interface BackupSource {
  readonly state: StoreState;
  readonly store: Pick<RuleStore, "rules" | "ruleLog">;
  /** The file of the relay's own key; undefined where the relay keeps none in its data directory. */
  readonly keyPath: string | undefined;
  readonly clock: Pick<Clock, "nowMs">;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Called with the number of events so far. */
  readonly onProgress: (events: number) => void;
}

/** What was written. */
export interface BackupReport extends Manifest {
  /** Rows that no line can hold, because their JSON has line feeds: another program wrote them. */
  readonly unreadable: number;
}

const LINE_FEED = 0x0a;
const LINE_END = utf8("\n");

/**
 * Writes a new directory `path`, which appears under its name when all is on the disk. After a failure or an
 * abort nothing is left.
 *
 * Rejects with {@link UnusableBackup} when there can be no directory, with the signal's reason, and as the
 * store does.
 */
export async function writeBackup(path: string, source: BackupSource): Promise<BackupReport> {
  const draft = await DraftDirectory.make(path);
  if ("fault" in draft) throw new UnusableBackup(draft.fault);
  try {
    const report = await writeFiles(draft, source);
    const { unreadable: _, ...manifest } = report;
    source.signal.throwIfAborted();
    await draft.finish(manifestText(manifest));
    return report;
  } catch (error) {
    await draft.discard().catch(() => {});
    throw error;
  }
}

/** The order is that of `store_state.ts`: events before tombstones. */
async function writeFiles(
  draft: DraftDirectory,
  { state, store, keyPath, clock, signal, onProgress }: BackupSource,
): Promise<BackupReport> {
  const horizon = timeText(clock);
  const counts = { events: 0, unreadable: 0, tombstones: 0 };
  const events = await draft.write(
    backupFiles.events,
    eventLines(state.events({ signal }), counts, () => onProgress(counts.events)),
  );
  const tombstones = await draft.write(
    backupFiles.tombstones,
    tombstoneLines(state.tombstones({ signal }), counts),
  );
  const rules = await store.rules();
  const changes = await store.ruleLog(Number.MAX_SAFE_INTEGER);
  const files = [
    events,
    tombstones,
    await draft.write(backupFiles.rules, [linesOf(rules)]),
    // The oldest first, as they are to be written again.
    await draft.write(backupFiles.log, [linesOf(changes.toReversed())]),
  ];
  const key = keyPath === undefined ? undefined : await ifThere(Deno.readFile(keyPath));
  if (key !== undefined) files.push(await draft.write(backupFiles.key, [key]));
  const { unreadable, ...counted } = counts;
  return {
    program: version,
    horizon,
    finished: timeText(clock),
    counts: { ...counted, rules: rules.length, changes: changes.length },
    files,
    unreadable,
  };
}

async function* eventLines(
  pages: AsyncIterable<readonly StoredEvent[]>,
  counts: { events: number; unreadable: number },
  onPage: () => void,
): AsyncGenerator<Uint8Array, void> {
  for await (const events of pages) {
    const readable = events.filter(({ json }) => !json.includes(LINE_FEED));
    counts.events += readable.length;
    counts.unreadable += events.length - readable.length;
    onPage();
    yield concat(readable.flatMap(({ json }) => [json, LINE_END]));
  }
}

async function* tombstoneLines(
  pages: AsyncIterable<TombstonePage>,
  counts: { tombstones: number },
): AsyncGenerator<Uint8Array, void> {
  for await (const page of pages) {
    const tombstones = tombstonesIn(page);
    counts.tombstones += tombstones.length;
    yield linesOf(tombstones);
  }
}

function timeText(clock: Pick<Clock, "nowMs">): string {
  return new Date(clock.nowMs()).toISOString();
}
