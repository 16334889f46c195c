/**
 * `gallimimus check`: says whether what is stored is sound.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import { eventId } from "../../nostr/event_id.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import type { Verifier } from "../../nostr/verifier.ts";
import type { EventRecord } from "../../store/event_store.ts";
import { readRecord } from "../../store/feed/feed_statements.ts";
import type { AuditedEvent, AuditPage, TidyStore } from "../../store/write/upkeep.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { print, withStore } from "../command_line/with_store.ts";
import { sha256OfText } from "../system/sha256.ts";
import { createVerifier } from "../verifier.ts";

interface CheckFlags {
  /** False skips signature checks. */
  readonly verify: boolean;
  /** Whether to set right what can be, and to delete what cannot. */
  readonly repair?: boolean;
  readonly json?: boolean;
}

/**
 * How many events are read at once. A relay that is asked hashes their tags, which are thousands for some,
 * on its one thread.
 */
const PAGE_EVENTS = 50;

/** Of how many events with the same fault the ids are shown. */
const MAX_EXAMPLES = 5;

/** How often something is wrong, and the first events of which it is. */
interface Fault {
  count: number;
  readonly examples: string[];
}

/** What was checked, and what is wrong, by what it is. */
export class Findings {
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

/** Adds the command to the program. */
export function defineCheck(program: Command, run: RunCommand): void {
  const command = program.command("check")
    .description("check ids, signatures, columns and tags of all events; 1 if anything is wrong")
    .option("--no-verify", "take signatures on trust (ids are checked all the same)")
    .option("--repair", "write columns and tags anew, and delete what is no event or forged")
    .option("--json", "print one JSON object");
  withSettingOptions(command).action((options: CheckFlags & SettingOptions) =>
    run(options, (context) => checkStore(context, options))
  );
}

/** Checks all events and prints what is wrong. Fails if anything is and was not repaired. */
export async function checkStore(context: CommandContext, flags: CheckFlags): Promise<ExitCode> {
  const { json = false, repair = false } = flags;
  return await withStore(context, async (store) => {
    const findings = await checkEvents(store, context, flags);
    await print(
      context,
      json ? JSON.stringify(findingsJson(findings)) : findingsText(findings, repair),
    );
    return findings.faults.size === 0 || repair ? exitCode.done : exitCode.failed;
  });
}

/** Checks all events of a store, and repairs what is wrong if `repair` is set. */
export async function checkEvents(
  store: TidyStore,
  context: CommandContext,
  { verify, repair = false }: Omit<CheckFlags, "json">,
): Promise<Findings> {
  const { settings, log } = context;
  const verifier = verify ? await createVerifier(settings, log) : undefined;
  try {
    return await new Check(store, verifier, repair).run(context);
  } finally {
    verifier?.close();
  }
}

/** One run through all events. */
class Check {
  readonly #store: TidyStore;
  readonly #verifier: Verifier | undefined;
  readonly #isRepairing: boolean;
  /** What is to be done for the page. One after the other: each keeps all other writers out. */
  readonly #repairs: (() => Promise<void>)[] = [];
  /** Ids of repaired events, which come up again at the end. */
  readonly #repaired = new Set<string>();
  readonly #findings = new Findings();

  constructor(store: TidyStore, verifier: Verifier | undefined, isRepairing: boolean) {
    this.#store = store;
    this.#verifier = verifier;
    this.#isRepairing = isRepairing;
  }

  async run(context: CommandContext): Promise<Findings> {
    const findings = this.#findings;
    const progress = new ProgressLine(context);
    for (let from: number | undefined = 0; from !== undefined;) {
      context.stop.throwIfAborted();
      const page: AuditPage = await this.#store.audit(from, PAGE_EVENTS);
      const events = page.events.filter(({ id }) => !this.#repaired.has(id));
      await Promise.all(events.map((event) => this.#checkEvent(event)));
      for (const repair of this.#repairs.splice(0)) await repair();
      findings.checked += events.length;
      findings.add("tags of no event", "", page.strayTags);
      if (this.#isRepairing && page.strayTags > 0) {
        await this.#store.removeStrayTags(from, page.next);
      }
      from = page.next;
      progress.show(() => `${findings.checked} events checked`);
    }
    await progress.clear();
    return findings;
  }

  async #checkEvent({ id, json, faults }: AuditedEvent): Promise<void> {
    const record = readRecord(json);
    const fault = await this.#faultOf(record?.event);
    if (fault !== undefined) this.#findings.add(fault, id);
    for (const column of faults) this.#findings.add(`column ${column}`, id);
    if (!this.#isRepairing || fault === undefined && faults.length === 0) return;
    this.#repairs.push(() => this.#repair(id, fault === undefined ? record : undefined));
  }

  /** Writes a row anew; deletes it if it has no event. */
  async #repair(id: string, record: EventRecord | undefined): Promise<void> {
    this.#repaired.add(id);
    if (record === undefined) {
      return void await this.#store.erase({ ids: [id], isRemembered: false });
    }
    this.#repaired.add(record.event.id);
    await this.#store.rewrite(id, record);
  }

  async #faultOf(event: NostrEvent | undefined): Promise<string | undefined> {
    if (event === undefined) return "not an event";
    if (!hasItsId(event)) return "wrong id";
    const isSigned = this.#verifier === undefined || await this.#verifier.verify(event);
    return isSigned ? undefined : "wrong signature";
  }
}

function hasItsId(event: NostrEvent): boolean {
  return eventId(event, { hashText: sha256OfText }) === event.id;
}

/** The findings for people. */
export function findingsText({ checked, faults }: Findings, isRepaired: boolean): string {
  const lines = [...faults].map(([what, { count, examples }]) =>
    [`${what}: ${count}`, ...examples.map((id) => `  ${id}`)].join("\n")
  );
  const wrong = isRepaired ? "this was wrong and is repaired:" : "this is wrong:";
  return [`checked ${checked} events, ${faults.size === 0 ? "nothing is wrong" : wrong}`, ...lines]
    .join("\n");
}

/** The findings for machines. */
export function findingsJson({ checked, faults }: Findings): object {
  return { checked, faults: Object.fromEntries(faults) };
}
