/**
 * Runs a program in a process of its own.
 *
 * @module
 */

/** How a program ended, and its output. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The root of the repository. */
const root = new URL("../../", import.meta.url);

/** A running program with its streams. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stdout: Promise<string>;
  readonly #stderr: ReadableStreamDefaultReader<string>;
  #stderrText = "";

  /** Starts the file `script` of the repository. */
  constructor(script: string, args: readonly string[], options: Deno.CommandOptions = {}) {
    const config = new URL("deno.json", root).pathname;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--config", config, new URL(script, root).pathname, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      ...options,
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#stdout = new Response(this.#child.stdout).text();
    this.#stderr = this.#child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Of its process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Writes `text` to its standard input. */
  async write(text: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(text));
  }

  /** Waits until its standard error contains `text`. */
  async said(text: string): Promise<void> {
    while (!this.#stderrText.includes(text)) {
      const { done, value } = await this.#stderr.read();
      if (done) throw new Error(`ended without saying "${text}": ${this.#stderrText}`);
      this.#stderrText += value;
    }
  }

  /** Sends it a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Closes its standard input, unless told not to, and waits for its end. */
  async end({ keepInput = false }: { readonly keepInput?: boolean } = {}): Promise<Ended> {
    if (!keepInput) await this.#stdin.close();
    const { code } = await this.#child.status;
    for (let read; !(read = await this.#stderr.read()).done;) this.#stderrText += read.value;
    if (keepInput) await this.#stdin.abort().catch(() => {});
    return { code, stdout: await this.#stdout, stderr: this.#stderrText };
  }

  /** Kills what a failed test left running. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    await this.#stdin.abort().catch(() => {});
    await this.#stderr.cancel();
    await this.#stdout;
  }
}

/** Runs a command of `mod.ts` on a database, without a configuration file, to its end. */
export async function runOn(database: string, ...args: readonly string[]): Promise<Ended> {
  const flags = ["--config", "/dev/null", "--database", database];
  await using program = new Program("mod.ts", [...args, ...flags]);
  return await program.end();
}
