/**
 * `gallimimus sync`: brings the store and another relay to the same set of events.
 *
 * @see NIP-77
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import type { NostrEvent } from "../../nostr/event.ts";
import { expirationOf } from "../../nostr/expiration.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { eventJson } from "../../nostr/event_json.ts";
import type { JsonObject } from "../../nostr/json.ts";
import { MIN_MESSAGE_BYTES } from "../../nostr/negentropy/reconcile.ts";
import { isProtected } from "../../relay/access/protected.ts";
import { compare, type Step } from "../../sync/compare.ts";
import { RateLimitRetry } from "../../sync/rate_limit_retry.ts";
import type { RemoteRelay } from "../../sync/remote_relay.ts";
import { batchesOf, fetchEvents, sendEvent } from "../../sync/transfer.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { privateKinds } from "../access/access_policies.ts";
import { relayUrl, wholeNumber } from "../command_line/argument_values.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type Command, InvalidArgumentError } from "../command_line/commander.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain } from "../command_line/with_store.ts";
import { byIds, missingIn, storedEvents } from "../mirrors/mirror_host.ts";
import { sha256 } from "../system/sha256.ts";
import { type RemoteFlags, remoteTaskOf, withFilterOptions, withRemote } from "./remote_options.ts";
import { storeFromRelay } from "./store_from_relay.ts";
import { SyncReport } from "./sync_report.ts";

/** The options of the command. */
export interface SyncFlags extends RemoteFlags {
  /** Which way events are copied. */
  readonly dir: "up" | "down" | "both";
  /** Longest message of a reconciliation to send, bytes. */
  readonly frameSize: number;
  /** Whether events of private kinds are compared too. */
  readonly private: boolean;
  /** Whether to only print the differences. */
  readonly dryRun: boolean;
}

/** Events read or sent at a time. */
const BATCH = 200;

/** As hex in a message, within the limits of all relays. */
const DEFAULT_FRAME_BYTES = 60_000;

/** Adds the command to the program. */
export function defineSync(program: Command, run: RunCommand): void {
  const command = program.command("sync")
    .description("bring the store and another relay to the same events, by negentropy (NIP-77)")
    .argument("<url>", "the other relay, ws:// or wss://", relayUrl)
    .option("--dir <direction>", "up, down or both", direction, "both")
    .option("--frame-size <bytes>", "longest message to send", frameSize, DEFAULT_FRAME_BYTES)
    .option("--private", "private events, too; the other relay shows them only after AUTH", false)
    .option("--dry-run", "say what is missing where, and change nothing", false);
  withSettingOptions(withFilterOptions(command)).action((
    url: string,
    options: SyncFlags & SettingOptions,
  ) => run(options, (context) => sync(context, url, options)));
}

/** Compares, downloads the events missing here and uploads those missing there. */
export async function sync(
  context: CommandContext,
  url: string,
  flags: SyncFlags,
): Promise<ExitCode> {
  const { settings } = context;
  const task = await remoteTaskOf(flags, context);
  if ("fault" in task) return await complain(context, task.fault);
  const { filter, filterJson, signer } = task;
  // With a limit, the events that both sides compare would be others.
  if (filter.limit !== undefined) {
    return await complain(context, "a filter with a limit cannot be compared");
  }
  const store = await context.openStore();
  const report = new SyncReport(flags, context);
  try {
    return await withRemote(context, { url, signer }, async (remote) => {
      const kinds = flags.private ? new Set<number>() : privateKinds(settings);
      const job = { context, flags, filter, filterJson, kinds, store, remote, report };
      const work = new SyncJob(job).run();
      const tally = await storeFromRelay(work, { context, store, url }).finally(() =>
        report.clear()
      );
      await report.end(tally);
      return exitCode.done;
    });
  } finally {
    await store.close();
  }
}

/** What one run works with. */
interface SyncJobOptions {
  readonly context: CommandContext;
  readonly flags: SyncFlags;
  readonly filter: ReqFilter;
  readonly filterJson: JsonObject;
  /** The kinds that are left out. */
  readonly kinds: ReadonlySet<number>;
  readonly store: TidyStore;
  readonly remote: RemoteRelay;
  readonly report: SyncReport;
}

