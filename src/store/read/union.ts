/**
 * Several answers as one.
 *
 * @module
 */

import type { FoundEvent } from "./body_statement.ts";
import { compare } from "./scan.ts";

/** An answer in chunks, none of them empty. */
type Answer = AsyncIterator<readonly FoundEvent[], void>;

/** An answer being read: what of its chunk is still to come. */
interface Reader {
  readonly answer: Answer;
  chunk: readonly FoundEvent[];
  next: number;
}

/** How much of a union is wanted. */
export interface UnionOptions {
  /** The most events altogether. Default: all. */
  readonly limit?: number;
  /** The most events in one chunk. Default 500. */
  readonly chunkEvents?: number;
}

/**
 * The union of ordered answers in one global order, each event once. Reads each answer one chunk at a
 * time, and all of them at once where several need a new one.
 *
 * @see NIP-01 "Communication between clients and relays"
 */
export async function* union(
  answers: readonly AsyncGenerator<readonly FoundEvent[], void>[],
  { limit = Infinity, chunkEvents = 500 }: UnionOptions = {},
): AsyncGenerator<readonly FoundEvent[], void> {
  let wanted = limit;
  let readers: Reader[] = answers.map((answer) => ({ answer, chunk: [], next: 0 }));
  try {
    while (wanted > 0) {
      const size = Math.min(wanted, chunkEvents);
      const chunk: FoundEvent[] = [];
      while (chunk.length < size) {
        await Promise.all(readers.map(refill));
        readers = readers.filter(hasRow);
        if (readers.length === 0) break;
        while (chunk.length < size && readers.every(hasRow)) chunk.push(takeFirst(readers));
      }
      if (chunk.length > 0) yield chunk;
      if (chunk.length < size) return;
      wanted -= size;
    }
  } finally {
    await Promise.all(answers.map((answer) => answer.return()));
  }
}

/**
 * One answer after the other, each event where it comes first. For answers that are not ordered by time.
 *
 * @see NIP-50
 */
export async function* inTurn(
  answers: readonly AsyncGenerator<readonly FoundEvent[], void>[],
): AsyncGenerator<readonly FoundEvent[], void> {
  const given = new Set<string>();
  for (const answer of answers) {
    for await (const chunk of answer) {
      const fresh = chunk.filter(({ id }) => !given.has(id));
      for (const { id } of fresh) given.add(id);
      if (fresh.length > 0) yield fresh;
    }
  }
}

function hasRow({ chunk, next }: Reader): boolean {
  return next < chunk.length;
}

/** Fetches the next chunk when this one is used up; leaves it used up when there is none. */
async function refill(reader: Reader): Promise<void> {
  if (hasRow(reader)) return;
  const { done, value } = await reader.answer.next();
  reader.chunk = done ? [] : value;
  reader.next = 0;
}

/** Takes the row that comes first from all readers that have it next. */
function takeFirst(readers: readonly Reader[]): FoundEvent {
  let first = rowOf(readers[0]!);
  for (const reader of readers) {
    if (compare(rowOf(reader), first) < 0) first = rowOf(reader);
  }
  for (const reader of readers) {
    if (rowOf(reader).id === first.id) reader.next++;
  }
  return first;
}

function rowOf({ chunk, next }: Reader): FoundEvent {
  return chunk[next]!;
}
