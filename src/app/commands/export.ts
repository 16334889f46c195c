/**
 * `gallimimus export`: prints stored events as JSON Lines.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from "../command_line/commander.ts";
import { utf8 } from "../../base/bytes.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../nostr/json.ts";
import { parseFilter } from "../../nostr/parse_filter.ts";
import { reasonText } from "../../nostr/reason.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { printEvents } from "../transfer/print_events.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";

/** The options of the command. */
export interface ExportFlags {
  readonly since?: number;
  readonly until?: number;
  readonly kinds?: readonly number[];
  readonly authors?: readonly string[];
  /** Filters as JSON objects. The other options replace their fields. */
  readonly filter?: readonly JsonObject[];
}

/** Operators may use any filter. */
const NO_LIMITS = { maxFilterValues: Infinity, andTags: true };

/**
 * Adds the command to the program.
 */
export function defineExport(program: Command, run: RunCommand): void {
  const command = program.command("export")
    .description("print stored events, newest first, one JSON object a line")
    .option("--since <seconds>", "not older than this, in seconds since 1970", wholeNumber)
    .option("--until <seconds>", "not newer than this, in seconds since 1970", wholeNumber)
    .option("--kinds <kinds>", "only these kinds, joined by commas", wholeNumbers)
    .option("--authors <pubkeys>", "only these authors in hex, joined by commas", commaSeparated)
    .option("--filter <json>", "only what this NIP-01 filter matches; may be repeated", oneMore);
  withSettingOptions(command).action((options: ExportFlags & SettingOptions) =>
    run(options, (context) => exportEvents(context, options))
  );
}

/** Prints the events that match the options. Ends with success when the reader closes the pipe. */
export async function exportEvents(
  context: CommandContext,
  flags: ExportFlags,
): Promise<ExitCode> {
  const { streams, stop } = context;
  const filters = filtersOf(flags);
  if (typeof filters === "string") {
    await streams.stderr.write(utf8(`gallimimus: ${filters}\n`));
    return exitCode.misused;
  }
  const store = await context.openStore();
  try {
    const found = store.query(filters, { signal: stop, includesBanned: true });
    await printEvents(found, streams.stdout);
    return exitCode.done;
  } catch (error) {
    if (stop.aborted) return exitCode.interrupted;
    throw error;
  } finally {
    await store.close();
  }
}

/** The filters that the options describe, or what is wrong with one. */
function filtersOf(flags: ExportFlags): readonly ReqFilter[] | string {
  const { since, until, kinds, authors } = flags;
  const given = Object.entries({ since, until, kinds, authors })
    .filter(([, value]) => value !== undefined);
  const filters: ReqFilter[] = [];
  for (const whole of flags.filter ?? [{}]) {
    const filter = parseFilter({ ...whole, ...Object.fromEntries(given) }, NO_LIMITS);
    if ("prefix" in filter) return reasonText(filter);
    filters.push(filter);
  }
  return filters;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Expected a whole number.");
  return Number(text);
}

function wholeNumbers(text: string): readonly number[] {
  return commaSeparated(text).map(wholeNumber);
}

function commaSeparated(text: string): readonly string[] {
  return text.split(",").map((item) => item.trim());
}

function oneMore(text: string, earlier: readonly JsonObject[] = []): readonly JsonObject[] {
  const filter = parseJson(text);
  if (!isJsonObject(filter)) throw new InvalidArgumentError("Expected a JSON object.");
  return [...earlier, filter];
}
