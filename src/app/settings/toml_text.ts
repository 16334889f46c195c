/**
 * Writes values as TOML.
 *
 * @module
 */

import { visibleText } from "../../base/visible_text.ts";
import type { SettingValue } from "./setting.ts";

/**
 * A value as it stands behind `=`. JSON is TOML but for tables and for the control character DEL. Those after
 * it would be allowed, and drive terminals.
 */
export function tomlValue(value: SettingValue): string {
  if (typeof value !== "object") {
    return JSON.stringify(value).replaceAll(/[\x7f-\x9f]/g, visibleText);
  }
  const items = value.map((item) => typeof item === "string" ? tomlValue(item) : inlineTable(item));
  return `[${items.join(", ")}]`;
}

function inlineTable(table: Readonly<Record<string, SettingValue>>): string {
  const parts = Object.entries(table).map(([key, value]) => `${key} = ${tomlValue(value)}`);
  return `{ ${parts.join(", ")} }`;
}
