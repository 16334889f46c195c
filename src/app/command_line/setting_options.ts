/**
 * The command line options that set settings, common to all commands.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from "./commander.ts";
import type { SettingFlag } from "../settings/load_settings.ts";

/** What commander collects for the options of {@link withSettingOptions}. */
export interface SettingOptions {
  readonly config?: string;
  readonly listen?: readonly string[];
  readonly data?: string;
  readonly database?: string;
  readonly set?: readonly SettingFlag[];
}

/** For commands that work without settings, and so in spite of wrong ones: all are at their defaults. */
export const WITHOUT_SETTINGS: SettingOptions = Object.freeze({});

/** Adds `--config`, `--data`, `--database` and `--set` to a command. */
export function withSettingOptions(command: Command): Command {
  return command
    .option("--config <file>", "configuration file (default: config.toml, when there is one)")
    .option("--data <dir>", "directory for what the relay writes (database.data)")
    .option("--database <url>", "memory:, pglite:DIR, managed:DIR or postgres://… (database.url)")
    .option("--set <section.key=value>", "any setting; may be repeated", oneMoreSetting);
}

/** Adds `--listen` to a command. */
export function withListenOption(command: Command): Command {
  return command.option(
    "--listen <host:port>",
    "address to accept connections on, or unix:/path, after tls: for TLS; may be repeated (network.listen)",
    (address: string, earlier: readonly string[] = []) => [...earlier, address],
  );
}

/** The settings that the options give. `--set` comes last, so it overrides the specific options. */
export function settingFlags(options: SettingOptions): readonly SettingFlag[] {
  const flags: SettingFlag[] = [];
  const add = (flag: string, name: string, text: string | undefined) => {
    if (text !== undefined) flags.push({ flag, name, text });
  };
  add("--listen", "network.listen", options.listen?.join(","));
  add("--data", "database.data", options.data);
  add("--database", "database.url", options.database);
  return [...flags, ...(options.set ?? [])];
}

function oneMoreSetting(
  assignment: string,
  earlier: readonly SettingFlag[] = [],
): readonly SettingFlag[] {
  const equals = assignment.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError("Expected section.key=value.");
  const name = assignment.slice(0, equals).trim();
  return [...earlier, { flag: "--set", name, text: assignment.slice(equals + 1) }];
}
