/**
 * `gallimimus sync`: brings the store and another relay to the same set of events.
 *
 * @see NIP-77
 * @module
 */

import { type Command, InvalidArgumentError } from "../command_line/commander.ts";
import { utf8, utf8Decode } from "../../base/bytes.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../nostr/json.ts";
import { parseFilter } from "../../nostr/parse_filter.ts";
import { reasonText } from "../../nostr/reason.ts";
import { connectWebSocket, defaultClientLimits } from "../../net/client/websocket_client.ts";
import type { Connection } from "../../net/connection.ts";
import { Access } from "../../relay/access/access.ts";
import { RuleBook } from "../../relay/access/rules.ts";
import { difference } from "../../sync/difference.ts";
import { RemoteRefusal, RemoteRelay } from "../../sync/remote_relay.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { privateKinds, relayPolicies } from "../access/access_policies.ts";
import { memberDomainsOf } from "../access/member_domains.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { importEvents, type ImportTally } from "../transfer/import_events.ts";
import { bannedPatternsOf } from "../settings/banned_patterns.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { sha256 } from "../system/sha256.ts";
import { createVerifier } from "../verifier.ts";

/** The options of the command. */
export interface SyncFlags {
  /** Which way events are copied. */
  readonly dir: "up" | "down" | "both";
  /** A NIP-01 filter for the events to compare. */
  readonly filter: JsonObject;
  /** Whether events of private kinds are compared too. */
  readonly private: boolean;
  /** Whether to only print the differences. */
  readonly dryRun: boolean;
}

/** How long the other relay may send nothing, milliseconds. */
const TIMEOUT_MS = 30_000;

/** Events fetched or sent at a time. */
const BATCH = 200;

/**
 * Adds the command to the program.
 */
export function defineSync(program: Command, run: RunCommand): void {
  const command = program.command("sync")
    .description("bring the store and another relay to the same events, by negentropy (NIP-77)")
    .argument("<url>", "the other relay, ws:// or wss://")
    .option("--dir <direction>", "up, down or both", direction, "both")
    .option("--filter <json>", "of the events that this NIP-01 filter matches", jsonObject, {})
    .option("--private", "private events, too; the other relay shows them only after AUTH", false)
    .option("--dry-run", "say what is missing where, and change nothing", false);
  withSettingOptions(command).action((url: string, options: SyncFlags & SettingOptions) =>
    run(options, (context) => sync(context, url, options))
  );
}

/** Compares, downloads the events missing here and uploads those missing there. */
export async function sync(
  context: CommandContext,
  url: string,
  flags: SyncFlags,
): Promise<ExitCode> {
  const { streams, stop } = context;
  const say = (line: string) => streams.stdout.write(utf8(`${line}\n`));
  const filter = parseFilter(flags.filter, { maxFilterValues: Infinity, andTags: true });
  if ("prefix" in filter) {
    await streams.stderr.write(utf8(`gallimimus: ${reasonText(filter)}\n`));
    return exitCode.misused;
  }
  const store = await context.openStore();
  try {
    const { remote, connection } = await connect(url, context);
    try {
      const kinds = flags.private ? new Set<number>() : privateKinds(context.settings);
      const { have, need } = await difference({
        ...{ store, remote, filter, sha256, signal: stop },
        filterJson: flags.filter,
        reader: { privateKinds: kinds, keys: new Set() },
      });
      await say(`missing here ${need.size}, missing there ${have.size}`);
      if (flags.dryRun) return exitCode.done;
      if (flags.dir !== "up") await say(await fetchMissing(need, remote, { context, store }));
      if (flags.dir !== "down") await say(await sendMissing(have, remote, store));
      return exitCode.done;
    } finally {
      connection.close(1000, "done");
    }
  } catch (error) {
    if (stop.aborted) return exitCode.interrupted;
    if (!(error instanceof RemoteRefusal)) throw error;
    await streams.stderr.write(utf8(`gallimimus: ${url}: ${error.message}\n`));
    return exitCode.failed;
  } finally {
    await store.close();
  }
}

