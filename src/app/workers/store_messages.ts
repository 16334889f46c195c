/**
 * What the threads of a relay and the one that has the store say to each other.
 *
 * Messages are structured clones: plain values. The bytes of events travel in one piece, which is moved
 * and not copied.
 *
 * @module
 */

import { concat } from "../../base/bytes.ts";
import { KeySet } from "../../nostr/key_set.ts";
import type { DatabaseWork, Erasure, StoredEvent } from "../../store/event_store.ts";
import type { CallName, StreamName } from "../control/wire.ts";
import type { SentError } from "./worker_calls.ts";

/** What a thread needs to ask the store. */
export interface StoreAccess {
  readonly port: MessagePort;
  /** One number in shared memory: how many messages were sent to the thread, modulo 2^32. */
  readonly sent: Int32Array<SharedArrayBuffer>;
  readonly hasSlices: boolean;
}

/** The methods that are answered by one value: those of `wire.ts`, of `Slices`, and `hear`. */
export type MethodName =
  | CallName
  | "slicesOf"
  | "itemsIn"
  | "tendSlices"
  /** From then on the thread is told what all threads store. */
  | "hear";

/** Several texts as bytes, end to end. */
export interface Packed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly lengths: readonly number[];
}

/** On whose behalf something is asked; the number stands for the connection. */
export interface SentSource {
  readonly client: string;
  readonly connection: number;
}

/** What is asked. `id` tells its answer from others. */
interface Asked {
  readonly id: number;
  readonly args: unknown;
  readonly source: SentSource | undefined;
}

/** To the thread that has the store. */
export type ToStore =
  | Asked & { readonly type: "call"; readonly method: MethodName }
  /** Asks for the first piece of an answer, and for as many bytes about. */
  | Asked & { readonly type: "ask"; readonly method: StreamName; readonly pieceBytes?: number }
  /** Asks for the next piece. */
  | { readonly type: "more"; readonly id: number; readonly pieceBytes?: number }
  /** The answer is not wanted any more. */
  | { readonly type: "cancel"; readonly id: number }
  | { readonly type: "ephemeral"; readonly jsons: Packed }
  /** So many bytes of JSON of what was told have been taken. */
  | { readonly type: "took"; readonly bytes: number };

/** An event that was stored; `own` is the id of one whose record the thread has. */
export interface SentRecord {
  readonly seq: number | undefined;
  readonly own: string | undefined;
}

/** What has happened in the store. */
export type News =
  /** `jsons` are those of the events that are not the thread's own, in the same order. */
  | { readonly type: "told"; readonly events: readonly SentRecord[]; readonly jsons: Packed }
  /** Events that are not stored, or came after their deletion was requested. */
  | { readonly type: "ephemeral" | "late"; readonly jsons: Packed }
  | { readonly type: "rules" }
  | { readonly type: "erased"; readonly erasure: Erasure }
  | { readonly type: "restored"; readonly ids: readonly string[] };

/** What every part of an answer says besides. */
export interface Progress {
  readonly id: number;
  readonly work: DatabaseWork | undefined;
  /** How many events were left out since the part before. */
  readonly leftOut: number;
}

/** A part of an answer; after the last one comes `end`. */
export type Part =
  | { readonly value: unknown }
  | { readonly heads: readonly Omit<StoredEvent, "json">[]; readonly jsons: Packed };

/** An answer, or a part of one. */
export type Reply =
  & Progress
  & (
    | { readonly type: "value"; readonly value: unknown }
    | { readonly type: "part"; readonly part: Part; readonly isLast: boolean }
    | { readonly type: "end" }
    | { readonly type: "failed"; readonly error: SentError }
  );

/** To a thread of the relay. The numbers of the messages are consecutive, modulo 2^32. */
export interface FromStore {
  readonly number: number;
  readonly content: News | Reply;
}

/** Puts texts end to end. */
export function pack(texts: readonly Uint8Array[]): Packed {
  return { bytes: concat(texts), lengths: texts.map(({ length }) => length) };
}

/** The texts again, each with memory of its own, because some are kept and others are not. */
export function unpack({ bytes, lengths }: Packed): readonly Uint8Array[] {
  let at = 0;
  return lengths.map((length) => bytes.slice(at, at += length));
}

/** A copy without the class of key sets, which cannot be sent. */
export function withoutKeySets(value: unknown): unknown {
  return changed(value, (part) => part instanceof KeySet ? { $keys: part.bytes } : undefined);
}

/** What {@link withoutKeySets} was given. */
export function withKeySets(value: unknown): unknown {
  return changed(value, (part) => {
    if (!("$keys" in part) || !(part.$keys instanceof Uint8Array)) return undefined;
    return new KeySet(part.$keys.slice());
  });
}

/** A copy in which `change` has replaced objects; undefined leaves one as it is. */
function changed(value: unknown, change: (part: object) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const other = change(value);
  if (other !== undefined) return other;
  if (Array.isArray(value)) return value.map((part) => changed(part, change));
  if (value instanceof Map) {
    return new Map([...value].map(([key, part]) => [key, changed(part, change)]));
  }
  // Sets have texts and numbers alone.
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, changed(part, change)]),
  );
}
