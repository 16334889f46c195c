/**
 * The terminal of this process, as a full-screen program uses it.
 *
 * @module
 */

/** A terminal that can be taken over, and given back as it was. */
export interface Terminal {
  /** Whether there is one: standard input and standard output are terminals. */
  readonly isThere: boolean;
  readonly size: { readonly width: number; readonly height: number };
  /**
   * Takes the terminal over: keys are read one by one without being shown, and what is drawn is on a
   * screen of its own. Whatever ends the process in order gives it back.
   */
  open(events: TerminalEvents): void;
  /** Shows these lines and nothing else. */
  draw(lines: readonly string[]): void;
  /** Gives the terminal back. Has no effect the second time. */
  close(): void;
}

/** What a {@link Terminal} tells. */
export interface TerminalEvents {
  /** Keys were pressed: what they send, such as `q`, or `\x03` for Ctrl-C. */
  readonly onKeys: (text: string) => void;
  readonly onResize: () => void;
  /** There is nobody any more who could press one. */
  readonly onGone: () => void;
}

/** The alternate screen, without a cursor; and back. */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** Where the size cannot be found out. */
const USUAL = { width: 80, height: 24 };

/** The terminal that the process was started in. */
export class SystemTerminal implements Terminal {
  readonly #encoder = new TextEncoder();
  /** Undoes what {@link open} did, the last first. */
  #undo: (() => void)[] = [];

  get isThere(): boolean {
    return Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  }

  get size(): { readonly width: number; readonly height: number } {
    try {
      const { columns, rows } = Deno.consoleSize();
      return columns > 0 && rows > 0 ? { width: columns, height: rows } : USUAL;
    } catch {
      return USUAL;
    }
  }

  open({ onKeys, onResize, onGone }: TerminalEvents): void {
    // An exit that passes all else by, such as that of a second signal, gives it back, too.
    const close = () => this.close();
    globalThis.addEventListener("unload", close);
    this.#undo.push(() => globalThis.removeEventListener("unload", close));
    // Raw: Ctrl-C and Ctrl-Z are keys, so that nothing stops the process while the screen is taken.
    Deno.stdin.setRaw(true);
    this.#undo.push(() => Deno.stdin.setRaw(false));
    this.#write(ENTER);
    this.#undo.push(() => this.#write(LEAVE));
    if (Deno.build.os !== "windows") {
      Deno.addSignalListener("SIGWINCH", onResize);
      this.#undo.push(() => Deno.removeSignalListener("SIGWINCH", onResize));
    }
    void this.#readKeys(onKeys, onGone);
  }

  draw(lines: readonly string[]): void {
    const text = lines.map((line) => line + CLEAR_LINE).join("\r\n");
    this.#write(HOME + text + CLEAR_BELOW);
  }

  close(): void {
    for (const undo of this.#undo.splice(0).reverse()) {
      try {
        undo();
      } catch {
        // The terminal is gone; the rest is undone all the same.
      }
    }
  }

  /** Reads until the process ends: a read of a terminal cannot be called off. */
  async #readKeys(onKeys: (text: string) => void, onGone: () => void): Promise<void> {
    const buffer = new Uint8Array(64);
    try {
      for (let length; (length = await Deno.stdin.read(buffer)) !== null;) {
        onKeys(new TextDecoder().decode(buffer.subarray(0, length)));
      }
    } catch {
      // As at its end.
    }
    onGone();
  }

  #write(text: string): void {
    for (let rest = this.#encoder.encode(text); rest.length > 0;) {
      rest = rest.subarray(Deno.stdout.writeSync(rest));
    }
  }
}
