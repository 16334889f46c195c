/**
 * `gallimimus upload`: publishes the events of a JSON Lines file on another relay.
 *
 * @see NIP-01
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { parseJson } from "../../nostr/json.ts";
import { parseEvent } from "../../nostr/parse_event.ts";
import { reason, reasonText } from "../../nostr/reason.ts";
import { RateLimitRetry } from "../../sync/rate_limit_retry.ts";
import { countReason } from "../../sync/remote_refusal.ts";
import type { RemoteRelay } from "../../sync/remote_relay.ts";
import { sendEvent, SendTally } from "../../sync/transfer.ts";
import { readAuthKey } from "../auth_key.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { relayUrl } from "../command_line/argument_values.ts";
import type { Command } from "../command_line/commander.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain, print } from "../command_line/with_store.ts";
import { readUntil } from "../system/streams.ts";
import { linesIn } from "../transfer/json_lines.ts";
import { type AuthFlags, withAuthOption, withRemote } from "./remote_options.ts";
import { reasonLines } from "./sync_report.ts";

/** Events that are sent before the first is answered. */
const IN_FLIGHT = 100;

/** Adds the command to the program. */
export function defineUpload(program: Command, run: RunCommand): void {
  const command = program.command("upload")
    .description("publish the events of a file on another relay, one JSON object a line")
    .argument("<url>", "the relay, ws:// or wss://", relayUrl)
    .argument("[file]", "the file, or - for standard input", "-");
  withSettingOptions(withAuthOption(command))
    .action((url: string, file: string, options: AuthFlags & SettingOptions) =>
      run(options, (context) => upload(context, { url, file }, options))
    );
}

/** Publishes all events and prints what became of them. A refused event is no failure. */
export async function upload(
  context: CommandContext,
  { url, file }: { readonly url: string; readonly file: string },
  flags: AuthFlags,
): Promise<ExitCode> {
  const { streams, stop } = context;
  const key = await readAuthKey(flags.authKeyFile, context.environment);
  if ("fault" in key) return await complain(context, key.fault);
  const opened = await streams.open(file);
  if ("fault" in opened) {
    return await complain(context, `${file}: ${opened.fault}`, exitCode.failed);
  }
  const tally = new SendTally();
  const code = await withRemote(context, { url, signer: key.signer }, async (remote) => {
    await publishLines(readUntil(opened.readable, stop), { context, remote, tally });
    return stop.aborted ? exitCode.interrupted : exitCode.done;
  });
  const { accepted, duplicate, refused } = tally;
  const counts = `sent: accepted ${accepted}, known there ${duplicate}`;
  await print(context, [counts, ...reasonLines(refused)].join("\n"));
  return code;
}

async function publishLines(
  pieces: AsyncIterable<Uint8Array>,
  { context, remote, tally }: {
    readonly context: CommandContext;
    readonly remote: RemoteRelay;
    readonly tally: SendTally;
  },
): Promise<void> {
  const { settings, clock, random, stop } = context;
  const retry = new RateLimitRetry({ clock, random, signal: stop });
  const sending = new Map<string, Promise<void>>();
  for await (const event of eventsIn(pieces, settings.limits.max_message_bytes, tally)) {
    // The answer to an event names its id, so the same one is sent again only after it.
    await sending.get(event.id);
    const sent = sendEvent(event, { remote, retry }).then((outcome) => {
      tally.add(outcome);
      sending.delete(event.id);
    });
    sent.catch(() => {});
    sending.set(event.id, sent);
    if (sending.size >= IN_FLIGHT) await sending.values().next().value;
  }
  await Promise.all(sending.values());
}

async function* eventsIn(
  pieces: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
  { refused }: SendTally,
): AsyncGenerator<NostrEvent, void> {
  for await (const line of linesIn(pieces, maxLineBytes)) {
    const event = "fault" in line
      ? { reason: reason("invalid", line.fault) }
      : parseEvent(parseJson(line.text));
    if (!("reason" in event)) yield event;
    else countReason(refused, `not sent: ${reasonText(event.reason)}`);
  }
}
