/**
 * Compares the settings that a running relay uses with those that it has just read.
 *
 * @module
 */

import { withoutSecret } from "./secrets.ts";
import type { SettingValue } from "./setting.ts";
import { settingByName, type Settings, settingsWith, settingValues } from "./setting_list.ts";

/** A setting whose value differs. */
export interface SettingChange {
  /** The full name. */
  readonly name: string;
  readonly from: SettingValue;
  readonly to: SettingValue;
}

/** What becomes of settings that were read while the relay runs. */
export interface SettingChanges {
  /**
   * The settings to run with from now on: the new value of each setting that is taken, and the value
   * so far of every other. A section, or a list, without a change is the same object as before.
   */
  readonly settings: Settings;
  /** The changes that take effect. */
  readonly taken: readonly SettingChange[];
  /** The changes that take effect at the next start. */
  readonly needRestart: readonly SettingChange[];
}

/**
 * Compares two settings, both of which are valid.
 *
 * @param isTaken whether a change of the setting takes effect while the relay runs
 */
export function settingChanges(
  running: Settings,
  read: Settings,
  isTaken: (name: string) => boolean = isReloadable,
): SettingChanges {
  const before = settingValues(running);
  const values = new Map(before);
  const taken: SettingChange[] = [];
  const needRestart: SettingChange[] = [];
  for (const [name, to] of settingValues(read)) {
    const from = before.get(name)!;
    if (isEqual(from, to)) continue;
    const change = { name, from, to };
    if (isTaken(name)) {
      taken.push(change);
      values.set(name, to);
    } else {
      needRestart.push(change);
    }
  }
  return { settings: sharing(running, settingsWith(values), taken), taken, needRestart };
}

/** Whether a running relay applies a new value of the setting, as its table says. */
export function isReloadable(name: string): boolean {
  return settingByName.get(name)?.reloadable === true;
}

/** `settings` with the sections of `running` in which nothing was taken. */
function sharing(
  running: Settings,
  settings: Settings,
  taken: readonly SettingChange[],
): Settings {
  const changed = new Set(taken.map(({ name }) => name.split(".", 1)[0]));
  const kept = Object.entries(running).filter(([section]) => !changed.has(section));
  return Object.freeze({ ...settings, ...Object.fromEntries(kept) });
}

function isEqual(one: SettingValue, other: SettingValue): boolean {
  if (one === other || typeof one !== "object" || typeof other !== "object") return one === other;
  const [items, others] = [itemsOf(one), itemsOf(other)];
  return items.length === others.length && items.every((item, at) => item === others[at]);
}

/** The items of a list as texts, so that tables can be compared and printed. */
function itemsOf(list: Extract<SettingValue, object>): readonly string[] {
  return list.map((item) => typeof item === "string" ? item : JSON.stringify(item));
}

/** How much of a value {@link changeText} prints, characters. */
const PRINTED_CHARACTERS = 120;

/** A change as `old → new`, with secrets masked. Of long lists only the difference is printed. */
export function changeText({ name, from, to }: SettingChange): string {
  const [before, after] = [from, to].map((value) => JSON.stringify(withoutSecret(name, value)));
  if (before!.length <= PRINTED_CHARACTERS && after!.length <= PRINTED_CHARACTERS) {
    return `${before} → ${after}`;
  }
  return typeof from === "object" && typeof to === "object"
    ? listText(itemsOf(from), itemsOf(to))
    : `${cut(before!)} → ${cut(after!)}`;
}

/** `3 items → 4 items, added "d"`. */
function listText(from: readonly string[], to: readonly string[]): string {
  const added = without(to, from);
  const removed = without(from, to);
  const parts = [`${from.length} items → ${to.length} items`];
  if (added.length > 0) parts.push(`added ${cut(added.map(quoted).join(" "))}`);
  if (removed.length > 0) parts.push(`removed ${cut(removed.map(quoted).join(" "))}`);
  return parts.join(", ");
}

function without(items: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return items.filter((item) => !known.has(item));
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function cut(text: string): string {
  return text.length > PRINTED_CHARACTERS ? `${text.slice(0, PRINTED_CHARACTERS)}…` : text;
}
