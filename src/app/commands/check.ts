/**
 * `gallimimus check`: says whether what is stored is sound.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import { utf8 } from "../../base/bytes.ts";
import { eventId } from "../../nostr/event_id.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { Verifier } from "../../nostr/verifier.ts";
import { readRecord } from "../../store/feed/feed_statements.ts";
import type { AuditedEvent, TidyStore } from "../../store/write/upkeep.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { print, withStore } from "../command_line/with_store.ts";
import { sha256OfText } from "../system/sha256.ts";
import { createVerifier } from "../verifier.ts";

/** The options of the command. */
export interface CheckFlags {
  /** False skips signature checks. */
  readonly verify: boolean;
  readonly json?: boolean;
}

/** How many events are read at once; each may be as long as `limits.max_event_bytes`. */
const PAGE_EVENTS = 200;

/** Of how many events with the same fault the ids are shown. */
const MAX_EXAMPLES = 5;

/** How often something is wrong, and the first events of which it is. */
interface Fault {
  count: number;
  readonly examples: string[];
}

/** What was checked, and what is wrong, by what it is. */
class Findings {
  checked = 0;
  readonly faults = new Map<string, Fault>();

  /** @param id of the event; empty if it is none. */
  add(what: string, id: string, count = 1): void {
    if (count === 0) return;
    const fault = this.faults.get(what) ?? { count: 0, examples: [] };
    this.faults.set(what, fault);
    fault.count += count;
    if (id !== "" && fault.examples.length < MAX_EXAMPLES) fault.examples.push(id);
  }
}

/**
 * Adds the command to the program.
 */
export function defineCheck(program: Command, run: RunCommand): void {
  const command = program.command("check")
    .description("check ids, signatures, columns and tags of all events; 1 if anything is wrong")
    .option("--no-verify", "take signatures on trust (ids are checked all the same)")
    .option("--json", "print one JSON object");
  withSettingOptions(command).action((options: CheckFlags & SettingOptions) =>
    run(options, (context) => checkStore(context, options))
  );
}

/** Checks all events, prints what is wrong, and fails if anything is. Nothing is changed. */
export async function checkStore(
  context: CommandContext,
  { verify, json = false }: CheckFlags,
): Promise<ExitCode> {
  return await withStore(context, async (store) => {
    const { settings, log } = context;
    const verifier = verify ? await createVerifier(settings.signatures, log) : undefined;
    try {
      const findings = await check(store, verifier, context);
      await print(context, json ? jsonOf(findings) : textOf(findings));
      return findings.faults.size === 0 ? exitCode.done : exitCode.failed;
    } finally {
      verifier?.close();
    }
  });
}

async function check(
  store: TidyStore,
  verifier: Verifier | undefined,
  { stop, streams }: CommandContext,
): Promise<Findings> {
  const findings = new Findings();
  for (let from: number | undefined = 0; from !== undefined;) {
    stop.throwIfAborted();
    const { events, strayTags, next } = await store.audit(from, PAGE_EVENTS);
    await Promise.all(events.map((event) => checkEvent(event, verifier, findings)));
    findings.add("tags of no event", "", strayTags);
    from = next;
    if (streams.stderr.isTerminal) {
      await streams.stderr.write(utf8(`\r\x1b[K${findings.checked} events checked\r`));
    }
  }
  return findings;
}

async function checkEvent(
  { id, json, faults }: AuditedEvent,
  verifier: Verifier | undefined,
  findings: Findings,
): Promise<void> {
  findings.checked++;
  const event = readRecord(json)?.event;
  if (event === undefined) return findings.add("not an event", id);
  for (const column of faults) findings.add(`column ${column}`, id);
  if (!hasItsId(event)) return findings.add("wrong id", id);
  if (verifier !== undefined && !await verifier.verify(event)) findings.add("wrong signature", id);
}

function hasItsId(event: NostrEvent): boolean {
  return eventId(event, { hashText: sha256OfText }) === event.id;
}

function textOf({ checked, faults }: Findings): string {
  const lines = [...faults].map(([what, { count, examples }]) =>
    [`${what}: ${count}`, ...examples.map((id) => `  ${id}`)].join("\n")
  );
  const verdict = faults.size === 0 ? "nothing is wrong" : "this is wrong:";
  return [`checked ${checked} events, ${verdict}`, ...lines].join("\n");
}

function jsonOf({ checked, faults }: Findings): string {
  return JSON.stringify({ checked, faults: Object.fromEntries(faults) });
}
