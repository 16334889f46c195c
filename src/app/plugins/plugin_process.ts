/**
 * One process of a plugin: questions go in as lines, replies come out as lines, many at a time.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import { LineSplitter } from "../transfer/json_lines.ts";
import { MAX_LINE_BYTES, parseReply, type Verdict } from "./plugin_lines.ts";

/** Who is told of what comes from a process. */
export interface PluginProcessEvents {
  /** A question was answered: there is room for another. */
  answered(): void;
  /** The process has ended, or was ended. Nothing follows. Called once. */
  ended(unanswered: readonly Question[]): void;
}

/** A question and who waits for the answer. */
export interface Question {
  /** What the reply carries. */
  readonly id: string;
  readonly line: string;
  readonly answer: (verdict: Verdict) => void;
  /** How often it was asked in vain. */
  attempts: number;
}

/**
 * A running process. It is started by a shell, as strfry does it.
 */
export class PluginProcess {
  readonly #events: PluginProcessEvents;
  readonly #log: Log;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  /** In the order in which they were asked: of two about one event, the first is answered first. */
  readonly #open = new Map<string, Question[]>();
  #count = 0;
  #isOver = false;

  constructor(command: string, log: Log, events: PluginProcessEvents) {
    this.#events = events;
    this.#log = log;
    this.#child = new Deno.Command("sh", {
      args: ["-c", command],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      // A group of its own, so that what the shell starts can be ended with it.
      detached: true,
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    void this.#read();
    void this.#readErrors();
  }

  /** How many questions are open. */
  get openCount(): number {
    return this.#count;
  }

  /** Asks. The answer comes when it comes. */
  ask(question: Question): void {
    const { id, line } = question;
    const same = this.#open.get(id);
    if (same === undefined) this.#open.set(id, [question]);
    else same.push(question);
    this.#count++;
    // A process that has ended is found out by its output.
    this.#stdin.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  /** Whether a question is open here. */
  has(question: Question): boolean {
    return this.#open.get(question.id)?.includes(question) ?? false;
  }

  /** Ends the process. What is open is given back. */
  kill(): void {
    try {
      Deno.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  async #read(): Promise<void> {
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    try {
      for await (const piece of this.#child.stdout) {
        for (const line of splitter.push(piece)) this.#onLine("text" in line ? line.text : "");
      }
    } catch (error) {
      this.#log.warn("a plugin cannot be read", { error: String(error) });
    }
    await this.#end();
  }

  /** What a plugin complains of belongs into the log. */
  async #readErrors(): Promise<void> {
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    try {
      for await (const piece of this.#child.stderr) {
        for (const line of splitter.push(piece)) {
          if ("text" in line) this.#log.warn("a plugin says", { text: line.text });
        }
      }
    } catch {
      // Its end is told by its output.
    }
  }

  #onLine(line: string): void {
    const reply = parseReply(line);
    const waiting = reply && this.#open.get(reply.id);
    if (reply === undefined || waiting === undefined) {
      this.#log.warn("a plugin said what is no answer", { text: line.slice(0, 200) });
      return;
    }
    const question = waiting.shift()!;
    if (waiting.length === 0) this.#open.delete(reply.id);
    this.#count--;
    question.answer(reply.verdict);
    this.#events.answered();
  }

  async #end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    // It may have closed its output and live on.
    this.kill();
    await this.#stdin.abort().catch(() => {});
    const { code } = await this.#child.status;
    this.#log.warn("a plugin has ended", { code });
    const unanswered = [...this.#open.values()].flat();
    this.#open.clear();
    this.#count = 0;
    this.#events.ended(unanswered);
  }
}
