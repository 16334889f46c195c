/**
 * Reads the settings of a command from the file, the environment and the flags, at the start and
 * again while the command runs.
 *
 * @module
 */

import { withPatternsChecked } from "../settings/banned_patterns.ts";
import { type LoadedSettings, loadSettings } from "../settings/load_settings.ts";
import { settingFlags, type SettingOptions } from "./setting_options.ts";

/** The text of a file, or that it does not exist, or why it cannot be read. */
export type ReadText =
  | {
    readonly text: string;
    /** Whether it came through a pipe, which gives its text only once. */
    readonly isPipe?: boolean;
  }
  | { readonly missing: true }
  | { readonly fault: string };

/** The process, as far as settings come from it. */
export interface SettingHost {
  readonly environment: Readonly<Record<string, string>>;
  readText(path: string): Promise<ReadText>;
}

/** Read when the command line names no file. It may be missing. */
const DEFAULT_CONFIG_PATH = "config.toml";

/** The sources of a command's settings. */
export class SettingSource {
  readonly #path: string;
  readonly #host: SettingHost;
  readonly #options: SettingOptions;
  /** The text that was read last; undefined if there was no file. */
  #text: string | undefined = undefined;
  #isPipe = false;
  /** What {@link SettingSource.load} made of it. */
  #loaded: LoadedSettings | undefined = undefined;

  constructor(host: SettingHost, options: SettingOptions) {
    this.#path = options.config ?? DEFAULT_CONFIG_PATH;
    this.#host = host;
    this.#options = options;
  }

  /**
   * The configuration file that was read; undefined if there was none, or if it came through a pipe.
   * A `config.toml` that appears in the working directory later is read when somebody asks for it,
   * and is not watched for: others may be able to put it there.
   */
  get path(): string | undefined {
    return this.#text === undefined || this.#isPipe ? undefined : this.#path;
  }

  /**
   * Reads, merges and checks all sources. While the file stays the same, so does the object that is
   * returned: the environment and the flags of a process do not change.
   *
   * A file that had settings must not be missing or empty later. Otherwise a file that was moved
   * away, or written to a full disk, would mean the defaults, and open what it had restricted.
   */
  async load(): Promise<LoadedSettings> {
    if (this.#isPipe) return this.#problem("it came through a pipe and cannot be read again");
    const read = await this.#host.readText(this.#path);
    if ("fault" in read) return this.#problem(read.fault);
    const isNeeded = this.#options.config !== undefined || this.#text !== undefined;
    if ("missing" in read && isNeeded) return this.#problem("no such file");
    const text = "text" in read ? read.text : undefined;
    if (isBlank(text) && !isBlank(this.#text)) {
      return this.#problem("the file is empty (a line with # alone would mean the defaults)");
    }
    this.#isPipe = "text" in read && read.isPipe === true;
    if (this.#loaded === undefined || text !== this.#text) {
      this.#loaded = await this.#merge(text);
      this.#text = text;
    }
    return this.#loaded;
  }

  #merge(text: string | undefined): Promise<LoadedSettings> {
    return withPatternsChecked(loadSettings({
      ...text !== undefined && { file: { path: this.#path, text } },
      environment: this.#host.environment,
      flags: settingFlags(this.#options),
    }));
  }

  #problem(message: string): LoadedSettings {
    return { problems: [{ source: this.#path, name: "", message }] };
  }
}

function isBlank(text = ""): boolean {
  return text.trim() === "";
}
