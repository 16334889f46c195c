/**
 * Stores events from JSON Lines in batches, with bounded memory.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { parseJson } from "../../nostr/json.ts";
import { parseEvent } from "../../nostr/parse_event.ts";
import { reasonText } from "../../nostr/reason.ts";
import { BAD_SIGNATURE, check, type Checked, type Refusal } from "../../relay/acceptance/check.ts";
import type { Access } from "../../relay/access/access.ts";
import type { Verifier } from "../../nostr/verifier.ts";
import type { EventRecord, PutOutcome } from "../../store/event_store.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { EventSplitter } from "./event_splitter.ts";
import type { Line } from "./json_lines.ts";
import { sha256OfText } from "../system/sha256.ts";

/**
 * The most lines, and about the most characters, of one batch; a single line may be longer. Batches of
 * 1,600 lines took 40 MB more than these, four of 4,000 lines 430 MB more than none, and neither was
 * written much faster. The second limit is there for long lines: an event with many tags takes many
 * times as much memory as its line.
 */
const BATCH_LINES = 1_000;
const BATCH_CHARACTERS = 1_048_576;

/**
 * While one batch is written, others are parsed and their signatures checked: at most so many, of so many
 * characters together. A batch with a line that is longer than that is imported alone.
 */
const BATCHES_IN_FLIGHT = 3;
const CHARACTERS_IN_FLIGHT = 4_194_304;

/** Lines parsed before the event loop gets a turn, so that pending writes continue. */
const LINES_PER_TURN = 200;

/** How many refused lines are kept as examples. */
const MAX_EXAMPLES = 5;

interface ImportOptions {
  readonly store: Pick<TidyStore, "put" | "restore" | "maxBatchEvents">;
  /** Whether events that the operator deleted are stored again. Default: no. */
  readonly undelete?: boolean | undefined;
  /** Undefined skips signature checks. */
  readonly verifier: Verifier | undefined;
  /** The policies that apply besides id and signature. */
  readonly access: Pick<Access, "screen" | "event">;
  /** Where the events come from. Default: an operator's file. */
  readonly origin?: "import" | "sync";
  /** The URL of the relay that they come from, for the origin `sync`. */
  readonly from?: string;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
  /** Events that are older or newer are passed over. Seconds since 1970, inclusive. Default: none. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Called after each batch. */
  readonly onProgress?: (tally: ImportTally) => void;
}

/** What {@link importEvents} needs. */
export interface TextImportOptions extends ImportOptions {
  /** Longer lines are refused. */
  readonly maxLineBytes: number;
}

interface RefusedLine {
  readonly number: number;
  readonly reason: string;
}

/** The counts so far. */
export interface ImportTally extends Readonly<Record<PutOutcome, number>> {
  /** Events that were passed over for their time. */
  readonly skipped: number;
  /** Refused lines by reason. */
  readonly refused: ReadonlyMap<string, number>;
  /** The refused lines with the lowest numbers. */
  readonly examples: readonly RefusedLine[];
}

/**
 * Stores the events in `pieces`: JSON objects or messages `["EVENT",…]`, one a line, or arrays of objects.
 * Refused and counted are lines that are
 * no event, have a wrong id or (unless skipped) a wrong signature, ephemeral events, and what a
 * policy refuses.
 *
 * Rejects with an error of the stream or the store; what was stored until then stays.
 */
export function importEvents(
  pieces: AsyncIterable<Uint8Array>,
  options: TextImportOptions,
): Promise<ImportTally> {
  return importLines(linesOf(pieces, options.maxLineBytes), options);
}

/** As {@link importEvents}, of texts that are split already: an event each. */
export async function importLines(
  lines: AsyncIterable<readonly Line[]>,
  options: ImportOptions,
): Promise<ImportTally> {
  const tally = new Tally();
  const inFlight = new InFlight();
  try {
    for await (const batch of batchesOf(lines, options.store)) {
      await inFlight.start(batch.characters, async () => {
        await importBatch(batch.lines, options, tally);
        options.onProgress?.(tally);
      });
    }
  } finally {
    await inFlight.finish();
  }
  return tally;
}

/**
 * Splits what {@link importEvents} takes into one text each.
 *
 * @param stop when it aborts, the pieces have ended anywhere: what they left incomplete is no line
 */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
  stop?: AbortSignal,
): AsyncGenerator<readonly Line[]> {
  const splitter = new EventSplitter(maxLineBytes);
  for await (const piece of pieces) yield splitter.push(piece);
  if (stop?.aborted !== true) yield splitter.end();
}

/** Lines that are stored together. */
interface Batch {
  readonly lines: readonly Line[];
  readonly characters: number;
}

