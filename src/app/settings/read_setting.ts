/**
 * Validates one value of a setting, typed (TOML) or as text (environment, command line).
 *
 * @module
 */

import {
  expectedValue,
  type PlainSetting,
  type PlainValue,
  type Setting,
  type SettingValue,
  type TablesSetting,
  type TableValue,
  type TextFormat,
} from "./setting.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../nostr/json.ts";
import { nearestName } from "./nearest_name.ts";

/** A valid value, or what was found and what was expected. */
export type ReadSetting =
  | { readonly value: SettingValue }
  | { readonly found: string; readonly expected: string };

/** What is wrong in a table: the key in it, empty for the table as a whole. */
export interface TableFault {
  /** The number of the table, from 1. */
  readonly table: number;
  readonly key: string;
  readonly message: string;
}

/** Validates a value from TOML. Nothing is converted: `"5"` is not an integer. */
export function readSetting(setting: Setting, raw: unknown): ReadSetting {
  const value = setting.type === "tables" ? fittingTables(setting, raw) : fitting(setting, raw);
  return value !== undefined ? { value } : {
    found: setting.secret ? "something else" : printed(raw),
    expected: expectedValue(setting),
  };
}

/** Validates a value from an environment variable or a flag. List items are separated by commas. */
export function readSettingText(setting: Setting, text: string): ReadSetting {
  return readSetting(setting, typedText(setting, text));
}

/** `text` converted to the type of the setting, or `text` itself if it cannot be. */
export function typedText(setting: Setting, text: string): unknown {
  switch (setting.type) {
    case "integer":
      return /^-?\d+$/.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "list":
      return text.trim() === "" ? [] : text.split(",").map((item) => item.trim());
    case "tables":
      return text.trim() === "" ? [] : parseJson(text) ?? text;
    case "choice":
    case "text":
      return text;
  }
}

/** All that is wrong in the tables of a setting, or nothing where they are no tables at all. */
export function tableFaults(setting: TablesSetting, raw: unknown): readonly TableFault[] {
  const { columns, required, maxItems } = setting;
  if (!Array.isArray(raw) || raw.length > maxItems) return [];
  return raw.flatMap((table: unknown, at) => {
    const fault = (key: string, message: string) => ({ table: at + 1, key, message });
    if (!isJsonObject(table)) return [fault("", `found ${printed(table)}, expected a table`)];
    const missing = required.filter((key) => !Object.hasOwn(table, key))
      .map((key) => fault(key, `missing, expected ${expectedValue(columns[key]!)}`));
    const wrong = Object.entries(table).flatMap(([key, value]) => {
      const column = Object.hasOwn(columns, key) ? columns[key] : undefined;
      if (column === undefined) {
        const nearest = nearestName(key, Object.keys(columns));
        const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
        return [fault(key, `no such setting${hint}`)];
      }
      const read = readSetting(column, value);
      return "value" in read ? [] : [fault(key, `found ${read.found}, expected ${read.expected}`)];
    });
    return [...missing, ...wrong];
  });
}

/** The tables with the defaults of what they leave out. */
function fittingTables(setting: TablesSetting, raw: unknown): readonly TableValue[] | undefined {
  const { columns, maxItems } = setting;
  if (!Array.isArray(raw) || raw.length > maxItems) return undefined;
  if (tableFaults(setting, raw).length > 0) return undefined;
  const table = (given: JsonObject): TableValue =>
    Object.freeze(Object.fromEntries(
      Object.entries(columns).map(([key, column]) => [
        key,
        Object.hasOwn(given, key) ? fitting(column, given[key])! : column.default,
      ]),
    ));
  return Object.freeze(raw.map(table));
}

function fitting(setting: PlainSetting, raw: unknown): PlainValue | undefined {
  switch (setting.type) {
    case "integer":
      return Number.isSafeInteger(raw) && Number(raw) >= setting.min && Number(raw) <= setting.max
        ? Number(raw)
        : undefined;
    case "boolean":
      return typeof raw === "boolean" ? raw : undefined;
    case "choice":
      return setting.allowed.find((word) => word === raw);
    case "text":
      return typeof raw === "string" && (setting.format === undefined || fits(raw, setting.format))
        ? raw
        : undefined;
    case "list":
      return fittingList(raw, setting);
  }
}

function fittingList(
  raw: unknown,
  { format, minItems = 0, maxItems }: Extract<Setting, { type: "list" }>,
): readonly string[] | undefined {
  if (!Array.isArray(raw) || raw.length < minItems || raw.length > maxItems) return undefined;
  const isItem = (item: unknown): item is string => typeof item === "string" && fits(item, format);
  return raw.every(isItem) ? Object.freeze([...raw]) : undefined;
}

function fits(text: string, { pattern, accepts }: TextFormat): boolean {
  return pattern.test(text) && (accepts?.(text) ?? true);
}

/** How much of an invalid value an error message repeats, in characters. */
const PRINTED_CHARACTERS = 80;

/** An invalid value as JSON, cut to length. */
function printed(raw: unknown): string {
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length > PRINTED_CHARACTERS ? `${text.slice(0, PRINTED_CHARACTERS)}…` : text;
}
