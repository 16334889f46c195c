/**
 * How a store is asked from elsewhere, and how that is written over HTTP, for both ends, which are the same
 * version of this program.
 *
 * A request is `POST /METHOD` with the arguments as one JSON value. The answer is a series of frames,
 * each a line of JSON, that of events followed by their JSON as it is stored.
 *
 * @module
 */

import { concat, utf8, utf8Decode } from "../../base/bytes.ts";
import { KeySet } from "../../nostr/key_set.ts";
import type { QueryOptions, StoredEvent } from "../../store/event_store.ts";
import type { StoreState } from "../../store/write/store_state.ts";

/** The header with the version of the program that asks. */
export const VERSION_HEADER = "gallimimus-version";

/** The methods of the store that are answered by one value. */
export const CALLS = [
  "count",
  "put",
  "removeExpired",
  "survey",
  "remove",
  "audit",
  "probe",
  "size",
  "removeStrayTags",
  "rewrite",
  "tableSizes",
  "erase",
  "restore",
  "rules",
  "changeRules",
  "ruleLog",
] as const;

/** The method that gives what the relay does just now; it needs no store. */
export const ACTIVITY = "activity";

/** The methods that are answered by values as they come. */
export const STREAMS = ["query", "identify", "reindex"] as const;

/** The methods of {@link StoreState} that are answered by one value. */
export const STATE_CALLS = [
  "isEmpty",
  "addTombstones",
  "addRules",
] as const satisfies readonly (keyof StoreState)[];

/** The methods of {@link StoreState} that are answered by values as they come. */
export const STATE_STREAMS = [
  "events",
  "tombstones",
] as const satisfies readonly (keyof StoreState)[];

/** One of {@link CALLS} or {@link STATE_CALLS}. */
export type CallName = typeof CALLS[number] | typeof STATE_CALLS[number];

/** One of {@link STREAMS} or {@link STATE_STREAMS}. */
export type StreamName = typeof STREAMS[number] | typeof STATE_STREAMS[number];

/** How a store that is elsewhere is asked. Calls reject as those of a store do. */
export interface StoreLink {
  /** Asks for one value. */
  call<Value>(
    method: CallName,
    args: readonly unknown[],
    options?: QueryOptions,
  ): Promise<Value>;
  /** Asks for the frames of an answer but for its end. */
  ask(
    method: StreamName,
    args: readonly unknown[],
    options?: QueryOptions,
  ): AsyncIterable<Frame>;
  /** What is asked from then on is rejected. */
  close(): void;
}

/** A part of an answer. The last one is `end` or `error`. */
export type Frame =
  | { readonly value: unknown }
  | { readonly events: readonly StoredEvent[] }
  | { readonly end: true }
  | { readonly error: string };

/** JSON, with sets, maps and bytes as objects of one field that nothing else here has. */
export function encode(value: unknown): string {
  return JSON.stringify(value ?? null, (_, part) => {
    if (part instanceof Set || part instanceof KeySet) return { $set: [...part] };
    if (part instanceof Map) return { $map: [...part] };
    return part instanceof Uint8Array ? { $bytes: part.toBase64() } : part;
  });
}

/** The value that {@link encode} wrote. @throws SyntaxError for anything else. */
export function decode(text: string): unknown {
  return JSON.parse(text, (_, part) => {
    if (typeof part !== "object" || part === null) return part;
    if ("$set" in part) return new Set(part.$set);
    if ("$map" in part) return new Map(part.$map);
    return "$bytes" in part ? Uint8Array.fromBase64(part.$bytes) : part;
  });
}

/** A frame as it is sent. */
export function frameBytes(frame: Frame): Uint8Array {
  if ("value" in frame) return utf8(`${encode({ value: frame.value ?? null })}\n`);
  if (!("events" in frame)) return utf8(`${encode(frame)}\n`);
  const heads = frame.events.map(({ seq, id, createdAt, json }) => [
    seq,
    id,
    createdAt,
    json.length,
  ]);
  return concat([
    utf8(`${JSON.stringify({ events: heads })}\n`),
    ...frame.events.map(({ json }) => json),
  ]);
}

/** Reads the frames of an answer. Throws when it ends within one. */
export async function* readFrames(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const reader = new PieceReader(pieces);
  for (;;) {
    const line = await reader.line();
    if (line === undefined) return;
    const frame = decode(utf8Decode(line) ?? "") as Exclude<Frame, { events: unknown }> | {
      readonly events: readonly (readonly [number, string, number, number])[];
    };
    if (!("events" in frame)) {
      yield frame;
      continue;
    }
    const events: StoredEvent[] = [];
    for (const [seq, id, createdAt, length] of frame.events) {
      events.push({ seq, id, createdAt, json: await reader.bytes(length) });
    }
    yield { events };
  }
}

const LINE_FEED = 0x0a;

/** Reads lines and numbers of bytes. */
class PieceReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array();

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** The bytes before the next line feed; undefined at the end. */
  async line(): Promise<Uint8Array | undefined> {
    for (let from = 0;;) {
      const end = this.#held.indexOf(LINE_FEED, from);
      if (end >= 0) return this.#take(end + 1).subarray(0, end);
      from = this.#held.length;
      if (await this.#more(from + 1)) continue;
      if (from === 0) return undefined;
      throw new Error("the answer ended within a line");
    }
  }

  /** Exactly so many bytes, in memory of their own. */
  async bytes(length: number): Promise<Uint8Array> {
    if (!await this.#more(length)) throw new Error("the answer ended within an event");
    return this.#take(length).slice();
  }

  #take(length: number): Uint8Array {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  /** Reads until so many bytes are held; false if there are not so many. */
  async #more(length: number): Promise<boolean> {
    const parts = [this.#held];
    let held = this.#held.length;
    while (held < length) {
      const { done, value } = await this.#pieces.next();
      if (done === true) break;
      parts.push(value);
      held += value.length;
    }
    if (parts.length > 1) this.#held = concat(parts);
    return held >= length;
  }
}
