/**
 * From all that an operator said to the settings of one run.
 *
 * Weakest to strongest: the built-in default, the configuration file, the environment, the command
 * line. Reading files and variables is the caller's business; this is a function of what they held.
 * Whatever is wrong anywhere is reported, all of it at once, even where a stronger source overrides it:
 * what is ignored today is what surprises tomorrow.
 *
 * @module
 */

import { parse, TomlError } from "smol-toml";
import { accessPresets } from "./sections/access.ts";
import { nearestName } from "./nearest_name.ts";
import { type ReadSetting, readSetting, readSettingText } from "./read_setting.ts";
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
  /** The full name of the setting, which for `--set` is whatever was typed. */
  readonly name: string;
  readonly text: string;
}

/** Everything that settings come from. */
export interface SettingSources {
  /** The configuration file, when there is one. The path is for messages only. */
  readonly file?: { readonly path: string; readonly text: string };
  /** The whole environment; what does not concern the relay is left alone. */
  readonly environment?: Readonly<Record<string, string>>;
  /** In the order typed. The last one wins. */
  readonly flags?: readonly SettingFlag[];
}

/** One thing that is wrong: where it was said, about which setting, and what to do. */
export interface SettingProblem {
  /** `config.toml:12`, `environment GALLIMIMUS_LOG__LEVEL`, `--listen`. */
  readonly source: string;
  /** The full name of the setting, or as much of it as was said. Empty when the file is no TOML. */
  readonly name: string;
  /** What was found and what is allowed. */
  readonly message: string;
}

/** The settings and where each that is not a default was said, or all that is wrong. */
export type LoadedSettings =
  | { readonly settings: Settings; readonly origins: ReadonlyMap<string, string> }
  | { readonly problems: readonly SettingProblem[] };

/**
 * Merges and checks all sources.
 */
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

/**
 * One problem as a line for people.
 */
export function problemLine({ source, name, message }: SettingProblem): string {
  return name === "" ? `${source}: ${message}` : `${source}: ${name}: ${message}`;
}

/** What has been said so far, by ever stronger sources. */
class Merge {
  readonly values = new Map<string, SettingValue>();
  /** Where the value in {@link values} was said, by setting. */
  readonly origins = new Map<string, string>();
  readonly problems: SettingProblem[] = [];

  /** A value that has a type. */
  typed(source: string, name: string, raw: unknown): void {
    this.#take(source, name, (setting) => readSetting(setting, raw));
  }

  /** A value that is spelt as text. */
  text(source: string, name: string, text: string): void {
    this.#take(source, name, (setting) => readSettingText(setting, text));
  }

  /** What the preset says where nothing else was said. */
  applyPreset(): void {
    const preset = String(this.values.get("access.preset") ?? "public");
    for (const [name, value] of Object.entries(accessPresets[preset] ?? {})) {
      if (!this.values.has(name)) this.values.set(name, value);
    }
  }

  /** Two values that are fine alone may not be fine together. */
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
  const sourceOf = (name: string) => `${file.path}:${lines.get(name) ?? 1}`;
  for (const [section, values] of Object.entries(parsed.table)) {
    if (!Object.hasOwn(settingSections, section)) {
      merge.problems.push(unknownName(sourceOf(section), section, Object.keys(settingSections)));
    } else if (!isTable(values)) {
      const message = `found a value, expected a section [${section}]`;
      merge.problems.push({ source: sourceOf(section), name: section, message });
    } else {
      for (const [key, raw] of Object.entries(values)) {
        const name = `${section}.${key}`;
        merge.typed(sourceOf(name), name, raw);
      }
    }
  }
}

/** The document, or its first fault of syntax with line and column from 1. */
type ParsedToml =
  | { readonly table: Readonly<Record<string, unknown>> }
  | { readonly fault: string; readonly line: number; readonly column: number };

/**
 * Parses a TOML document.
 */
function parseToml(text: string): ParsedToml {
  try {
    return { table: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { fault: faultOf(error), line: error.line, column: error.column };
  }
}

/** The library's sentence without the heading and the drawing that it puts around it. */
function faultOf(error: TomlError): string {
  const sentence = error.message.split("\n", 1)[0] ?? "";
  return `not TOML: ${sentence.replace(/^Invalid TOML document: /, "")}`;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

/** What the name of an environment variable that is meant for the relay begins with. */
const ENVIRONMENT_PREFIX = "GALLIMIMUS_";

/** `DATABASE_URL` is what hosts set; the relay's own name for the same is said on purpose, and wins. */
function mergeEnvironment(merge: Merge, environment: Readonly<Record<string, string>>): void {
  const databaseUrl = environment["DATABASE_URL"];
  if (databaseUrl) merge.text("environment DATABASE_URL", "database.url", databaseUrl);
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(ENVIRONMENT_PREFIX)) continue;
    const name = variable.slice(ENVIRONMENT_PREFIX.length).replace("__", ".").toLowerCase();
    merge.text(`environment ${variable}`, name, text);
  }
}
