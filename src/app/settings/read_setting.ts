/**
 * Validates one value of a setting, typed (TOML) or as text (environment, command line).
 *
 * @module
 */

import { expectedValue, type Setting, type SettingValue, type TextFormat } from "./setting.ts";

/** A valid value, or what was found and what was expected. */
export type ReadSetting =
  | { readonly value: SettingValue }
  | { readonly found: string; readonly expected: string };

/** Validates a value from TOML. Nothing is converted: `"5"` is not an integer. */
export function readSetting(setting: Setting, raw: unknown): ReadSetting {
  const value = fitting(setting, raw);
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
function typedText(setting: Setting, text: string): unknown {
  switch (setting.type) {
    case "integer":
      return /^-?\d+$/.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "list":
      return text.trim() === "" ? [] : text.split(",").map((item) => item.trim());
    case "choice":
    case "text":
      return text;
  }
}

function fitting(setting: Setting, raw: unknown): SettingValue | undefined {
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
  { format, minItems, maxItems }: Extract<Setting, { type: "list" }>,
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
