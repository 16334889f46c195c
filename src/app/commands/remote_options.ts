/**
 * The options of the commands that talk to other relays.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../nostr/json.ts";
import { parseFilter } from "../../nostr/parse_filter.ts";
import { reasonText } from "../../nostr/reason.ts";
import type { RemoteSigner } from "../../sync/authentication.ts";
import { AUTH_KEY_VARIABLE, readAuthKey } from "../auth_key.ts";
import { type Command, InvalidArgumentError } from "../command_line/commander.ts";
import type { CommandContext } from "../command_line/command_context.ts";

/** Which events, and who asks for them. */
export interface RemoteFlags extends AuthFlags {
  /** A NIP-01 filter. */
  readonly filter: JsonObject;
  /** Seconds since 1970; they replace those of the filter. */
  readonly since?: number;
  readonly until?: number;
}

/** Who asks. */
export interface AuthFlags {
  /** A file with the key to authenticate with. */
  readonly authKeyFile?: string;
}

/** Adds `--filter`, `--since`, `--until` and `--auth-key-file` to a command. */
export function withFilterOptions(command: Command): Command {
  return withAuthOption(
    command
      .option("--filter <json>", "of the events that this NIP-01 filter matches", jsonObject, {})
      .option("--since <seconds>", "not older than this, in seconds since 1970", wholeNumber)
      .option("--until <seconds>", "not newer than this, in seconds since 1970", wholeNumber),
  );
}

/** Adds `--auth-key-file` to a command. */
export function withAuthOption(command: Command): Command {
  return command.option(
    "--auth-key-file <file>",
    `a file with the secret key for AUTH, nsec or hex (default: ${AUTH_KEY_VARIABLE})`,
  );
}

/** The filter for the other relay and for this one, or what is wrong with it. */
export function filterOf(
  { filter: whole, since, until }: RemoteFlags,
): { readonly filter: ReqFilter; readonly filterJson: JsonObject } | { readonly fault: string } {
  const filterJson = {
    ...whole,
    ...since !== undefined && { since },
    ...until !== undefined && { until },
  };
  const filter = parseFilter(filterJson, { maxFilterValues: Infinity, andTags: true });
  return "prefix" in filter ? { fault: reasonText(filter) } : { filter, filterJson };
}

/** The key that the options or the environment name, or what is wrong with it. */
export function signerOf(
  { authKeyFile }: AuthFlags,
  { environment }: Pick<CommandContext, "environment">,
): Promise<{ readonly signer: RemoteSigner | undefined } | { readonly fault: string }> {
  return readAuthKey(authKeyFile, environment);
}

/** Parses a number of seconds or bytes. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Expected a whole number.");
  return Number(text);
}

function jsonObject(text: string): JsonObject {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new InvalidArgumentError("Expected a JSON object.");
  return value;
}
