/**
 * The lines of a backup: tombstones, rules and changes of rules as JSON.
 *
 * @see https://jsonlines.org
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import { isHex, isKey } from "../../nostr/hex.ts";
import { isJsonObject, type JsonObject } from "../../nostr/json.ts";
import type { Rule, RuleLogEntry } from "../../store/event_store.ts";
import type { TombstonePage } from "../../store/write/copy_tombstones.ts";
import { type Line, linesIn } from "../transfer/json_lines.ts";
import { type BackupFile, isText, UnusableBackup } from "./manifest.ts";

/** Digits of a fingerprint. */
const SLOT_DIGITS = 32;

/** How many tombstones or rules are handled at a time. */
const PAGE_LINES = 1_000;

/** Far above any line here. */
const MAX_LINE_BYTES = 16 * 1_048_576;

/** Reads a file of a backup. */
export type ContentOf = (name: BackupFile) => AsyncIterable<Uint8Array>;

/** Values, one a line. */
export function linesOf(values: readonly object[]): Uint8Array {
  return utf8(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

/** The tombstones of a page, each a line. */
export function tombstonesIn({ ids = [], slots = [], vanished = [] }: TombstonePage) {
  return [...ids, ...slots, ...vanished];
}

/**
 * Reads values of the file `name`, some at a time. Throws {@link UnusableBackup} for a line that `read` does
 * not know.
 */
export async function* valuesIn<Value>(
  name: BackupFile,
  contentOf: ContentOf,
  read: (value: JsonObject) => Value | undefined,
): AsyncGenerator<readonly Value[], void> {
  let values: Value[] = [];
  for await (const line of linesIn(contentOf(name), MAX_LINE_BYTES)) {
    const object = objectIn(line);
    const value = object && read(object);
    if (value === undefined) {
      throw new UnusableBackup(`line ${line.number} of ${name} is not what a backup has there`);
    }
    if (values.push(value) < PAGE_LINES) continue;
    yield values;
    values = [];
  }
  if (values.length > 0) yield values;
}

/** Not `parseJson`, whose integers have no sign: the time of a tombstone may be before 1970. */
function objectIn(line: Line): JsonObject | undefined {
  try {
    const value: unknown = "text" in line ? JSON.parse(line.text) : undefined;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The tombstone that a line says. */
export function readTombstone(
  { id, pubkey, kind, slot, createdAt, untilS }: JsonObject,
): TombstonePage | undefined {
  if (!isKey(pubkey)) return undefined;
  if (isInteger(untilS)) return { vanished: [{ pubkey, untilS }] };
  if (kind === undefined) return isKey(id) ? { ids: [{ id, pubkey }] } : undefined;
  const isSlot = isInteger(kind) && isText(slot) && isHex(slot, SLOT_DIGITS);
  if (!isSlot || !isInteger(createdAt) || id !== "" && !isKey(id)) return undefined;
  return { slots: [{ pubkey, kind, slot, createdAt, id }] };
}

/** The rule that a line says. */
export function readRule(
  { list, value, reason }: JsonObject,
): Rule | undefined {
  if (!isText(list) || !isText(value) || !isText(reason)) return undefined;
  // A list that a newer version has is kept for it.
  return { list: list as Rule["list"], value, reason };
}

/** The change of a rule that a line says. */
export function readChange(line: JsonObject): RuleLogEntry | undefined {
  const { atS, who, list, value, before, reason } = line;
  if (!isInteger(atS) || !isText(who) || !isText(list) || !isText(value)) return undefined;
  if (!isOptionalText(before) || !isOptionalText(reason)) return undefined;
  return { atS, who, list: list as Rule["list"], value, before, reason };
}

/** Some tombstones as one page. */
export function pageOf(tombstones: readonly TombstonePage[]): TombstonePage {
  return {
    ids: tombstones.flatMap(({ ids = [] }) => ids),
    slots: tombstones.flatMap(({ slots = [] }) => slots),
    vanished: tombstones.flatMap(({ vanished = [] }) => vanished),
  };
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
