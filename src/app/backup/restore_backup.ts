/**
 * Restores a backup into a store.
 *
 * Tombstones come first and remove what they cover, so that the store then keeps out of the events what
 * was deleted while the backup was written. Each step may be repeated, so an interrupted restore goes on
 * by doing all of it again.
 *
 * @module
 */

import type { Verifier } from "../../nostr/verifier.ts";
import { readRecord } from "../../store/feed/feed_statements.ts";
import type { StoreState } from "../../store/write/store_state.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { makeKeyFile } from "../own_key.ts";
import { readSecretKey } from "../settings/key_text.ts";
import { importEvents, type ImportTally } from "../transfer/import_events.ts";
import {
  type ContentOf,
  pageOf,
  readChange,
  readRule,
  readTombstone,
  valuesIn,
} from "./backup_lines.ts";
import { type BackupFile, backupFiles, type Manifest } from "./manifest.ts";
import { contentOf } from "./read_backup.ts";

interface RestoreTarget {
  readonly store: TidyStore;
  readonly state: StoreState;
  /** Checks signatures before events are stored; undefined takes them on trust. Ids are checked in any case. */
  readonly verifier: Verifier | undefined;
  /** Where the relay's own key belongs; undefined where it keeps none in its data directory. */
  readonly keyPath: string | undefined;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Called after each batch of events. */
  readonly onProgress: (tally: ImportTally) => void;
}

/**
 * What became of the key: the backup has none, it was restored or is there already, another one is there
 * and stays, or the relay's settings have no place for it.
 */
export type KeyOutcome = "none" | "restored" | "other" | "unused";

/** What was restored. */
export interface RestoreReport {
  readonly events: ImportTally;
  /** Events that were there before, and that a tombstone of the backup deleted. */
  readonly removed: number;
  readonly tombstones: number;
  /** Rules that were not there. */
  readonly rules: number;
  /** Entries of the log of rules; none where the store has a log of its own. */
  readonly changes: number;
  readonly key: KeyOutcome;
}

/** How many events are compared with new tombstones at a time, where the store sets no limit. */
const SWEEP_EVENTS = 1_000;

/**
 * Twice as long as `limits.max_message_bytes` can be. The checksum is from whom the file is from, so that it
 * says nothing about what a line does to the memory.
 */
const MAX_LINE_BYTES = 134_217_728;

/** What was stored once is stored again, whatever the settings say of new events. */
const noPolicies = { screen: () => undefined, event: () => undefined };

/**
 * Adds all that the backup in `path` has. Its files have to be verified before.
 *
 * Rejects with {@link UnusableBackup} for a file that is not what the manifest says, with the signal's
 * reason, and as the store does; what was restored until then stays.
 */
export async function restoreBackup(
  path: string,
  manifest: Manifest,
  target: RestoreTarget,
): Promise<RestoreReport> {
  const { store, state, verifier, nowMs, signal, onProgress } = target;
  const content = (name: BackupFile) => contentOf(path, name, { signal });
  const { rules, changes } = await restoreRules(content, target);
  let tombstones = 0;
  for await (const page of valuesIn(backupFiles.tombstones, content, readTombstone)) {
    await state.addTombstones(pageOf(page));
    tombstones += page.length;
  }
  const removed = tombstones === 0 ? 0 : await sweep(target);
  const events = await store.fill(() =>
    importEvents(content(backupFiles.events), {
      ...{ store, verifier, nowMs, onProgress },
      access: noPolicies,
      maxLineBytes: MAX_LINE_BYTES,
    })
  );
  const hasKey = manifest.files.some(({ name }) => name === backupFiles.key);
  const key = hasKey ? await restoreKey(content, target) : "none";
  return { events, removed, tombstones, rules, changes, key };
}

/** Before the events, so that what is banned is not shown by a relay that runs. */
async function restoreRules(
  content: ContentOf,
  { store, state }: RestoreTarget,
): Promise<Pick<RestoreReport, "rules" | "changes">> {
  const known = new Set((await store.rules()).map(keyOf));
  const all = await Array.fromAsync(valuesIn(backupFiles.rules, content, readRule));
  const rules = all.flat().filter((rule) => !known.has(keyOf(rule)));
  // Entries have numbers in the order of their time; those of two logs cannot be put in between.
  const hasLog = (await store.ruleLog(1)).length > 0;
  const log = hasLog ? [] : await Array.fromAsync(valuesIn(backupFiles.log, content, readChange));
  const changes = log.flat();
  if (rules.length + changes.length > 0) await state.addRules(rules, changes);
  return { rules: rules.length, changes: changes.length };
}

function keyOf({ list, value }: { readonly list: string; readonly value: string }): string {
  return JSON.stringify([list, value]);
}

/**
 * Removes stored events that tombstones cover: puts all of them once more, because putting tells which are.
 * There are some where the store was not empty, or where a relay takes events meanwhile. One that expires
 * between the two is stored again, and expires again.
 */
async function sweep({ store, state, signal }: RestoreTarget): Promise<number> {
  let removed = 0;
  for await (const events of state.events({ signal })) {
    const size = store.maxBatchEvents ?? SWEEP_EVENTS;
    for (let start = 0; start < events.length; start += size) {
      const records = events.slice(start, start + size)
        .map(({ json }) => readRecord(json)).filter((record) => record !== undefined);
      const outcomes = await store.put(records);
      const ids = records.filter((_, place) => outcomes[place] === "deleted")
        .map(({ event }) => event.id);
      removed += await store.erase({ ids, isRemembered: false });
    }
  }
  return removed;
}

async function restoreKey(
  content: ContentOf,
  { keyPath }: RestoreTarget,
): Promise<KeyOutcome> {
  if (keyPath === undefined) return "unused";
  const file = new Response(ReadableStream.from(content(backupFiles.key)));
  const key = readSecretKey((await file.text()).trim());
  if (key === undefined) return "unused";
  // Keeps one that is there.
  await makeKeyFile(keyPath, key);
  const kept = readSecretKey((await Deno.readTextFile(keyPath)).trim());
  return kept?.toHex() === key.toHex() ? "restored" : "other";
}
