/**
 * Negentropy: finds the difference of two sets of events in a few small messages.
 *
 * The initiator sends the first message. Each message covers all time in ranges; for each range it
 * has a skip, a fingerprint of the sender's items, or their ids. A range whose fingerprints differ
 * is split, until ids are listed. Only the initiator learns the difference.
 *
 * @see https://github.com/hoytech/negentropy/blob/master/docs/negentropy-protocol-v1.md
 * @module
 */

import { assert } from "../../base/assert.ts";
import { bytesToHex } from "../hex.ts";
import { type Bound, ID_BYTES, INFINITY, type ItemSet } from "./item_set.ts";
import { type Items, sumOf, WORDS } from "./items.ts";
import {
  boundBetween,
  FINGERPRINT_BYTES,
  MAX_VARINT_BYTES,
  MessageFault,
  MessageReader,
  MessageWriter,
  MODE,
  VERSION,
  writeVarint,
} from "./message.ts";

/** Options of reconciliation. */
export interface ReconcileOptions {
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** Longest message to send, bytes; at least 4,096. Default: no limit. */
  readonly maxMessageBytes?: number;
  /** How many slices are read for a message at most, before the rest of it is put off. Default: no limit. */
  readonly maxSlices?: number;
  /**
   * After how many fingerprints {@link answerInSteps} yields no slices, so that others get their turn. Default:
   * never.
   */
  readonly turnFingerprints?: number;
}

/** Why a message of the other side is invalid. */
export interface ReconcileFault {
  readonly fault: string;
}

/** How many parts a differing range is split into. */
const BUCKETS = 16;

/** Ranges with fewer items list their ids. */
const FEW_ITEMS = 2 * BUCKETS;

/**
 * So many slices, about, are read together, for the ranges that come next: to read them one after the other took most
 * of the time where many differ.
 */
const SLICES_AHEAD = 64;

/** How many ranges are looked at for that in one go: less than a millisecond. */
const RANGES_AHEAD = 1_024;

/** A range that differs in so many unread slices is read and split exactly, else at ends of slices. */
const FEW_SLICES = 8;

/** Bytes reserved for the range that ends a message. */
const LAST_RANGE_BYTES = 200;

/** Smallest limit on the message length. */
export const MIN_MESSAGE_BYTES = 4_096;

/**
 * How many ranges of a message are answered; the rest is put off. More than fit into a message with fingerprints:
 * lists of nothing take four bytes, and sixty thousand of them took the thread for an eighth of a second.
 */
const MAX_RANGES = 16_384;

const NO_SLICES: readonly number[] = [];

/** A message without ranges: only the version. */
const NO_RANGES = new Uint8Array([VERSION]);

/**
 * Answers a message of the initiator, or returns what is wrong with it. Depends on no earlier
 * message.
 */
export function answerMessage(
  items: ItemSet,
  message: Uint8Array,
  options: ReconcileOptions,
): Answered {
  return atOnce(answerInSteps(items, message, options));
}

/** An answer, or what is wrong with the message. */
export type Answered = { readonly message: Uint8Array<ArrayBuffer> } | ReconcileFault;

/**
 * As {@link answerMessage}, for items of which some are unread. Yields slices that have to be read, and to
 * stay so until it is resumed and asks for others or returns. May yield none, see
 * {@link ReconcileOptions.turnFingerprints}.
 */
export function* answerInSteps(
  items: Items,
  message: Uint8Array,
  options: ReconcileOptions,
): Generator<readonly number[], Answered, void> {
  try {
    const reader = new MessageReader(message);
    const version = versionOf(reader);
    // The answer to another version is the version that is supported.
    if (version !== VERSION) return { message: NO_RANGES.slice() };
    return { message: yield* new Round(items, options).run(reader) };
  } catch (error) {
    return faultOf(error);
  }
}

/** The result of what needs nothing to be read. */
function atOnce<T>(steps: Generator<readonly number[], T, void>): T {
  const step = steps.next();
  assert(step.done === true, "all items are read");
  return step.value;
}

/** What the initiator learns from a message. */
export interface Learnt {
  /** The next message; undefined when reconciliation is complete. */
  readonly message: Uint8Array<ArrayBuffer> | undefined;
  /** Ids that only this side has, as hex. A later message may repeat an id, see {@link LearnOptions.told}. */
  readonly have: readonly string[];
  /** Ids that only the other side has, as hex. */
  readonly need: readonly string[];
}

/** The initiator's first message. */
export function firstMessage(
  items: ItemSet,
  options: ReconcileOptions,
): Uint8Array<ArrayBuffer> {
  return new Round(items, options).begin();
}

