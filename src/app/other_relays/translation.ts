/**
 * Collects what the settings of another relay are here, and which of them have no counterpart.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { loadSettings } from "../settings/load_settings.ts";
import { readSetting } from "../settings/read_setting.ts";
import type { SettingValue, TableValue } from "../settings/setting.ts";
import { settingByName, settingSections } from "../settings/setting_list.ts";
import { tomlValue } from "../settings/toml_text.ts";

/** A setting of another relay. */
export interface ForeignSetting {
  /** The full name there. */
  readonly name: string;
  readonly value: unknown;
  /** From 1. */
  readonly line: number;
}

/** A setting that could not be translated, or not quite. */
interface TranslationNote {
  readonly line: number;
  readonly name: string;
  readonly why: string;
}

/** A configuration file for this relay, and what it leaves out. */
export interface Translated {
  readonly toml: string;
  /** How many settings of the other relay stand in it. */
  readonly count: number;
  /** In the order of the lines. */
  readonly notes: readonly TranslationNote[];
}

/** A translation, or why the file cannot be read, with the line from 1. */
export type ReadForeign =
  | Translated
  | { readonly fault: string; readonly line: number };

/** A value, and the setting that it comes from. */
interface Origin {
  readonly value: SettingValue;
  readonly from: ForeignSetting;
}

/** A translation in progress. */
export class Translation {
  readonly #values = new Map<string, Origin>();
  readonly #tables = new Map<string, TableValue[]>();
  readonly #notes: TranslationNote[] = [];
  readonly #translated = new Set<ForeignSetting>();

  /** Says why a setting is not, or not quite, translated. */
  note({ line, name }: ForeignSetting, why: string): void {
    this.#notes.push({ line, name, why });
  }

  /** Gives the setting `name` of this relay a value, if it allows it. */
  set(from: ForeignSetting, name: string, value: unknown): void {
    const setting = settingByName.get(name);
    assert(setting !== undefined, `${name} is a setting`);
    const read = readSetting(setting, value);
    if ("value" in read) this.#values.set(name, { value: read.value, from });
    else this.note(from, `${name} takes ${read.expected}; found ${read.found}`);
  }

  /** Whether the setting `name` of this relay has a value. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Adds a table to the setting `name`, if it allows it. */
  addTable(from: ForeignSetting, name: string, table: TableValue): void {
    const setting = settingByName.get(name);
    assert(setting?.type === "tables", `${name} has tables`);
    const tables = this.#tables.get(name) ?? [];
    if (tables.length >= setting.maxItems) {
      return this.note(from, `${name} takes ${setting.maxItems} tables at most`);
    }
    for (const [key, value] of Object.entries(table)) {
      const read = readSetting(setting.columns[key]!, value);
      if ("value" in read) continue;
      return this.note(from, `${key} of ${name} takes ${read.expected}; found ${read.found}`);
    }
    this.#tables.set(name, [...tables, table]);
    this.#translated.add(from);
  }

  /** The file. What contradicts another value, or a default, is left out and noted. */
  finish(): Translated {
    let toml = this.#toml();
    for (;;) {
      const loaded = loadSettings({ file: { path: "", text: toml } });
      if ("settings" in loaded) break;
      for (const { name, message } of loaded.problems) {
        const origin = this.#values.get(name);
        assert(origin !== undefined, `what is written is read: ${name}: ${message}`);
        this.#values.delete(name);
        this.note(origin.from, `${name}: ${message}`);
      }
      toml = this.#toml();
    }
    for (const { from } of this.#values.values()) this.#translated.add(from);
    const notes = this.#notes.toSorted((a, b) => a.line - b.line);
    return { toml, count: this.#translated.size, notes };
  }

  #toml(): string {
    const sections = Object.entries(settingSections).map(([section, { settings }]) => {
      const names = Object.keys(settings).map((key) => ({ key, name: `${section}.${key}` }));
      const plain = names.flatMap(({ key, name }) => {
        const origin = this.#values.get(name);
        return origin === undefined ? [] : [`${key} = ${tomlValue(origin.value)}`];
      });
      const tables = names.flatMap(({ name }) =>
        (this.#tables.get(name) ?? []).map((table) => tableText(name, table))
      );
      return [...plain.length > 0 ? [[`[${section}]`, ...plain].join("\n")] : [], ...tables];
    });
    return sections.flat().map((part) => `${part}\n`).join("\n");
  }
}

function tableText(name: string, table: TableValue): string {
  const lines = Object.entries(table).map(([key, value]) => `${key} = ${tomlValue(value)}`);
  return [`[[${name}]]`, ...lines].join("\n");
}

/** What is done with a setting of another relay. */
export type Rule = (from: ForeignSetting, into: Translation) => void;

/** It has that name here, and the value that `convert` makes of it. */
export function to(name: string, convert: (value: unknown) => unknown = (value) => value): Rule {
  return (from, into) => into.set(from, name, convert(from.value));
}

/** It has no counterpart, which matters unless its value is one of `unless`. */
export function nothing(why: string, unless: readonly unknown[] = []): Rule {
  return (from, into) => {
    if (!unless.includes(from.value)) into.note(from, why);
  };
}

/** The rule holds if the value is none of `unless`; those mean nothing. */
export function except(unless: readonly unknown[], rule: Rule): Rule {
  return (from, into) => {
    if (!unless.includes(from.value)) rule(from, into);
  };
}

/** Applies the rule of each setting. */
export function applyRules(
  settings: readonly ForeignSetting[],
  rules: Readonly<Record<string, Rule>>,
  into: Translation,
): void {
  for (const from of settings) {
    const rule = Object.hasOwn(rules, from.name) ? rules[from.name] : undefined;
    if (rule === undefined) into.note(from, "no setting of this name is known");
    else rule(from, into);
  }
}

/** A number times `factor`; anything else as it is. */
export function times(factor: number): (value: unknown) => unknown {
  return (value) => typeof value === "number" ? value * factor : value;
}

/** A public key as it is written here. */
export function key(value: unknown): unknown {
  return typeof value === "string" && /^[0-9A-F]{64}$/i.test(value) ? value.toLowerCase() : value;
}

/** Where the operator can be reached, as a URI. */
export function contact(value: unknown): unknown {
  return typeof value === "string" && /^[^\s@:/]+@[^\s@:/]+$/.test(value)
    ? `mailto:${value}`
    : value;
}

/** Sets how often to ping, and how long a connection may be quiet, which is longer. */
export const pingInterval: Rule = (from, into) => {
  into.set(from, "network.ping_interval_s", from.value);
  const seconds = Number(from.value);
  if (seconds >= 60 && seconds <= 3_600) into.set(from, "network.idle_timeout_s", 2 * seconds);
};

/** Sets how many events a filter gives, with and without a limit of its own. */
export const maxLimit: Rule = (from, into) => {
  into.set(from, "limits.max_limit", from.value);
  into.set(from, "limits.default_limit", from.value);
};

/** An address and a port as one. */
export function listenAddress(host: unknown, port: unknown): string {
  return String(host).includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
