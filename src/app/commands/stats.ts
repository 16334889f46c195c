/**
 * `gallimimus stats`: how many events of what there are, and how much room they take.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from "../command_line/commander.ts";
import type { TableSize, TidyStore } from "../../store/write/upkeep.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { print, withStore } from "../command_line/with_store.ts";
import { dayOf, SurveyTotals, topOf, type Total } from "../transfer/survey_totals.ts";

interface StatsFlags {
  readonly json?: boolean;
  /** How many kinds, authors and days are shown. */
  readonly top: number;
}

/** How many events are read at once: some milliseconds of the database. */
const PAGE_EVENTS = 2_000;

/** The place before the newest event. */
const NEWEST = { createdAt: Number.MAX_SAFE_INTEGER, id: "" };

const BYTES_PER_MB = 1_000_000;

/** What the command found, as `--json` prints it. */
interface Stats {
  readonly events: number;
  readonly bytes: number;
  readonly oldest?: number | undefined;
  readonly newest?: number | undefined;
  /** Of how many kinds and authors there are events. */
  readonly kinds: number;
  readonly authors: number;
  readonly topKinds: readonly (Total & { readonly kind: number })[];
  readonly topAuthors: readonly (Total & { readonly pubkey: string })[];
  /** The newest days. */
  readonly days: readonly (Total & { readonly day: string })[];
  readonly tables: readonly TableSize[];
}

/** Adds the command to the program. */
export function defineStats(program: Command, run: RunCommand): void {
  const command = program.command("stats")
    .description("count events by kind, author and day, and show the size of the tables")
    .option("--json", "print one JSON object")
    .option("--top <count>", "how many kinds, authors and days to show", positive, 10);
  withSettingOptions(command).action((options: StatsFlags & SettingOptions) =>
    run(options, (context) => showStats(context, options))
  );
}

/** Reads the columns of all events and prints what they add up to. */
export async function showStats(
  context: CommandContext,
  { json = false, top }: StatsFlags,
): Promise<ExitCode> {
  return await withStore(context, async (store) => {
    const totals = await survey(store, context);
    const stats = statsOf(totals, await store.tableSizes(), top);
    await print(context, json ? JSON.stringify(stats) : textOf(stats));
    return exitCode.done;
  });
}

async function survey(store: TidyStore, context: CommandContext): Promise<SurveyTotals> {
  const totals = new SurveyTotals();
  const progress = new ProgressLine(context);
  for (let place = NEWEST;;) {
    context.stop.throwIfAborted();
    const page = await store.survey(place, PAGE_EVENTS);
    for (const event of page) totals.add(event);
    if (page.length < PAGE_EVENTS) break;
    place = page.at(-1)!;
    progress.show(() => `${totals.all.events} events read`);
  }
  await progress.clear();
  return totals;
}

function statsOf(totals: SurveyTotals, tables: readonly TableSize[], top: number): Stats {
  const { all, kinds, authors, days, oldest, newest } = totals;
  return {
    ...all,
    ...oldest !== undefined && { oldest, newest },
    kinds: kinds.size,
    authors: authors.size,
    topKinds: topOf(kinds, top).map(([kind, total]) => ({ kind, ...total })),
    topAuthors: topOf(authors, top).map(([pubkey, total]) => ({ pubkey, ...total })),
    days: [...days].sort(([a], [b]) => a < b ? 1 : -1).slice(0, top)
      .map(([day, total]) => ({ day, ...total })),
    tables,
  };
}

function textOf(stats: Stats): string {
  const { events, bytes, oldest, newest, kinds, authors, topKinds, topAuthors, days } = stats;
  const span = oldest === undefined ? "" : `, from ${dayOf(oldest)} to ${dayOf(newest!)}`;
  const rows = (title: string, totals: readonly (readonly [string | number, Total])[]) => [
    title,
    ...totals.map(([name, total]) => `  ${name}\t${total.events}\t${megabytes(total.bytes)}`),
  ];
  return [
    `${events} events, ${megabytes(bytes)} of JSON${span}`,
    ...rows(`${kinds} kinds`, topKinds.map(({ kind, ...total }) => [kind, total])),
    ...rows(`${authors} authors`, topAuthors.map(({ pubkey, ...total }) => [pubkey, total])),
    ...rows("newest days, by created_at", days.map(({ day, ...total }) => [day, total])),
    ...tableLines(stats.tables),
  ].join("\n");
}

function tableLines(tables: readonly TableSize[]): readonly string[] {
  if (tables.length === 0) return [];
  const lines = tables.map(({ table, bytes, indexBytes }) =>
    `  ${table}\t${megabytes(bytes)}\t${megabytes(indexBytes)}`
  );
  return ["tables, and their indexes", ...lines];
}

function megabytes(bytes: number): string {
  return `${(bytes / BYTES_PER_MB).toFixed(1)} MB`;
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("Expected a number from 1.");
  return Number(text);
}
