/**
 * The manifest of a backup, which says what is in its directory.
 *
 * A backup is a directory. Events and tombstones are JSON Lines, compressed, and no more tied to a
 * database than a file of `export` is: `import` takes `events.jsonl.gz`. The manifest is written last, and
 * the directory has its name only when all is on the disk, so one without a manifest is none.
 *
 * @module
 */

import { isCount, isJsonObject, parseJson } from "../../nostr/json.ts";

/** A backup cannot be written or restored; the message is for the operator. */
export class UnusableBackup extends Error {
  override readonly name = "UnusableBackup";
}

/** The files of a backup besides its manifest. The key is not in every one. */
export const backupFiles = {
  events: "events.jsonl.gz",
  tombstones: "tombstones.jsonl.gz",
  rules: "rules.jsonl",
  log: "rule_log.jsonl",
  key: "relay.key",
} as const;

/** The name of one of {@link backupFiles}. */
export type BackupFile = typeof backupFiles[keyof typeof backupFiles];

/** The name of the manifest. */
export const MANIFEST = "manifest.json";

const FORMAT = "gallimimus-backup";

/** Grows when a program that knows only older ones would restore less than there is. */
const FORMAT_VERSION = 1;

/** A file as it lies in the directory. */
export interface FileEntry {
  readonly name: BackupFile;
  readonly bytes: number;
  /** Of the file, 64 hex digits. */
  readonly sha256: string;
}

/** How much a backup has of what. */
interface BackupCounts {
  readonly events: number;
  readonly tombstones: number;
  readonly rules: number;
  /** Entries of the log of rules. */
  readonly changes: number;
}

/** What a backup has. */
export interface Manifest {
  /** The version of the program that wrote it. */
  readonly program: string;
  /** Every event that was acknowledged before is in it, ISO 8601. */
  readonly horizon: string;
  readonly finished: string;
  readonly counts: BackupCounts;
  readonly files: readonly FileEntry[];
}

/** The manifest as it is written. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify({ format: FORMAT, version: FORMAT_VERSION, ...manifest }, null, 2)}\n`;
}

/** The manifest, or what is wrong with it. */
export function readManifest(text: string): Manifest | { readonly fault: string } {
  const value = parseJson(text);
  if (!isJsonObject(value) || value["format"] !== FORMAT) {
    return { fault: "is not one of a backup" };
  }
  const { version, program, horizon, finished, counts, files } = value;
  if (typeof version !== "number") return { fault: "names no version of the format" };
  if (version > FORMAT_VERSION) {
    const writer = isText(program) ? `version ${program} or newer` : "the version that wrote it";
    return { fault: `is of a newer format: restore it with ${writer}` };
  }
  if (!isText(program) || !isText(horizon) || !isText(finished) || !isCounts(counts)) {
    return { fault: "is incomplete" };
  }
  if (!Array.isArray(files) || !files.every(isEntry)) return { fault: "names no files, or others" };
  const names = new Set(files.map(({ name }) => name));
  const missing = Object.values(backupFiles)
    .find((name) => name !== backupFiles.key && !names.has(name));
  if (missing !== undefined) return { fault: `names no file ${missing}` };
  return { program, horizon, finished, counts, files };
}

/** Whether a value of a backup is a text. */
export function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCounts(value: unknown): value is BackupCounts {
  return isJsonObject(value) &&
    ["events", "tombstones", "rules", "changes"].every((name) => isCount(value[name]));
}

/** Only files of a backup may be named, so that none outside of the directory is read. */
function isEntry(value: unknown): value is FileEntry {
  return isJsonObject(value) && isCount(value["bytes"]) && isText(value["sha256"]) &&
    (Object.values(backupFiles) as readonly unknown[]).includes(value["name"]);
}
