/**
 * The settings as a JSON Schema, with which editors complete and check a configuration file.
 *
 * @module
 */

import { expectedValue, type PlainSetting, type Setting, type SettingSection } from "./setting.ts";
import { settingSections } from "./setting_list.ts";

/** A part of a JSON Schema: what the keywords used here hold. */
interface JsonSchema {
  readonly [keyword: string]:
    | string
    | number
    | boolean
    | readonly unknown[]
    | JsonSchema
    | undefined;
}

/**
 * A JSON Schema, draft-07, of the configuration file. It knows names, types, ranges and patterns. What
 * it cannot express, such as checksums of keys and relations between settings, `config check` finds.
 */
export function settingsSchema(): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "config.toml of Gallimimus",
    description: "Written by tools/generate_config.ts from src/app/settings/sections; do not edit.",
    type: "object",
    additionalProperties: false,
    properties: mapValues(settingSections, sectionSchema),
  };
}

/** The schema as the text of a file. */
export function settingsSchemaText(): string {
  return `${JSON.stringify(settingsSchema(), undefined, 2)}\n`;
}

function sectionSchema({ title, settings }: SettingSection): JsonSchema {
  return {
    description: title,
    type: "object",
    additionalProperties: false,
    properties: mapValues(settings, settingSchema),
  };
}

function settingSchema(setting: Setting): JsonSchema {
  if (setting.type !== "tables") return plainSchema(setting);
  const { columns, required, maxItems } = setting;
  return {
    description: descriptionOf(setting),
    type: "array",
    maxItems,
    items: {
      type: "object",
      additionalProperties: false,
      required: [...required],
      properties: mapValues(columns, plainSchema),
    },
  };
}

function plainSchema(setting: PlainSetting): JsonSchema {
  return { description: descriptionOf(setting), ...valueSchema(setting), default: setting.default };
}

function valueSchema(setting: PlainSetting): JsonSchema {
  switch (setting.type) {
    case "integer":
      return { type: "integer", minimum: setting.min, maximum: setting.max };
    case "boolean":
      return { type: "boolean" };
    case "choice":
      return { type: "string", enum: [...setting.allowed] };
    case "text":
      return textSchema(setting.format?.pattern);
    case "list": {
      const { format, minItems = 0, maxItems } = setting;
      return { type: "array", minItems, maxItems, items: textSchema(format.pattern) };
    }
  }
}

function textSchema(pattern: RegExp | undefined): JsonSchema {
  return { type: "string", ...pattern && { pattern: pattern.source } };
}

/** What an editor shows beside the key. */
function descriptionOf(setting: Setting): string {
  const applied = setting.reloadable ? "Reloadable." : "Needs a restart.";
  const raised = setting.type === "integer" ? ` When raised: ${setting.whenRaised}` : "";
  return `${setting.description} Takes ${expectedValue(setting)}. ${applied}${raised}`;
}

function mapValues<Value>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value) => JsonSchema,
): JsonSchema {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
