/**
 * `gallimimus download`: prints the stored events of another relay as JSON Lines.
 *
 * @see NIP-01
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import { eventJson } from "../../nostr/event_json.ts";
import { matches } from "../../nostr/match.ts";
import { pages } from "../../sync/pages.ts";
import { RateLimitRetry } from "../../sync/rate_limit_retry.ts";
import { rangeOf } from "../../sync/time_range.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { relayUrl } from "../command_line/argument_values.ts";
import type { Command } from "../command_line/commander.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain } from "../command_line/with_store.ts";
import { type RemoteFlags, remoteTaskOf, withFilterOptions, withRemote } from "./remote_options.ts";

/** Adds the command to the program. */
export function defineDownload(program: Command, run: RunCommand): void {
  const command = program.command("download")
    .description("print the stored events of another relay, newest first, one JSON object a line")
    .argument("<url>", "the relay, ws:// or wss://", relayUrl);
  withSettingOptions(withFilterOptions(command))
    .action((url: string, options: RemoteFlags & SettingOptions) =>
      run(options, (context) => download(context, url, options))
    );
}

/**
 * Reads page by page. Neither ids nor signatures are checked: `import` does that. Ends with success
 * when the reader closes the pipe.
 */
export async function download(
  context: CommandContext,
  url: string,
  flags: RemoteFlags,
): Promise<ExitCode> {
  const { streams, stop, clock, random } = context;
  const task = await remoteTaskOf(flags, context);
  if ("fault" in task) return await complain(context, task.fault);
  const { since: _since, until: _until, limit: _limit, ...filterJson } = task.filterJson;
  const { limit = Infinity, ...filter } = task.filter;
  const retry = new RateLimitRetry({ clock, random, signal: stop });
  return await withRemote(context, { url, signer: task.signer }, async (remote) => {
    let left = limit;
    let partialSeconds = 0;
    const reading = pages({
      remote: { query: (page) => retry.run(() => remote.query(page)) },
      ...{ filter: filterJson, range: rangeOf(filter), signal: stop },
    });
    for await (const { events, isPartial } of reading) {
      if (isPartial) partialSeconds++;
      // A relay may send what was not asked for.
      const wanted = events.filter((event) => matches(filter, event)).slice(0, left);
      left -= wanted.length;
      const lines = wanted.map((event) => `${eventJson(event)}\n`).join("");
      if (lines !== "" && !await streams.stdout.write(utf8(lines))) return exitCode.done;
      if (left <= 0) break;
    }
    if (partialSeconds === 0) return exitCode.done;
    const text = `of ${partialSeconds} seconds the relay may have more events than it gives`;
    return await complain(context, text, exitCode.done);
  });
}