/** Gathers lines to batches large enough for a round trip to the store. */
async function* batchesOf(
  read: AsyncIterable<readonly Line[]>,
  { maxBatchEvents = Infinity }: ImportOptions["store"],
): AsyncGenerator<Batch> {
  const batchLines = Math.min(BATCH_LINES, maxBatchEvents);
  let lines: Line[] = [];
  let characters = 0;
  for await (const piece of read) {
    for (const line of piece) {
      lines.push(line);
      characters += "text" in line ? line.text.length : 0;
      if (lines.length < batchLines && characters < BATCH_CHARACTERS) continue;
      yield { lines, characters };
      lines = [];
      characters = 0;
    }
  }
  if (lines.length > 0) yield { lines, characters };
}

async function importBatch(
  lines: readonly Line[],
  options: ImportOptions,
  tally: Tally,
): Promise<void> {
  const reading: Promise<EventRecord | undefined>[] = [];
  for (const [place, line] of lines.entries()) {
    if (place % LINES_PER_TURN === 0) await new Promise(setImmediate);
    reading.push(readVerified(line, options, tally));
  }
  const batch = (await Promise.all(reading)).filter((record) => record !== undefined);
  if (batch.length === 0) return;
  if (options.undelete === true) await options.store.restore(batch.map(({ event }) => event.id));
  for (const outcome of await options.store.put(batch)) tally[outcome]++;
}

async function readVerified(
  line: Line,
  options: ImportOptions,
  tally: Tally,
): Promise<EventRecord | undefined> {
  const checked = readRecord(line, options);
  if (checked === undefined) return void tally.skipped++;
  if (typeof checked === "string") return tally.refuse(line.number, checked);
  const { verifier, access } = options;
  const { record, submission } = checked;
  if (verifier !== undefined && !await verifier.verify(record.event)) {
    return tally.refuse(line.number, reasonText(BAD_SIGNATURE.refusal));
  }
  const decision = await access.event(submission);
  if (decision === undefined) return record;
  const why = decision === "shadow" ? "blocked: a policy drops it" : reasonText(decision);
  return tally.refuse(line.number, why);
}

/** The event on a line, or why it is refused; undefined for one that is passed over. */
function readRecord(
  line: Line,
  options: ImportOptions,
): Exclude<Checked, Refusal> | string | undefined {
  const { access, nowMs, origin = "import", from, since = 0, until = Infinity } = options;
  if ("fault" in line) return `invalid: ${line.fault}`;
  const value = parseJson(line.text);
  if (value === undefined) return "invalid: not JSON";
  const event = parseEvent(eventIn(value));
  if ("reason" in event) return reasonText(event.reason);
  if (event.created_at < since || event.created_at > until) return undefined;
  const checked = check(event, { origin, from, access, nowMs, hashText: sha256OfText });
  return "record" in checked ? checked : reasonText(checked.refusal);
}

/** Of a message of NIP-01 it is the last element: tools that record what relays send write such. */
function eventIn(value: unknown): unknown {
  return Array.isArray(value) && value[0] === "EVENT" ? value.at(-1) : value;
}

class Tally implements ImportTally {
  stored = 0;
  duplicate = 0;
  superseded = 0;
  deleted = 0;
  skipped = 0;
  readonly refused = new Map<string, number>();
  readonly examples: RefusedLine[] = [];

  refuse(number: number, reason: string): undefined {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
    // Batches overlap, so a later line may be refused before an earlier one.
    this.examples.push({ number, reason });
    this.examples.sort((left, right) => left.number - right.number);
    if (this.examples.length > MAX_EXAMPLES) this.examples.pop();
  }
}

/** Runs a few batches at once. After a failure no more are started. */
class InFlight {
  readonly #running: { readonly characters: number; readonly done: Promise<void> }[] = [];
  /** Of all that run. */
  #characters = 0;
  #failure: { readonly error: unknown } | undefined;

  /** Starts `task` once there is room for a batch of so many characters. Rejects if an earlier one failed. */
  async start(characters: number, task: () => Promise<void>): Promise<void> {
    while (!this.#hasRoom(characters)) {
      const oldest = this.#running.shift()!;
      await oldest.done;
      this.#characters -= oldest.characters;
    }
    this.#throwFailure();
    this.#characters += characters;
    const done = task().catch((error: unknown) => {
      this.#failure ??= { error };
    });
    this.#running.push({ characters, done });
  }

  #hasRoom(characters: number): boolean {
    const { length } = this.#running;
    if (length === 0) return true;
    return length < BATCHES_IN_FLIGHT && this.#characters + characters <= CHARACTERS_IN_FLIGHT;
  }

  /** Waits for all. Rejects if one failed. */
  async finish(): Promise<void> {
    await Promise.all(this.#running.map(({ done }) => done));
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
