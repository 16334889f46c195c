/**
 * Shows how far a command is, on a terminal.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import type { CommandContext } from "./command_context.ts";

/** Minimum time between two texts, milliseconds. */
const INTERVAL_MS = 250;

/** Clears the line of a terminal. */
const CLEAR = "\r\x1b[K";

/** One line on standard error that is replaced again and again. Nothing where that is no terminal. */
export class ProgressLine {
  readonly #context: Pick<CommandContext, "streams" | "clock">;
  #shownMs = -Infinity;

  constructor(context: Pick<CommandContext, "streams" | "clock">) {
    this.#context = context;
  }

  /** Shows a text, unless another was shown just now. */
  show(text: () => string): void {
    const { streams: { stderr }, clock } = this.#context;
    const nowMs = clock.monotonicMs();
    if (!stderr.isTerminal || nowMs - this.#shownMs < INTERVAL_MS) return;
    this.#shownMs = nowMs;
    // A terminal that is gone is no reason to stop.
    stderr.write(utf8(`${CLEAR}${text()}\r`)).catch(() => {});
  }

  /** Prints a line that stays, in place of the text. */
  note(line: string): void {
    const { stderr } = this.#context.streams;
    stderr.write(utf8(`${stderr.isTerminal ? CLEAR : ""}${line}\n`)).catch(() => {});
  }

  /** Removes the line, before something else is printed. */
  async clear(): Promise<void> {
    const { stderr } = this.#context.streams;
    if (stderr.isTerminal) await stderr.write(utf8(CLEAR));
  }
}