/** Options of {@link learnFrom}. */
export interface LearnOptions extends ReconcileOptions {
  /**
   * A byte for each item, set to 1 here when an answer says that the other side lacks it. Such items are not
   * compared and said again: an answer with no room for more leaves all later ranges open, so that of two sets
   * with nothing in common each answer lacks all that follows. Default: nothing is remembered.
   */
  readonly told?: Uint8Array;
}

/** Processes an answer, as the initiator. */
export function learnFrom(
  items: ItemSet,
  message: Uint8Array,
  options: LearnOptions,
): Learnt | ReconcileFault {
  try {
    const reader = new MessageReader(message);
    const version = versionOf(reader);
    if (version !== VERSION) return { fault: `the other side speaks version ${version - 0x60}` };
    const have: string[] = [];
    const need: string[] = [];
    const { told = new Uint8Array(items.size) } = options;
    const next = atOnce(new Round(items, options, { have, need, told }).run(reader));
    return { message: next.length === NO_RANGES.length ? undefined : next, have, need };
  } catch (error) {
    return faultOf(error);
  }
}

function versionOf(reader: MessageReader): number {
  const version = reader.byte();
  if (version < 0x60 || version > 0x6f) throw new MessageFault("not a message of negentropy");
  return version;
}

function faultOf(error: unknown): ReconcileFault {
  if (error instanceof MessageFault) return { fault: error.text };
  throw error;
}

/** A range of time, and the indices of this side's items in it. */
interface Range {
  readonly lower: number;
  /** Exclusive. Reading may show that there are more items or fewer by now. */
  upper: number;
  /** The end of the range, exclusive. */
  readonly bound: Bound;
}

/** The differences found so far, see {@link Learnt}. */
interface Found {
  readonly have: string[];
  readonly need: string[];
  /** See {@link LearnOptions.told}. */
  readonly told: Uint8Array;
}

/** Something that yields slices which have to be read before it goes on. */
type Steps<T> = Generator<readonly number[], T, void>;

/** What is read for the next ranges, and how many these are. */
interface Ahead {
  readonly slices: readonly number[];
  readonly ranges: number;
}

/** Reads one message and writes the answer to it. */
class Round {
  readonly #items: Items;
  readonly #sha256: ReconcileOptions["sha256"];
  readonly #maxBytes: number;
  readonly #maxSlices: number;
  readonly #turnFingerprints: number;
  /** Collects the differences, for the initiator only. */
  readonly #found: Found | undefined;
  readonly #out = new MessageWriter();
  /** What a fingerprint is the hash of: a sum, and how many it is of. */
  readonly #hashed = new Uint8Array(ID_BYTES + MAX_VARINT_BYTES);
  readonly #sum = new Uint32Array(this.#hashed.buffer, 0, WORDS);
  /** How many slices were read. */
  #slices = 0;
  /** How many fingerprints were computed in this turn. */
  #fingerprints = 0;
  /** Whether a range was answered that was not skipped. */
  #hasAnswered = false;
  /** The end of the skipped ranges that are not written yet. */
  #skippedTo: Bound | undefined = undefined;

  constructor(items: Items, options: ReconcileOptions, found?: Found) {
    const { sha256, maxMessageBytes = Infinity } = options;
    assert(maxMessageBytes >= MIN_MESSAGE_BYTES, "a message has room for some ranges");
    this.#items = items;
    this.#sha256 = sha256;
    this.#maxBytes = maxMessageBytes - LAST_RANGE_BYTES;
    this.#maxSlices = options.maxSlices ?? Infinity;
    this.#turnFingerprints = options.turnFingerprints ?? Infinity;
    this.#found = found;
    this.#out.byte(VERSION);
  }

