/**
 * Reading one value: from TOML, where it has a type already, or from text, where it has none.
 *
 * @module
 */

import { expectedValue, type Setting, type SettingValue, type TextFormat } from "./setting.ts";

/** A value that fits its setting, or what was found and what would have been taken. */
export type ReadSetting =
  | { readonly value: SettingValue }
  | { readonly found: string; readonly expected: string };

/**
 * Takes a value as TOML gave it. Nothing is converted: `"5"` is no integer.
 */
export function readSetting(setting: Setting, raw: unknown): ReadSetting {
  const value = fitting(setting, raw);
  return value !== undefined ? { value } : {
    found: setting.secret ? "something else" : printed(raw),
    expected: expectedValue(setting),
  };
}

/**
 * Takes a value as an environment variable or a flag spells it. Lists are joined by commas.
 */
export function readSettingText(setting: Setting, text: string): ReadSetting {
  return readSetting(setting, typedText(setting, text));
}

/** `text` as the type that `setting` wants, or `text` itself when it does not spell one. */
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

/** How much of a wrong value an error message repeats, in characters. */
const PRINTED_CHARACTERS = 80;

/** A wrong value as its author would recognise it. */
function printed(raw: unknown): string {
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length > PRINTED_CHARACTERS ? `${text.slice(0, PRINTED_CHARACTERS)}…` : text;
}
