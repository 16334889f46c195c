/**
 * Masks the secrets in the values of settings, for the log and for messages.
 *
 * @module
 */

import type { SettingValue } from "./setting.ts";
import { settingByName } from "./setting_list.ts";

/** The value of the setting `name` as it may be printed: a secret in it is replaced by `***`. */
export function withoutSecret(name: string, value: SettingValue): SettingValue {
  const secret = settingByName.get(name)?.secret;
  if (secret === undefined || value === "") return value;
  return secret === "password" ? withoutPassword(String(value)) : "***";
}

/** A database URL with its password replaced by `***`. */
export function withoutPassword(url: string): string {
  return url
    .replace(/^([a-z]+:\/\/[^:@/?]*):.*@/, "$1:***@")
    .replace(/([?&]password=)[^&]*/g, "$1***");
}
