/**
 * Merges the sources of settings and validates the result.
 *
 * Weakest to strongest: the built-in default, the configuration file, the environment, the command
 * line. The caller reads files and variables. Every invalid value is reported, all at once, even
 * one that a stronger source overrides: otherwise it would appear only when the override is
 * removed.
 *
 * @module
 */

import { parse, TomlError } from "smol-toml";
import { accessPresets } from "./sections/access.ts";
import { nearestName } from "./nearest_name.ts";
import {
  type ReadSetting,
  readSetting,
  readSettingText,
  type TableFault,
  tableFaults,
  typedText,
} from "./read_setting.ts";
import type { Setting, SettingValue } from "./setting.ts";
import {
  settingByName,
  settingRelations,
  type Settings,
  settingSections,
  settingsWith,
} from "./setting_list.ts";
import { tomlLines } from "./toml_lines.ts";

/** A setting given on the command line. */
export interface SettingFlag {
  /** The flag as typed, for error messages: `--listen`. */
  readonly flag: string;
  /** The full name of the setting; for `--set` whatever was typed. */
  readonly name: string;
  /** A list may be given as its items, which may then contain commas. */
  readonly text: string | readonly string[];
}

/** All sources of settings. */
export interface SettingSources {
  /** The configuration file, if there is one. The path is used in messages only. */
  readonly file?: { readonly path: string; readonly text: string };
  /** The whole environment; variables of other programs are ignored. */
  readonly environment?: Readonly<Record<string, string>>;
  /** In the order typed. The last one wins. */
  readonly flags?: readonly SettingFlag[];
}

/** An invalid setting: its source, name and error. */
export interface SettingProblem {
  /** `config.toml:12`, `environment GALLIMIMUS_LOG__LEVEL`, `--listen`. */
  readonly source: string;
  /** The full name of the setting, or the part that was given. Empty if the file is not TOML. */
  readonly name: string;
  /** What was found and what is allowed. */
  readonly message: string;
}

/**
 * A setting that is valid by itself but cannot be used: a file that it names is missing or wrong.
 * The message is one sentence that begins with the name of the setting.
 */
export class UnusableSetting extends TypeError {
  override readonly name = "UnusableSetting";
  /** The full name of the setting. */
  readonly setting: string;

  constructor(setting: string, fault: string) {
    super(`${setting}: ${fault}`);
    this.setting = setting;
  }
}

/** The settings and the source of each that is not a default, or all problems. */
export type LoadedSettings =
  | { readonly settings: Settings; readonly origins: ReadonlyMap<string, string> }
  | { readonly problems: readonly SettingProblem[] };

/** Merges and validates all sources. */
export function loadSettings(sources: SettingSources): LoadedSettings {
  const merge = new Merge();
  if (sources.file) mergeFile(merge, sources.file);
  mergeEnvironment(merge, sources.environment ?? {});
  for (const { flag, name, text } of sources.flags ?? []) merge.text(flag, name, text);
  merge.applyPreset();
  merge.checkRelations();
  return merge.problems.length > 0
    ? { problems: merge.problems }
    : { settings: settingsWith(merge.values), origins: merge.origins };
}

/** One problem as a line of text. */
export function problemLine({ source, name, message }: SettingProblem): string {
  return name === "" ? `${source}: ${message}` : `${source}: ${name}: ${message}`;
}

/** The values so far, from ever stronger sources. */
class Merge {
  readonly values = new Map<string, SettingValue>();
  /** The source of each value in {@link values}. */
  readonly origins = new Map<string, string>();
  readonly problems: SettingProblem[] = [];

  /** Takes a value that TOML has typed. `sourceOf` tells where a name stands. */
  typed(sourceOf: (name: string) => string, name: string, raw: unknown): void {
    const setting = settingByName.get(name);
    const faults = setting?.type === "tables" ? tableFaults(setting, raw) : [];
    if (faults.length > 0) return this.#blame(sourceOf, name, faults);
    this.#take(sourceOf(name), name, (setting) => readSetting(setting, raw));
  }

