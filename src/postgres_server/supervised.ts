/**
 * A server process that cannot outlive this one.
 *
 * @module
 */

import type { ServerAccount } from "./server_account.ts";

/** What to run and for whom. */
export interface SupervisedOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly account: ServerAccount;
  /** Receives each line of its standard error. */
  readonly onLine: (line: string) => void;
}

/**
 * A shell between us and the server. It holds the reading end of a pipe whose writing end is ours alone: the
 * pipe closes when we say so or when we are gone, killed or not, and then the shell interrupts the server.
 * Again each second, because a server that has only just begun does not listen yet.
 *
 * What a terminal or a service manager sends to all processes at once passes both by: the server is to end
 * after the relay, not with it.
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
 * A program that runs until it ends by itself, until {@link end}, or until this process is gone. Then it
 * gets SIGINT.
 */
export class Supervised {
  /** Resolves to its exit code, or to 128 and the number of the signal that ended it. */
  readonly ended: Promise<number>;
  readonly #process: Deno.ChildProcess;
  readonly #lines: Promise<void>;
  #hasEnded = false;
  #ending: Promise<void> | undefined = undefined;

  constructor({ program, args, account, onLine }: SupervisedOptions) {
    this.#process = new Deno.Command("sh", {
      args: ["-c", SCRIPT, "sh", program, ...args],
      cwd: "/",
      env: { LC_ALL: "C", TZ: "UTC" },
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
      // A process group of its own: no Ctrl-C reaches it.
      detached: true,
      ...account,
    }).spawn();
    this.#lines = eachLine(this.#process.stderr, onLine);
    this.ended = this.#wait();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Asks it to end and waits until it did. Idempotent. */
  async end(): Promise<void> {
    await (this.#ending ??= this.#process.stdin.close().catch(() => {}));
    await this.ended;
  }

  async #wait(): Promise<number> {
    const { code } = await this.#process.status;
    await (this.#ending ??= this.#process.stdin.close().catch(() => {}));
    await this.#lines;
    this.#hasEnded = true;
    return code;
  }
}

async function eachLine(
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
