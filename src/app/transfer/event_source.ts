/**
 * Opens what events are imported from.
 *
 * @module
 */

import { messageOf } from "../../base/error_text.ts";
import { decompressed } from "./compressed_files.ts";
import { linesOf } from "./import_events.ts";
import type { Line } from "./json_lines.ts";
import { isSqliteFile, NostrRsRelayFile } from "./nostr_rs_relay_file.ts";
import { readUntil, type Streams } from "../system/streams.ts";

/** Events in the order of a file. */
export interface EventSource {
  /** What the number of a {@link Line} counts. */
  readonly unit: "line" | "row";
  /** Read once, to the end or until the reader leaves. Rejects with {@link UnreadableFile}. */
  readonly lines: AsyncIterable<readonly Line[]>;
  /** How many events were passed over so far, because the relay that kept them had hidden them. */
  readonly hidden: number;
  /** Frees it. */
  close(): void;
}

/** The file cannot be read to its end. */
export class UnreadableFile extends Error {}

interface EventSourceOptions {
  readonly streams: Pick<Streams, "open">;
  /** Ends the reading. */
  readonly stop: AbortSignal;
  /** Longer events are faults. */
  readonly maxLineBytes: number;
}

/**
 * Opens a file of events as text, which may be compressed, or a database of nostr-rs-relay; `-` is
 * standard input, as text.
 */
export async function openEventSource(
  path: string,
  { streams, stop, maxLineBytes }: EventSourceOptions,
): Promise<EventSource | { readonly fault: string }> {
  const opened = await streams.open(path);
  if ("fault" in opened) return opened;
  const bytes = readUntil(opened.readable, stop);
  // Somebody may type it: the first bytes are not waited for.
  if (path === "-") return textSource(bytes, { stop, maxLineBytes });
  let first;
  try {
    first = await bytes.next();
  } catch (error) {
    return { fault: messageOf(error) };
  }
  if (first.done !== true && isSqliteFile(first.value)) {
    await bytes.return(undefined);
    return await databaseSource(path, { stop, maxLineBytes });
  }
  return textSource(decompressed(path, withFirst(first, bytes)), { stop, maxLineBytes });
}

function textSource(
  bytes: AsyncGenerator<Uint8Array>,
  { stop, maxLineBytes }: Omit<EventSourceOptions, "streams">,
): EventSource {
  const lines = readable(linesOf(bytes, maxLineBytes, stop));
  return { unit: "line", lines, hidden: 0, close: () => void bytes.return(undefined) };
}

async function databaseSource(
  path: string,
  { stop, maxLineBytes }: Omit<EventSourceOptions, "streams">,
): Promise<EventSource | { readonly fault: string }> {
  if (!(await Deno.stat(path)).isFile) {
    return { fault: "is a SQLite database, which cannot come through a pipe: name its file" };
  }
  const file = await NostrRsRelayFile.open(path, maxLineBytes);
  if ("fault" in file) return file;
  return {
    unit: "row",
    lines: readable(untilAborted(file.lines(), stop)),
    get hidden() {
      return file.hidden;
    },
    close: () => file.close(),
  };
}

async function* withFirst(
  first: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (first.done !== true) yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

async function* untilAborted<Item>(
  items: AsyncIterable<Item>,
  stop: AbortSignal,
): AsyncGenerator<Item> {
  for await (const item of items) {
    if (stop.aborted) return;
    yield item;
  }
}

/** The items; what goes wrong with reading is told from what goes wrong with storing. */
async function* readable<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  const reading = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await reading.next().catch((error: unknown) => {
        throw new UnreadableFile(messageOf(error));
      });
      if (done === true) return;
      yield value;
    }
  } finally {
    await reading.return?.();
  }
}
