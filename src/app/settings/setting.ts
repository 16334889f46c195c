/**
 * The schema of a setting. Settings are declared only in the tables of `sections/`; the `Settings`
 * type, the parser, `config.toml` and `docs/settings.md` are derived from them.
 *
 * @module
 */

/** The fields common to all settings. */
interface Described {
  /** One sentence, for the configuration file and the documentation. */
  readonly description: string;
  /** Whether a running relay applies a new value. Default: no, a restart is needed. */
  readonly reloadable?: boolean;
  /** What of the value must not be printed: the password in a URL, or all of it. */
  readonly secret?: "password" | "value";
}

/** The format of a text, for the parser and for messages. */
export interface TextFormat {
  readonly pattern: RegExp;
  /** What the pattern cannot check, such as a checksum. */
  readonly accepts?: (text: string) => boolean;
  /** The format in words that can follow "expected". */
  readonly words: string;
}

/** A text. Empty means not set. */
interface TextSetting extends Described {
  readonly type: "text";
  readonly default: string;
  readonly format?: TextFormat;
}

/** An integer, usually a limit or a duration. Its name ends in its unit. */
interface IntegerSetting extends Described {
  readonly type: "integer";
  readonly default: number;
  readonly unit: string;
  /** Smallest and largest value allowed, inclusive. */
  readonly min: number;
  readonly max: number;
  /** What a hostile peer gains, or what it costs, when the value is raised. One sentence. */
  readonly whenRaised: string;
}

interface BooleanSetting extends Described {
  readonly type: "boolean";
  readonly default: boolean;
}

interface ChoiceSetting extends Described {
  readonly type: "choice";
  readonly default: string;
  readonly allowed: readonly string[];
}

/** A list of texts, separated by commas in the environment and on the command line. */
interface ListSetting extends Described {
  readonly type: "list";
  readonly default: readonly string[];
  /** The format of each item. */
  readonly format: TextFormat;
  /** Fewest items. Default: 0. */
  readonly minItems?: number;
  /** Most items, inclusive. */
  readonly maxItems: number;
}

/** A setting with one value, or a list of texts. */
export type PlainSetting =
  | TextSetting
  | IntegerSetting
  | BooleanSetting
  | ChoiceSetting
  | ListSetting;

/** Tables with keys of their own: `[[section.key]]` in the file, a JSON array elsewhere. */
export interface TablesSetting extends Described {
  readonly type: "tables";
  readonly default: readonly [];
  /** The keys of each table. */
  readonly columns: Readonly<Record<string, PlainSetting>>;
  /** The keys that each table has to have. */
  readonly required: readonly string[];
  readonly maxItems: number;
}

/** Any setting, distinguished by `type`. */
export type Setting = PlainSetting | TablesSetting;

/** A section of the configuration file: its title, and its settings in order. */
export interface SettingSection {
  readonly title: string;
  readonly settings: Readonly<Record<string, Setting>>;
}

/** A value of a setting that is no table. */
export type PlainValue = string | number | boolean | readonly string[];

/** The values of a table, by key. */
export type TableValue = Readonly<Record<string, PlainValue>>;

/** A value of any setting. */
export type SettingValue = PlainValue | readonly TableValue[];

/** The type of the values of the setting `S`. */
export type ValueOf<S> = S extends { type: "choice"; allowed: readonly (infer Word)[] } ? Word
  : S extends { type: "text" } ? string
  : S extends { type: "integer" } ? number
  : S extends { type: "boolean" } ? boolean
  : S extends { type: "list" } ? readonly string[]
  : S extends { type: "tables"; columns: infer Columns }
    ? readonly { readonly [Key in keyof Columns]: ValueOf<Columns[Key]> }[]
  : never;

/** The values that `setting` allows, in words that can follow "expected". */
export function expectedValue(setting: Setting): string {
  switch (setting.type) {
    case "integer":
      return `an integer from ${setting.min} to ${setting.max} (${setting.unit})`;
    case "boolean":
      return "true or false";
    case "choice":
      return setting.allowed.map((word) => `"${word}"`).join(" or ");
    case "text":
      return setting.format?.words ?? "text";
    case "list":
      return `a list of ${
        setting.minItems ?? 0
      } to ${setting.maxItems} items, each ${setting.format.words}`;
    case "tables":
      return `0 to ${setting.maxItems} tables`;
  }
}
