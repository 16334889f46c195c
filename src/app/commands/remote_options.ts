/**
 * The options of the commands that talk to other relays.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import type { JsonObject } from "../../nostr/json.ts";
import { parseFilter } from "../../nostr/parse_filter.ts";
import { reasonText } from "../../nostr/reason.ts";
import type { RemoteSigner } from "../../sync/authentication.ts";
import { RemoteRefusal } from "../../sync/remote_refusal.ts";
import type { RemoteRelay } from "../../sync/remote_relay.ts";
import { AUTH_KEY_VARIABLE, readAuthKey } from "../auth_key.ts";
import { jsonObject } from "../command_line/argument_values.ts";
import type { Command } from "../command_line/commander.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { type TimeOptions, withTimeOptions } from "../command_line/time_options.ts";
import { complain } from "../command_line/with_store.ts";
import { withHexKeys } from "../settings/key_text.ts";
import { connectRemote } from "../transfer/remote_connection.ts";

/** Which events, and who asks for them. */
export interface RemoteFlags extends AuthFlags, TimeOptions {
  /** A NIP-01 filter. `since` and `until` replace those in it. */
  readonly filter: JsonObject;
}

/** What {@link RemoteFlags} mean. */
export interface RemoteTask {
  /** For the events of this relay. */
  readonly filter: ReqFilter;
  /** For the other relay. */
  readonly filterJson: JsonObject;
  /** Undefined where nobody is to authenticate. */
  readonly signer: RemoteSigner | undefined;
}

/** Who asks. */
export interface AuthFlags {
  /** A file with the key to authenticate with. */
  readonly authKeyFile?: string;
}

/** Adds `--filter`, `--since`, `--until` and `--auth-key-file` to a command. */
export function withFilterOptions(command: Command): Command {
  command.option(
    "--filter <json>",
    "of the events that this NIP-01 filter matches; keys may be npub1…",
    jsonObject,
    {},
  );
  return withAuthOption(withTimeOptions(command));
}

/** Adds `--auth-key-file` to a command. */
export function withAuthOption(command: Command): Command {
  return command.option(
    "--auth-key-file <file>",
    `a file with the secret key for AUTH, nsec or hex (default: ${AUTH_KEY_VARIABLE})`,
  );
}

/** What the options mean, or what is wrong with them. */
export async function remoteTaskOf(
  flags: RemoteFlags,
  context: Pick<CommandContext, "environment">,
): Promise<RemoteTask | { readonly fault: string }> {
  const { filter: whole, since, until } = flags;
  const filterJson = {
    ...withHexKeys(whole),
    ...since !== undefined && { since },
    ...until !== undefined && { until },
  };
  const filter = parseFilter(filterJson, { maxFilterValues: Infinity, andTags: true });
  if ("prefix" in filter) return { fault: reasonText(filter) };
  const key = await readAuthKey(flags.authKeyFile, context.environment);
  return "fault" in key ? key : { filter, filterJson, signer: key.signer };
}

/** Connects to a relay, runs the work and closes the connection. What that relay refuses is printed. */
export async function withRemote(
  context: CommandContext,
  { url, signer }: { readonly url: string; readonly signer: RemoteSigner | undefined },
  work: (remote: RemoteRelay) => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    const { remote, close } = await connectRemote({ ...context, url, signer });
    return await work(remote).finally(close);
  } catch (error) {
    if (context.stop.aborted) return exitCode.interrupted;
    if (!(error instanceof RemoteRefusal)) throw error;
    return await complain(context, `${url}: ${error.message}`, exitCode.failed);
  }
}
