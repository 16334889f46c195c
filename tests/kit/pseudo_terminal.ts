/**
 * Runs a shell script in a terminal of its own, by `script` of util-linux.
 *
 * @module
 */

/** Whether this system has `script` in the form that is needed. */
export const hasPseudoTerminals = Deno.build.os === "linux" &&
  await Deno.stat("/usr/bin/script").then(() => true, () => false);

/** A running script, its keyboard and its screen. */
export class PseudoTerminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keyboard: WritableStreamDefaultWriter<Uint8Array>;
  readonly #screen: ReadableStreamDefaultReader<string>;
  #shown = "";

  constructor(shellScript: string) {
    this.#child = new Deno.Command("script", {
      args: ["--quiet", "--flush", "--return", "--command", shellScript, "/dev/null"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#keyboard = this.#child.stdin.getWriter();
    this.#screen = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Everything that was shown since the start. */
  get shown(): string {
    return this.#shown;
  }

  async type(keys: string): Promise<void> {
    await this.#keyboard.write(new TextEncoder().encode(keys));
  }

  /** Waits until what was shown after the first `from` characters matches, and returns the match. */
  async shows(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#shown.slice(from));
      if (found !== null) return found;
      const { done, value } = await this.#screen.read();
      if (done) throw new Error(`ended without showing ${pattern}: ${this.#shown.slice(from)}`);
      this.#shown += value;
    }
  }

  /** Waits for the end of the script and returns its exit code. */
  async end(): Promise<number> {
    for (let read; !(read = await this.#screen.read()).done;) this.#shown += read.value;
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    await this.#keyboard.abort().catch(() => {});
    await this.#screen.cancel();
  }
}