  /** Takes a value given as text, or a list of texts. */
  text(source: string, name: string, text: SettingFlag["text"]): void {
    const setting = settingByName.get(name);
    if (setting?.type === "tables") {
      return this.typed(() => source, name, typedText(setting, String(text)));
    }
    this.#take(
      source,
      name,
      (setting) =>
        typeof text === "string" ? readSettingText(setting, text) : readSetting(setting, text),
    );
  }

  /** Applies the access preset to settings that no source has set. */
  applyPreset(): void {
    const preset = String(this.values.get("access.preset") ?? "public");
    for (const [name, value] of Object.entries(accessPresets[preset] ?? {})) {
      if (!this.values.has(name)) this.values.set(name, value);
    }
  }

  /** Checks relations between values that are each valid. */
  checkRelations(): void {
    for (const { larger, smaller, orEqual, otherwise } of settingRelations) {
      const [high, low] = [this.#number(larger), this.#number(smaller)];
      if (high > low || (orEqual && high === low)) continue;
      const blamed = this.origins.has(larger) ? larger : smaller;
      const [other, bound, number] = blamed === larger
        ? [smaller, orEqual ? "at least" : "more than", low]
        : [larger, orEqual ? "at most" : "less than", high];
      this.problems.push({
        source: this.origins.get(blamed) ?? "default",
        name: blamed,
        message: `found ${this.#number(blamed)}, expected ${bound} ${other} (${number}), ` +
          `or ${otherwise}`,
      });
    }
  }

  #take(source: string, name: string, read: (setting: Setting) => ReadSetting): void {
    const setting = settingByName.get(name);
    if (setting === undefined) {
      this.problems.push(unknownName(source, name, settingByName.keys()));
      return;
    }
    const outcome = read(setting);
    if ("value" in outcome) {
      this.values.set(name, outcome.value);
      this.origins.set(name, source);
    } else {
      const message = `found ${outcome.found}, expected ${outcome.expected}`;
      this.problems.push({ source, name, message });
    }
  }

  /** Names the key of each table that has something wrong. */
  #blame(
    sourceOf: (name: string) => string,
    name: string,
    faults: readonly TableFault[],
  ): void {
    for (const { table, key, message } of faults) {
      const numbered = `${name}[${table}]${key === "" ? "" : `.${key}`}`;
      this.problems.push({ source: sourceOf(numbered), name: numbered, message });
    }
  }

  #number(name: string): number {
    return Number(this.values.get(name) ?? settingByName.get(name)?.default);
  }
}

function unknownName(source: string, name: string, names: Iterable<string>): SettingProblem {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return { source, name, message: `no such setting${hint}` };
}

function mergeFile(merge: Merge, file: { readonly path: string; readonly text: string }): void {
  const parsed = parseToml(file.text);
  if ("fault" in parsed) {
    const source = `${file.path}:${parsed.line}:${parsed.column}`;
    merge.problems.push({ source, name: "", message: parsed.fault });
    return;
  }
  const lines = tomlLines(file.text);
  // A key that is missing in a table is told at the line of the table.
  const lineOf = (name: string): number =>
    lines.get(name) ?? (name.includes("[") ? lineOf(name.replace(/(?:\[\d+\]|\.[^.[]+)$/, "")) : 1);
  const sourceOf = (name: string) => `${file.path}:${lineOf(name)}`;
  for (const [section, values] of Object.entries(parsed.table)) {
    if (!Object.hasOwn(settingSections, section)) {
      merge.problems.push(unknownName(sourceOf(section), section, Object.keys(settingSections)));
    } else if (!isTomlTable(values)) {
      const message = `found a value, expected a section [${section}]`;
      merge.problems.push({ source: sourceOf(section), name: section, message });
    } else {
      for (const [key, raw] of Object.entries(values)) {
        const name = `${section}.${key}`;
        merge.typed(sourceOf, name, raw);
      }
    }
  }
}

/** A table of TOML. */
export type TomlTable = Readonly<Record<string, unknown>>;

/** The document, or its first syntax error with line and column from 1. */
type ParsedToml =
  | { readonly table: TomlTable }
  | { readonly fault: string; readonly line: number; readonly column: number };

/** Parses TOML. */
export function parseToml(text: string): ParsedToml {
  try {
    return { table: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { fault: faultOf(error), line: error.line, column: error.column };
  }
}

/** The library's message without its heading and its excerpt of the source. */
function faultOf(error: TomlError): string {
  const sentence = error.message.split("\n", 1)[0] ?? "";
  return `not TOML: ${sentence.replace(/^Invalid TOML document: /, "")}`;
}

/** Whether a value of TOML is a table. */
export function isTomlTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

/** The prefix of environment variables that are settings. */
const ENVIRONMENT_PREFIX = "GALLIMIMUS_";

/** `DATABASE_URL` is set by hosting platforms; `GALLIMIMUS_DATABASE__URL` overrides it. */
function mergeEnvironment(merge: Merge, environment: Readonly<Record<string, string>>): void {
  const databaseUrl = environment["DATABASE_URL"];
  if (databaseUrl) merge.text("environment DATABASE_URL", "database.url", databaseUrl);
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(ENVIRONMENT_PREFIX)) continue;
    const name = variable.slice(ENVIRONMENT_PREFIX.length).replace("__", ".").toLowerCase();
    merge.text(`environment ${variable}`, name, text);
  }
}
