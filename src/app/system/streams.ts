/**
 * Standard input and output as arguments, so that commands can be tested without a process.
 *
 * @module
 */

import { ifThere, readFault, writeFault, writing } from "./file_fault.ts";

/** A stream that a command writes to. */
export interface Output {
  /** Whether it is a terminal: progress is shown only there. */
  readonly isTerminal: boolean;
  /**
   * Writes all of `bytes` and resolves once they have been accepted, which is a pipe's
   * backpressure. False means EPIPE: the reader is gone, and the command ends without an error. Rejects with
   * a `FileFault` where it leads to a file that cannot be written.
   */
  write(bytes: Uint8Array): Promise<boolean>;
}

/** A stream to read, or why the file cannot be opened. */
export type OpenedFile =
  | { readonly readable: ReadableStream<Uint8Array> }
  | { readonly fault: string };

/** A file that is being written, under another name until it is complete. */
export interface CreatedFile {
  readonly writable: WritableStream<Uint8Array>;
  /** Gives the complete file, whose stream is closed, its name. */
  finish(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/** What a command reads and writes. */
export interface Streams {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Opens a file for reading. `-` is standard input. */
  open(path: string): Promise<OpenedFile>;
  /** Creates a file for this user alone, or says why not. A file that exists is left alone. */
  create(path: string): Promise<CreatedFile | { readonly fault: string }>;
}

/** The streams of this process. */
export const systemStreams: Streams = {
  stdout: outputTo(Deno.stdout, "standard output"),
  stderr: outputTo(Deno.stderr, "standard error"),
  async open(path: string): Promise<OpenedFile> {
    if (path === "-") return { readable: Deno.stdin.readable };
    try {
      if ((await Deno.stat(path)).isDirectory) return { fault: "is a directory" };
      return { readable: (await Deno.open(path)).readable };
    } catch (error) {
      return { fault: readFault(error) };
    }
  },
  async create(path: string): Promise<CreatedFile | { readonly fault: string }> {
    const draft = `${path}.part`;
    try {
      if (await ifThere(Deno.lstat(path))) {
        return { fault: "exists already: remove it or name another file" };
      }
      // Left by a process that was killed. A link that stands there is not followed.
      if (await ifThere(Deno.lstat(draft))) await Deno.remove(draft);
      const { writable } = await Deno.open(draft, { write: true, createNew: true, mode: 0o600 });
      return {
        writable: named(path, writable),
        finish: () => Deno.rename(draft, path),
        discard: () => Deno.remove(draft),
      };
    } catch (error) {
      return { fault: writeFault(error) };
    }
  },
};

/** The stream of a file, which fails with a `FileFault` that names it. */
function named(path: string, writable: WritableStream<Uint8Array>): WritableStream<Uint8Array> {
  const writer = writable.getWriter();
  return new WritableStream({
    write: (bytes) => writing(path, () => writer.write(bytes)),
    close: () => writing(path, () => writer.close()),
    abort: (reason) => writer.abort(reason),
  });
}

/**
 * Reads `readable` until it ends or `stop` aborts. An abort cancels a pending read, so a command
 * that waits for input from a terminal can be stopped. Leaving the loop early cancels the stream.
 */
export async function* readUntil(
  readable: ReadableStream<Uint8Array>,
  stop: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = readable.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  stop.addEventListener("abort", cancel);
  try {
    if (stop.aborted) return;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    stop.removeEventListener("abort", cancel);
    cancel();
  }
}

function outputTo(stream: typeof Deno.stdout, name: string): Output {
  return {
    isTerminal: stream.isTerminal(),
    async write(bytes: Uint8Array): Promise<boolean> {
      try {
        for (let start = 0; start < bytes.length;) {
          start += await stream.write(bytes.subarray(start));
        }
        return true;
      } catch (error) {
        if (error instanceof Deno.errors.BrokenPipe) return false;
        return await writing(name, () => Promise.reject(error));
      }
    },
  };
}
