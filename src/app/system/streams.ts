/**
 * Standard input and output as arguments, so that commands can be tested without a process.
 *
 * @module
 */

/** A stream that a command writes to. */
export interface Output {
  /** Whether it is a terminal: progress is shown only there. */
  readonly isTerminal: boolean;
  /**
   * Writes all of `bytes` and resolves once they have been accepted, which is a pipe's
   * backpressure. False means EPIPE: the reader is gone, and the command ends without an error.
   */
  write(bytes: Uint8Array): Promise<boolean>;
}

/** A stream to read, or why the file cannot be opened. */
export type OpenedFile =
  | { readonly readable: ReadableStream<Uint8Array> }
  | { readonly fault: string };

/** What a command reads and writes. */
export interface Streams {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Opens a file for reading. `-` is standard input. */
  open(path: string): Promise<OpenedFile>;
}

/**
 * The streams of this process.
 */
export const systemStreams: Streams = {
  stdout: outputTo(Deno.stdout),
  stderr: outputTo(Deno.stderr),
  async open(path: string): Promise<OpenedFile> {
    if (path === "-") return { readable: Deno.stdin.readable };
    try {
      return { readable: (await Deno.open(path)).readable };
    } catch (error) {
      if (error instanceof Error) return { fault: error.message };
      throw error;
    }
  },
};

function outputTo(stream: typeof Deno.stdout): Output {
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
        throw error;
      }
    },
  };
}
