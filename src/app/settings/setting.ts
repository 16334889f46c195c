/**
 * What a setting is, as data. The tables in `settings/` are the only place where a setting is named;
 * the type of the settings, the parser, `config.toml` and the operators' page all come from them.
 *
 * @module
 */

/** What every setting says about itself. */
interface Described {
  /** One sentence, for the configuration file and the operators' page. */
  readonly description: string;
  /** Whether a running relay takes a new value over; otherwise it counts from the next start. */
  readonly reloadable: boolean;
  /** Whether the value may hold a password, and so is never printed whole. */
  readonly secret?: boolean;
}

/** What a text must look like, for the parser and for people. */
export interface TextFormat {
  readonly pattern: RegExp;
  /** What the pattern cannot say, such as a checksum. */
  readonly accepts?: (text: string) => boolean;
  /** The same in words, to stand after "expected". */
  readonly words: string;
}

/** A piece of text. Empty means not set. */
export interface TextSetting extends Described {
  readonly type: "text";
  readonly default: string;
  readonly format?: TextFormat;
}

/** A whole number, nearly always a limit or a duration. Its unit is the end of its name. */
export interface IntegerSetting extends Described {
  readonly type: "integer";
  readonly default: number;
  readonly unit: string;
  /** Smallest and largest value taken, inclusive. */
  readonly min: number;
  readonly max: number;
  /** What a hostile peer gains, or what it costs, when the value is raised. One sentence. */
  readonly whenRaised: string;
}

/** Yes or no. */
export interface BooleanSetting extends Described {
  readonly type: "boolean";
  readonly default: boolean;
}

/** One word out of a few. */
export interface ChoiceSetting extends Described {
  readonly type: "choice";
  readonly default: string;
  readonly allowed: readonly string[];
}

/** Several texts. In the environment and on the command line they are joined by commas. */
export interface ListSetting extends Described {
  readonly type: "list";
  readonly default: readonly string[];
  /** What each item must look like. */
  readonly format: TextFormat;
  /** Fewest and most items, inclusive. */
  readonly minItems: number;
  readonly maxItems: number;
}

/** Any setting; `type` tells which. */
export type Setting = TextSetting | IntegerSetting | BooleanSetting | ChoiceSetting | ListSetting;

/** A section of the configuration file: what it is about, and its settings in order. */
export interface SettingSection {
  readonly title: string;
  readonly settings: Readonly<Record<string, Setting>>;
}

/** A value that some setting can have. */
export type SettingValue = string | number | boolean | readonly string[];

/** The type of the values that the setting `S` takes. */
export type ValueOf<S> = S extends { type: "choice"; allowed: readonly (infer Word)[] } ? Word
  : S extends { type: "text" } ? string
  : S extends { type: "integer" } ? number
  : S extends { type: "boolean" } ? boolean
  : S extends { type: "list" } ? readonly string[]
  : never;

/**
 * What values `setting` takes, in words that can follow "expected".
 */
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
      return `a list of ${setting.minItems} to ${setting.maxItems} items, each ${setting.format.words}`;
  }
}
