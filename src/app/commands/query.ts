/**
 * `gallimimus query`, `count` and `delete`: what matches filters.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { readFilters } from "../command_line/filter_arguments.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain, print, withStore } from "../command_line/with_store.ts";
import { searchLimits } from "../relay_limits.ts";
import { printEvents } from "../transfer/print_events.ts";

interface CountFlags {
  readonly json?: boolean;
}

interface DeleteFlags {
  /** Whether to delete; by default the events are counted. */
  readonly yes?: boolean;
  /** Whether the events may be published again. */
  readonly forget?: boolean;
}

/** How many events are deleted in one transaction, which keeps other writers waiting. */
const DELETED_AT_ONCE = 500;

const FILTERS = "NIP-01 filters as JSON; keys as hex or npub1…";

/** Adds the commands to the program. */
export function defineQuery(program: Command, run: RunCommand): void {
  const command = (name: string, description: string) =>
    withSettingOptions(
      program.command(name).description(description).argument("<filter...>", FILTERS),
    );
  command("query", "print the events that match any of the filters, one JSON object a line")
    .action((texts: readonly string[], options: SettingOptions) =>
      run(options, (context) => query(context, texts))
    );
  command("count", "count the events that query would print")
    .option("--json", 'print {"count":…}')
    .action((texts: readonly string[], options: CountFlags & SettingOptions) =>
      run(options, (context) => count(context, texts, options))
    );
  command("delete", "delete the events that query would print; without --yes, say how many")
    .option("--yes", "delete them")
    .option("--forget", "let them be published again; by default they are refused from then on")
    .action((texts: readonly string[], options: DeleteFlags & SettingOptions) =>
      run(options, (context) => deleteEvents(context, texts, options))
    );
}

/** Prints the events that match, banned ones too. */
export async function query(context: CommandContext, texts: readonly string[]): Promise<ExitCode> {
  const filters = readFilters(texts, searchLimits(context.settings));
  if ("fault" in filters) return await complain(context, `query: ${filters.fault}`);
  return await withStore(context, async (store) => {
    const found = store.query(filters, { signal: context.stop, includesBanned: true });
    await printEvents(found, context.streams.stdout);
    return exitCode.done;
  });
}

/** Prints how many events match. */
export async function count(
  context: CommandContext,
  texts: readonly string[],
  { json = false }: CountFlags,
): Promise<ExitCode> {
  const filters = readFilters(texts);
  if ("fault" in filters) return await complain(context, `count: ${filters.fault}`);
  return await withStore(context, async (store) => {
    const found = await countOf(idsOf(store, filters, context.stop));
    await print(context, json ? JSON.stringify({ count: found }) : `${found}`);
    return exitCode.done;
  });
}

/** Deletes the events that match, or prints how many there are. */
export async function deleteEvents(
  context: CommandContext,
  texts: readonly string[],
  { yes = false, forget = false }: DeleteFlags,
): Promise<ExitCode> {
  const filters = readFilters(texts);
  if ("fault" in filters) return await complain(context, `delete: ${filters.fault}`);
  return await withStore(context, async (store) => {
    const found = idsOf(store, filters, context.stop);
    if (!yes) {
      const events = await countOf(found);
      await print(context, `${eventsText(events)} would be deleted: add --yes to delete`);
      return exitCode.done;
    }
    const progress = new ProgressLine(context);
    let deleted = 0;
    try {
      for await (const ids of found) {
        deleted += await store.erase({ ids, isRemembered: !forget });
        progress.show(() => `${eventsText(deleted)} deleted`);
      }
    } finally {
      await progress.clear();
      // What is deleted stays so, whatever went wrong after it.
      await print(context, `deleted ${eventsText(deleted)}`);
    }
    return exitCode.done;
  });
}

/** The ids of the events that match, a few at a time. */
async function* idsOf(
  store: TidyStore,
  filters: readonly ReqFilter[],
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  for await (const page of store.identify(filters, { signal, includesBanned: true })) {
    for (let start = 0; start < page.length; start += DELETED_AT_ONCE) {
      signal.throwIfAborted();
      yield page.slice(start, start + DELETED_AT_ONCE).map(({ id }) => id);
    }
  }
}

async function countOf(pages: AsyncIterable<readonly string[]>): Promise<number> {
  let count = 0;
  for await (const page of pages) count += page.length;
  return count;
}

function eventsText(count: number): string {
  return `${count} ${count === 1 ? "event" : "events"}`;
}
