/**
 * `gallimimus ban`, `unban`, `allow`, `disallow`, `list`, `reports` and `audit`: changes and shows
 * the moderation rules through the methods of the management API.
 *
 * @see NIP-86
 * @module
 */

import { canonicalIp } from "../../net/address/ip_address.ts";
import { isKey } from "../../nostr/hex.ts";
import { MAX_KIND } from "../../nostr/parse_event.ts";
import { Management } from "../../relay/access/management.ts";
import { RuleBook } from "../../relay/access/rules.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import type { Command } from "../command_line/commander.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { readPublicKey } from "../settings/key_text.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain, print, withStore } from "../command_line/with_store.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";

/** The types of value that a rule can name. */
type Subject = "key" | "event" | "ip" | "kind";

/** The method of the management API for each verb and type of value. */
const VERBS: Readonly<Record<string, Readonly<Partial<Record<Subject, string>>>>> = {
  ban: { key: "banpubkey", event: "banevent", ip: "blockip" },
  unban: { key: "unbanpubkey", event: "unbanevent", ip: "unblockip" },
  allow: { key: "allowpubkey", event: "allowevent", kind: "allowkind" },
  disallow: { key: "unallowpubkey", kind: "disallowkind" },
};

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  ban: "ban a public key, an IP address or an event",
  unban: "lift a ban",
  allow: "make a public key a member, let a reported event stay, or allow a kind and no others",
  disallow: "end a membership, or ban a kind",
};

/** The author of command line changes in the audit log. */
const WHO = "command line";

/** The number of audit log entries shown. */
const MAX_LOG = 1_000;

interface ChangeFlags {
  /** Whether 64 hex digits are a public key. */
  readonly key?: boolean;
  /** Whether 64 hex digits are an event id. */
  readonly event?: boolean;
  readonly reason?: string;
}

/** A change to the rules, as asked for on the command line. */
export interface Change extends ChangeFlags {
  /** A key of {@link VERBS}. */
  readonly verb: string;
  readonly what: string;
}

/** Adds the commands to the program. */
export function defineModeration(program: Command, run: RunCommand): void {
  for (const [verb, methods] of Object.entries(VERBS)) {
    const command = program.command(verb)
      .description(`${DESCRIPTIONS[verb]}; relays that run take it over`)
      .argument(
        "<what>",
        Object.keys(methods).map((subject) => NAMES[subject as Subject]).join(", "),
      )
      .option("--reason <text>", "why, for people");
    if (methods.event !== undefined) {
      command.option("--key", "the 64 hex digits are a public key")
        .option("--event", "the 64 hex digits are the id of an event");
    }
    withSettingOptions(command).action((what: string, flags: ChangeFlags & SettingOptions) =>
      run(flags, (context) => change(context, { ...flags, verb, what }))
    );
  }
  const show = (name: string, description: string, work: typeof listRules) =>
    withSettingOptions(program.command(name).description(description))
      .action((options: SettingOptions) => run(options, work));
  show("list", "show the rules: the list, the value and the reason, parted by tabs", listRules);
  show("reports", "show reported events that nobody has decided about (NIP-56)", listReports);
  show("audit", `show who changed which rule and when, the newest ${MAX_LOG} first`, listChanges);
}

const NAMES: Readonly<Record<Subject, string>> = {
  key: "a public key (npub1…, or hex with --key)",
  event: "an id (hex) with --event",
  ip: "an IP address",
  kind: "a kind",
};

/** Changes a rule, or reports what is wrong with the value. */
export async function change(context: CommandContext, asked: Change): Promise<ExitCode> {
  const { verb, reason = "" } = asked;
  const read = readChange(asked);
  if ("error" in read) return await complain(context, `${verb}: ${read.error}`);
  const { method, value } = read;
  return await withStore(context, async (store) => {
    const answer = await (await managementOf(store, context)).call(method, [value, reason], WHO);
    if ("error" in answer) {
      return await complain(context, `${verb}: ${answer.error}`, exitCode.failed);
    }
    await print(context, `done: ${verb} ${value}`);
    return exitCode.done;
    // Rules may be set before the relay starts for the first time.
  }, { mustExist: false });
}

/** Prints all rules. */
export function listRules(context: CommandContext): Promise<ExitCode> {
  return withStore(context, async (store) => {
    for (const { list, value, reason } of await store.rules()) {
      await print(context, [list, value, inOneLine(reason)].join("\t"));
    }
    return exitCode.done;
  });
}

/** Prints the result of `listeventsneedingmoderation`. */
export function listReports(context: CommandContext): Promise<ExitCode> {
  return withStore(context, async (store) => {
    const management = await managementOf(store, context);
    const answer = await management.call("listeventsneedingmoderation", [], WHO);
    const reports = "result" in answer
      ? answer.result as readonly { readonly id: string; readonly reason: string }[]
      : [];
    for (const { id, reason } of reports) {
      await print(context, `${id}\t${inOneLine(reason)}`);
    }
    return exitCode.done;
  });
}

/** Prints the audit log. */
export function listChanges(context: CommandContext): Promise<ExitCode> {
  return withStore(context, async (store) => {
    for (const { atS, who, list, value, before, reason } of await store.ruleLog(MAX_LOG)) {
      const time = new Date(atS * 1_000).toISOString();
      const line = [time, who, list, value, stateOf(before), stateOf(reason)].join("\t");
      await print(context, line);
    }
    return exitCode.done;
  });
}

/** A rule's state before or after a change. */
function stateOf(reason: string | undefined): string {
  return reason === undefined ? "not set" : `set: ${inOneLine(reason)}`;
}

async function managementOf(store: TidyStore, { clock }: CommandContext): Promise<Management> {
  const rules = new RuleBook(await store.rules());
  return new Management({ rules, store, clock, readIp: canonicalIp, onChanged: () => {} });
}

/** The method and its first parameter, or a usage error. */
function readChange(
  { verb, what, key = false, event = false, reason = "" }: Change,
): { readonly method: string; readonly value: string | number } | { readonly error: string } {
  const methods = VERBS[verb]!;
  if (key && event) return { error: "--key and --event contradict each other" };
  const isHexDigits = isKey(what);
  if (isHexDigits && methods.event !== undefined && !key && !event) {
    return { error: "64 hex digits may be a key or an event: add --key or --event" };
  }
  if (event && !isHexDigits) return { error: "the id of an event is 64 lower-case hex digits" };
  const [subject, value] = event ? ["event", what] as const : readSubject(what);
  const method = subject && methods[subject];
  if (method === undefined || value === undefined) {
    const expected = Object.keys(methods).map((subject) => NAMES[subject as Subject]).join(", or ");
    return { error: `expected ${expected}, not ${what}` };
  }
  // Removing an entry stores no reason.
  if (reason !== "" && method.startsWith("un")) return { error: "no reason is kept for this" };
  return { method, value };
}

/** The type of a value, and the value in the form that the management API takes. */
function readSubject(what: string): readonly [Subject?, (string | number)?] {
  const key = readPublicKey(what);
  if (key !== undefined) return ["key", key];
  const ip = canonicalIp(what);
  if (ip !== undefined) return ["ip", ip];
  const kind = /^\d{1,5}$/.test(what) ? Number(what) : Infinity;
  return kind <= MAX_KIND ? ["kind", kind] : [];
}

/** Reasons come from others: strips control characters that could drive the terminal. */
function inOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, " ");
}