  /** Of an answer. The initiator learns from all of it. */
  get #maxRanges(): number {
    return this.#found === undefined ? MAX_RANGES : Infinity;
  }

  begin(): Uint8Array<ArrayBuffer> {
    this.#split({ lower: 0, upper: this.#items.size, bound: INFINITY });
    return this.#out.take();
  }

  *run(reader: MessageReader): Steps<Uint8Array<ArrayBuffer>> {
    let lower = 0;
    let ahead = 0;
    for (let ranges = 0; !reader.isAtEnd; ranges++) {
      // Something is answered in each message, or the other side would send the same again.
      const isMuch = this.#slices >= this.#maxSlices || ranges >= this.#maxRanges;
      if (isMuch && this.#hasAnswered) return this.#endEarly(lower);
      if (this.#fingerprints >= this.#turnFingerprints) {
        this.#fingerprints = 0;
        yield NO_SLICES;
      }
      if (ahead === 0) ahead = yield* this.#lookAhead(reader, lower);
      ahead--;
      const bound = reader.bound();
      yield* this.#read(this.#items.slicesAt(bound, lower));
      const range = { lower, upper: this.#items.findBound(bound, lower), bound };
      const start = this.#out.save();
      const skippedTo = this.#skippedTo;
      const end = yield* this.#answerRange(reader, range);
      if (end < range.upper) return this.#endEarly(end);
      if (this.#out.length > this.#maxBytes) {
        this.#out.restore(start);
        this.#skippedTo = skippedTo;
        return this.#endEarly(lower);
      }
      lower = range.upper;
    }
    return this.#out.take();
  }

  /**
   * Reads the slices in which the next ranges end, and then those that have to be read to answer them. Returns of how
   * many ranges, at least one.
   */
  *#lookAhead(reader: MessageReader, lower: number): Steps<number> {
    const ends = this.#endsOf(reader.copy(), lower);
    yield* this.#read(ends.slices);
    const needed = this.#neededFor(reader.copy(), lower, ends.ranges);
    yield* this.#read([...ends.slices, ...needed.slices]);
    return needed.ranges;
  }

  #endsOf(reader: MessageReader, lower: number): Ahead {
    const slices = new Set<number>();
    let ranges = 0;
    while (!reader.isAtEnd && ranges < RANGES_AHEAD && slices.size < SLICES_AHEAD) {
      const bound = reader.bound();
      for (const slice of this.#items.slicesAt(bound, lower)) slices.add(slice);
      reader.skipPayload();
      ranges++;
    }
    return { slices: [...slices], ranges };
  }

  /** Unread slices of the next ranges, as far as these list ids or differ, and have few such slices. */
  #neededFor(reader: MessageReader, from: number, most: number): Ahead {
    const slices = new Set<number>();
    let lower = from;
    let ranges = 0;
    while (ranges < most && slices.size < SLICES_AHEAD) {
      const upper = this.#items.findBound(reader.bound(), lower);
      const unread = this.#unreadIn(lower, upper);
      const theirs = reader.skipPayload();
      const isFew = unread.length > 0 && unread.length <= FEW_SLICES;
      if (isFew && !this.#isSame(theirs, lower, upper)) {
        for (const each of unread) slices.add(each);
      }
      lower = upper;
      ranges++;
    }
    return { slices: [...slices], ranges };
  }

  #unreadIn(lower: number, upper: number): readonly number[] {
    return this.#items.slicesIn(lower, upper).filter((slice) => !this.#items.isRead(slice));
  }

  *#read(slices: readonly number[]): Steps<void> {
    const unread = slices.filter((slice) => !this.#items.isRead(slice)).length;
    this.#slices += unread;
    if (unread > 0) yield slices;
  }

  /** Answers one range and returns the index after its last item answered. */
  *#answerRange(reader: MessageReader, range: Range): Steps<number> {
    const mode = reader.varint();
    this.#hasAnswered ||= mode !== MODE.skip;
    switch (mode) {
      case MODE.skip:
        this.#skip(range.bound);
        return range.upper;
      case MODE.fingerprint: {
        const theirs = reader.bytes(FINGERPRINT_BYTES);
        if (this.#isSame(theirs, range.lower, range.upper)) this.#skip(range.bound);
        else {
          this.#writeSkipped();
          yield* this.#readFew(range);
          this.#split(range);
        }
        return range.upper;
      }
      case MODE.idList:
        return yield* this.#answerIdList(reader, range);
      default:
        throw new MessageFault("a range is of no known kind");
    }
  }

  /** Reads what is unread of a range, unless that is much. */
  *#readFew(range: Range): Steps<void> {
    const { lower, upper } = range;
    const isFew = this.#unreadIn(lower, upper).length <= FEW_SLICES;
    if (!isFew && upper - lower >= FEW_ITEMS) return;
    yield* this.#readIn(range, this.#items.slicesIn(lower, upper));
  }

  /** Reads slices of a range, and counts its items again. */
  *#readIn(range: Range, slices: readonly number[]): Steps<void> {
    const { lower, bound } = range;
    const all = new Set([...slices, ...this.#items.slicesAt(bound, lower)]);
    yield* this.#read([...all]);
    range.upper = this.#items.findBound(bound, lower);
  }

  /**
   * As the initiator, notes the differences; else answers with this side's ids. Returns the index
   * after the last item answered.
   */
  *#answerIdList(reader: MessageReader, range: Range): Steps<number> {
    const count = reader.varint();
    const ids = reader.bytes(count * ID_BYTES);
    if (this.#found === undefined) return yield* this.#listOwn(range);
    const { have, need, told } = this.#found;
    const { lower, upper, bound } = range;
    const theirs = new Set<string>();
    for (let at = 0; at < count; at++) {
      theirs.add(bytesToHex(ids.subarray(at * ID_BYTES, (at + 1) * ID_BYTES)));
    }
    for (let at = lower; at < upper; at++) {
      if (told[at] === 1) continue;
      const id = bytesToHex(this.#items.id(at));
      if (theirs.delete(id)) continue;
      have.push(id);
      told[at] = 1;
    }
    need.push(...theirs);
    this.#skip(bound);
    return upper;
  }

  /** Lists this side's ids as far as there is room, and returns the index after the last one. */
  *#listOwn(range: Range): Steps<number> {
    this.#writeSkipped();
    const { lower, bound } = range;
    const room = Math.max(0, Math.floor((this.#maxBytes - this.#out.length) / ID_BYTES));
    for (;;) {
      const end = Math.min(range.upper, lower + room);
      if (end === lower && lower < range.upper) return lower;
      const slices = this.#items.slicesIn(lower, end);
      if (slices.every((slice) => this.#items.isRead(slice))) {
        this.#out.bound(end < range.upper ? this.#boundAt(end) : bound);
        this.#writeIds(lower, end);
        return end;
      }
      yield* this.#readIn(range, slices);
    }
  }

  /** Splits a range into parts with fingerprints, or lists its ids when there are few. */
  #split({ lower, upper, bound }: Range): void {
    const count = upper - lower;
    if (count < FEW_ITEMS) {
      this.#out.bound(bound);
      this.#writeIds(lower, upper);
      return;
    }
    let start = lower;
    let ideal = lower;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      ideal += Math.floor(count / BUCKETS) + (bucket < count % BUCKETS ? 1 : 0);
      const isLast = bucket === BUCKETS - 1;
      const end = isLast ? upper : this.#items.cutNear(ideal, lower, upper);
      // Two may be cut at the end of the same slice.
      if (end === start) continue;
      this.#out.bound(isLast ? bound : this.#boundAt(end));
      this.#out.varint(MODE.fingerprint);
      this.#out.bytes(this.#fingerprint(start, end));
      start = end;
    }
  }

  #writeIds(lower: number, upper: number): void {
    this.#out.varint(MODE.idList);
    this.#out.varint(upper - lower);
    for (let at = lower; at < upper; at++) this.#out.bytes(this.#items.id(at));
  }

  /** Skips up to this bound. Written only when another range follows. */
  #skip(bound: Bound): void {
    this.#skippedTo = bound;
  }

  #writeSkipped(): void {
    if (this.#skippedTo === undefined) return;
    this.#out.bound(this.#skippedTo);
    this.#out.varint(MODE.skip);
    this.#skippedTo = undefined;
  }

  /** Ends a full message with one fingerprint for all remaining items. */
  #endEarly(from: number): Uint8Array<ArrayBuffer> {
    this.#writeSkipped();
    this.#out.bound(INFINITY);
    this.#out.varint(MODE.fingerprint);
    this.#out.bytes(this.#fingerprint(from, this.#items.size));
    return this.#out.take();
  }

  /** The bound between the items before and at an index. */
  #boundAt(at: number): Bound {
    const known = this.#items.boundAt(at);
    if (known !== undefined) return known;
    const item = (place: number) => ({
      timestamp: this.#items.timestamp(place),
      id: this.#items.id(place),
    });
    return boundBetween(item(at - 1), item(at));
  }

  /** Whether a fingerprint is that of a range; there is nothing to compare where it is undefined. */
  #isSame(theirs: Uint8Array | undefined, lower: number, upper: number): boolean {
    if (theirs === undefined) return true;
    return theirs.length > 0 && isEqual(theirs, this.#fingerprint(lower, upper));
  }

  #fingerprint(lower: number, upper: number): Uint8Array {
    this.#fingerprints++;
    sumOf(this.#items, [lower, upper], this.#sum);
    const end = writeVarint(upper - lower, this.#hashed, ID_BYTES);
    return this.#sha256(this.#hashed.subarray(0, end)).subarray(0, FINGERPRINT_BYTES);
  }
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.every((byte, at) => byte === right[at]);
}