async function connect(
  url: string,
  { clock, log, random, stop }: CommandContext,
): Promise<{ readonly remote: RemoteRelay; readonly connection: Connection }> {
  try {
    const limits = { ...defaultClientLimits, maxMessageBytes: 4 * 1_048_576 };
    const { connection } = await connectWebSocket(url, { clock, log, random, limits });
    const remote = new RemoteRelay(connection, clock, TIMEOUT_MS);
    connection.start({
      messages: (batch) => {
        for (const message of batch) if (message.type === "text") remote.receive(message.text);
      },
      drained() {},
      closed: ({ reason, cause }) =>
        remote.disconnected(`the connection ended: ${reason || cause}`),
    });
    stop.addEventListener("abort", () => remote.disconnected("interrupted"), { once: true });
    return { remote, connection };
  } catch (error) {
    throw new RemoteRefusal(error instanceof Error ? error.message : String(error));
  }
}

/** Downloads events and stores them as an import does, under the relay's policies. */
async function fetchMissing(
  ids: ReadonlySet<string>,
  remote: RemoteRelay,
  { context, store }: { readonly context: CommandContext; readonly store: TidyStore },
): Promise<string> {
  const { settings, clock, log } = context;
  const lines = async function* () {
    for (const batch of batchesOf(ids)) {
      for (const json of await remote.fetch(batch)) yield utf8(`${json}\n`);
    }
  };
  const verifier = await createVerifier(settings.signatures, log);
  const domains = memberDomainsOf(settings);
  try {
    await domains?.start({ clock, log, fetch });
    const policies = relayPolicies({
      ...{ settings, clock, domains },
      rules: new RuleBook(await store.rules()),
      isBannedText: await bannedPatternsOf(settings),
    });
    const { policy_timeout_ms: policyTimeoutMs } = settings.access;
    const tally = await importEvents(lines(), {
      ...{ store, verifier },
      access: new Access({ policies, clock, log, policyTimeoutMs }),
      origin: "sync",
      nowMs: clock.nowMs(),
      maxLineBytes: settings.limits.max_message_bytes,
    });
    return `fetched: ${countsOf(tally)}`;
  } finally {
    domains?.close();
    verifier.close();
  }
}

function countsOf({ stored, duplicate, superseded, deleted, refused }: ImportTally): string {
  const reasons = [...refused].map(([reason, count]) => `\n  refused ${count}: ${reason}`);
  return `stored ${stored}, duplicate ${duplicate}, superseded ${superseded}, deleted ${deleted}` +
    reasons.join("");
}

async function sendMissing(
  ids: ReadonlySet<string>,
  remote: RemoteRelay,
  store: TidyStore,
): Promise<string> {
  const refused = new Map<string, number>();
  let accepted = 0;
  for (const batch of batchesOf(ids)) {
    const answers: Promise<void>[] = [];
    for await (const rows of store.query([{ ids: new Set(batch), tags: new Map() }])) {
      answers.push(...rows.map(async ({ id, json }) => {
        const answer = await remote.publish(id, utf8Decode(json)!);
        if (answer.accepted) accepted++;
        else refused.set(answer.reason, (refused.get(answer.reason) ?? 0) + 1);
      }));
    }
    await Promise.all(answers);
  }
  const reasons = [...refused].map(([reason, count]) => `\n  refused ${count}: ${reason}`);
  return `sent: accepted ${accepted}${reasons.join("")}`;
}

function* batchesOf(ids: Iterable<string>): Generator<readonly string[]> {
  const all = [...ids];
  for (let start = 0; start < all.length; start += BATCH) yield all.slice(start, start + BATCH);
}

function direction(text: string): string {
  if (["up", "down", "both"].includes(text)) return text;
  throw new InvalidArgumentError("Expected up, down or both.");
}

function jsonObject(text: string): JsonObject {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new InvalidArgumentError("Expected a JSON object.");
  return value;
}
