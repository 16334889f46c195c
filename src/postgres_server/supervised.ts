/**
 * A server process that ends with this one.
 *
 * @module
 */

import type { ServerAccount } from "./server_account.ts";

interface SupervisedOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly account: ServerAccount;
  /** Receives each line of its standard error. */
  readonly onLine: (line: string) => void;
}

/**
 * A shell between this process and the server. It reads from a pipe whose only writer is this
 * process. When the pipe closes, on request or because this process is gone, the shell sends SIGINT
 * to the server, and repeats that each second, because a server that has just started does not
 * handle it yet.
 *
 * The shell ignores signals that a terminal or a service manager sends to all processes at once:
 * the server must end after the relay, not with it.
 */
const SCRIPT = `
trap '' HUP INT TERM
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{ read -r _ <&3; while kill -INT "$server"; do sleep 1; done; } 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"
status=$?
kill -KILL "$watcher"
exit "$status"
`;

/**
 * A program that runs until it ends by itself, or gets SIGINT because of {@link end} or because
 * this process is gone.
 */
export class Supervised {
  /** Resolves to its exit code, or to 128 plus the number of the signal that ended it. */
  readonly ended: Promise<number>;
  readonly #process: Deno.ChildProcess;
  readonly #lines: Promise<void>;
  #hasEnded = false;
  /** Set once the pipe to the shell is being closed. */
  #pipeClosed: Promise<void> | undefined = undefined;

  constructor({ program, args, account, onLine }: SupervisedOptions) {
    this.#process = new Deno.Command("sh", {
      args: ["-c", SCRIPT, "sh", program, ...args],
      cwd: "/",
      env: { LC_ALL: "C", TZ: "UTC" },
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
      // A process group of its own, which Ctrl-C does not reach.
      detached: true,
      ...account,
    }).spawn();
    this.#lines = eachLine(this.#process.stderr, onLine);
    this.ended = this.#wait();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends SIGINT and waits for the end. Idempotent. */
  async end(): Promise<void> {
    await this.#closePipe();
    await this.ended;
  }

  #closePipe(): Promise<void> {
    return this.#pipeClosed ??= this.#process.stdin.close().catch(() => {});
  }

  async #wait(): Promise<number> {
    const { code } = await this.#process.status;
    await this.#closePipe();
    await this.#lines;
    this.#hasEnded = true;
    return code;
  }
}

/** Calls `onLine` with each line of a text, without its end, until the stream ends. */
export async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  if (rest !== "") onLine(rest);
}