/** One run of the command: compares, sends what is missing there and gives what is missing here. */
class SyncJob {
  readonly #options: SyncJobOptions;
  readonly #retry: RateLimitRetry;

  constructor(options: SyncJobOptions) {
    const { context: { clock, random, stop }, report } = options;
    this.#options = options;
    const onWait = (pauseMs: number) => report.waits(pauseMs);
    this.#retry = new RateLimitRetry({ clock, random, signal: stop, onWait });
  }

  /** The lines of events that are missing here. */
  async *run(): AsyncGenerator<Uint8Array, void> {
    const { context: { stop }, flags, filter, filterJson, kinds, store, remote, report } =
      this.#options;
    const reader = { privateKinds: kinds, keys: new Set<string>() };
    const steps = compare({
      ...{ remote, filter, filterJson, sha256, signal: stop, maxMessageBytes: flags.frameSize },
      local: {
        identify: (range, signal) => store.identify([{ ...filter, ...range }], { reader, signal }),
      },
      withRetry: (work) => this.#retry.run(work),
      onPaging: (why) => report.pages(why),
    });
    for await (const step of steps) {
      report.malformed(step.malformed);
      if (step.partialSecond !== undefined) report.isPartial(step.partialSecond);
      const have = [...step.have];
      const { need, events } = await this.#missingHere(step);
      report.differ(need.length + events.length, have.length);
      if (flags.dryRun) continue;
      if (flags.dir !== "up") {
        for (const event of events) yield this.#line(eventJson(event));
        yield* this.#fetch(need);
      }
      if (flags.dir !== "down") await this.#send(have);
    }
  }

  /** Leaves out what is here: private events are not compared, and pages hold what both have. */
  async #missingHere({ need, events }: Step): Promise<{
    readonly need: readonly string[];
    readonly events: Step["events"];
  }> {
    const { store, context: { stop: signal } } = this.#options;
    const missing = new Set<string>();
    const ids = [...need, ...events.map(({ id }) => id)];
    for (const batch of batchesOf(ids, BATCH)) {
      for (const id of await missingIn(store, batch, { signal })) missing.add(id);
    }
    return {
      need: [...need].filter((id) => missing.has(id)),
      events: events.filter(({ id }) => missing.has(id)),
    };
  }

  async *#fetch(ids: readonly string[]): AsyncGenerator<Uint8Array, void> {
    const { remote, report } = this.#options;
    for await (
      const { events, malformed } of fetchEvents(ids, { remote, retry: this.#retry })
    ) {
      report.malformed(malformed);
      for (const event of events) yield this.#line(eventJson(event));
    }
  }

  #line(json: string): Uint8Array {
    this.#options.report.fetched();
    return utf8(`${json}\n`);
  }

  async #send(ids: Iterable<string>): Promise<void> {
    const { store, context: { stop: signal, clock } } = this.#options;
    for (const batch of batchesOf(ids, BATCH)) {
      const sending: Promise<void>[] = [];
      for await (const events of storedEvents(store, byIds(batch), { signal })) {
        const nowS = clock.nowMs() / 1_000;
        sending.push(...events.map((event) => this.#sendEvent(event, nowS)));
      }
      await Promise.all(sending);
    }
  }

  async #sendEvent(event: NostrEvent, nowS: number): Promise<void> {
    const { remote, report } = this.#options;
    // NIP-70: these are published by their authors alone.
    if (isProtected(event.tags)) return report.sent({ refused: "protected, not sent" });
    if ((expirationOf(event) ?? Infinity) <= nowS) return;
    report.sent(await sendEvent(event, { remote, retry: this.#retry }));
  }
}

function direction(text: string): string {
  if (["up", "down", "both"].includes(text)) return text;
  throw new InvalidArgumentError("Expected up, down or both.");
}

function frameSize(text: string): number {
  const bytes = wholeNumber(text);
  if (bytes >= MIN_MESSAGE_BYTES && bytes <= 1_000_000) return bytes;
  throw new InvalidArgumentError(`Expected ${MIN_MESSAGE_BYTES} to 1000000.`);
}
