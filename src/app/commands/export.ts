/**
 * `gallimimus export`: prints stored events as JSON Lines.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { JsonObject } from "../../nostr/json.ts";
import { jsonObject, wholeNumber } from "../command_line/argument_values.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { compressionFor } from "../transfer/compressed_files.ts";
import { printEvents } from "../transfer/print_events.ts";
import { readFilter } from "../command_line/filter_arguments.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { type TimeOptions, withTimeOptions } from "../command_line/time_options.ts";
import { complain, print } from "../command_line/with_store.ts";
import type { StoredEvent } from "../../store/event_store.ts";

/** The options of the command. */
export interface ExportFlags extends TimeOptions {
  readonly kinds?: readonly number[];
  readonly authors?: readonly string[];
  /** Filters as JSON objects. The other options replace their fields. */
  readonly filter?: readonly JsonObject[];
  /** The file to write; default: standard output. */
  readonly output?: string;
}

/** Adds the command to the program. */
export function defineExport(program: Command, run: RunCommand): void {
  const command = program.command("export")
    .description("print stored events, newest first, one JSON object a line")
    .option("--kinds <kinds>", "only these kinds, joined by commas", wholeNumbers)
    .option(
      "--authors <pubkeys>",
      "only these authors (hex or npub1…), joined by commas",
      commaSeparated,
    )
    .option("--filter <json>", "only what this NIP-01 filter matches; may be repeated", oneMore)
    .option("--output <file>", "write a new file, compressed if its name ends in .gz or .zst");
  withSettingOptions(withTimeOptions(command)).action((options: ExportFlags & SettingOptions) =>
    run(options, (context) => exportEvents(context, options))
  );
}

/** Writes the events that match the options. Ends with success when the reader closes the pipe. */
export async function exportEvents(
  context: CommandContext,
  flags: ExportFlags,
): Promise<ExitCode> {
  const { streams, stop } = context;
  const filters = filtersOf(flags);
  if (typeof filters === "string") return await complain(context, `export: ${filters}`);
  const store = await context.openStore(undefined, { mustExist: true });
  try {
    const found = store.query(filters, { signal: stop, includesBanned: true });
    if (flags.output !== undefined) return await exportTo(flags.output, found, context);
    await printEvents(found, streams.stdout);
    return exitCode.done;
  } catch (error) {
    if (stop.aborted) return exitCode.interrupted;
    throw error;
  } finally {
    await store.close();
  }
}

/** Writes a file, which appears under its name when it is complete. */
async function exportTo(
  path: string,
  found: AsyncIterable<readonly StoredEvent[]>,
  context: CommandContext,
): Promise<ExitCode> {
  const file = await context.streams.create(path);
  if ("fault" in file) return await complain(context, `${path}: ${file.fault}`, exitCode.failed);
  const compression = compressionFor(path);
  const written = compression.readable.pipeTo(file.writable);
  // Awaited below; without this a rejection meanwhile would be reported as unhandled.
  written.catch(() => {});
  const writer: WritableStreamDefaultWriter<Uint8Array> = compression.writable.getWriter();
  try {
    const write = (bytes: Uint8Array) => writer.write(bytes).then(() => true);
    const count = await printEvents(found, { write });
    await writer.close();
    await written;
    await file.finish();
    await print(context, `exported ${count} events to ${path}`);
    return exitCode.done;
  } catch (error) {
    await writer.abort(error).catch(() => {});
    await written.catch(() => {});
    await file.discard();
    throw error;
  }
}

/** The filters that the options describe, or what is wrong with one. */
function filtersOf(flags: ExportFlags): readonly ReqFilter[] | string {
  const { since, until, kinds, authors } = flags;
  const given = Object.entries({ since, until, kinds, authors })
    .filter(([, value]) => value !== undefined);
  const filters: ReqFilter[] = [];
  for (const whole of flags.filter ?? [{}]) {
    const filter = readFilter({ ...whole, ...Object.fromEntries(given) });
    if ("fault" in filter) return filter.fault;
    filters.push(filter);
  }
  return filters;
}

function wholeNumbers(text: string): readonly number[] {
  return commaSeparated(text).map(wholeNumber);
}

function commaSeparated(text: string): readonly string[] {
  return text.split(",").map((item) => item.trim());
}

function oneMore(text: string, earlier: readonly JsonObject[] = []): readonly JsonObject[] {
  return [...earlier, jsonObject(text)];
}
