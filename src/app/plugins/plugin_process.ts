/**
 * One process of a plugin: writes questions to its standard input and reads replies from its
 * standard output, many at a time.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import type { Log } from "../../base/log.ts";
import { LineSplitter } from "../transfer/json_lines.ts";
import { MAX_LINE_BYTES, parseReply, type Verdict } from "./plugin_lines.ts";

interface PluginProcessEvents {
  /** A question was answered, so another may be asked. */
  answered(): void;
  /** The process has ended. Called once, last. */
  ended(unanswered: readonly Question[]): void;
}

/** A question and its callback. */
export interface Question {
  /** The id in the reply. */
  readonly id: string;
  readonly line: string;
  readonly answer: (verdict: Verdict) => void;
  /** How often it was asked without an answer. */
  attempts: number;
}

/** A running process, started by a shell as strfry does it. */
export class PluginProcess {
  readonly #events: PluginProcessEvents;
  readonly #log: Log;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  /** Lines that are written together, once the ones before them are. */
  #unwritten = "";
  #isWriting = false;
  /** Pending questions by id, in order: of two about one event, the first is answered first. */
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
      // A process group of its own, so that children of the shell are killed too.
      detached: true,
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    void this.#read();
    void this.#readErrors();
  }

  /** How many questions are pending. */
  get openCount(): number {
    return this.#count;
  }

  /** Writes a question. The answer comes through its callback. */
  ask(question: Question): void {
    const { id, line } = question;
    const same = this.#open.get(id);
    if (same === undefined) this.#open.set(id, [question]);
    else same.push(question);
    this.#count++;
    this.#unwritten += `${line}\n`;
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      // What else is asked in this turn goes with the first line.
      await undefined;
      while (this.#unwritten !== "") {
        const lines = utf8(this.#unwritten);
        this.#unwritten = "";
        await this.#stdin.write(lines);
      }
    } catch {
      // The end of standard output reports a dead process.
    }
    this.#isWriting = false;
  }

  /** Whether a question is pending here. */
  has(question: Question): boolean {
    return this.#open.get(question.id)?.includes(question) ?? false;
  }

  /** Kills the process group. Pending questions are returned through `ended`. */
  kill(): void {
    try {
      Deno.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  async #read(): Promise<void> {
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    try {
      for await (const piece of this.#child.stdout) {
        for (const line of splitter.push(piece)) this.#onLine("text" in line ? line.text : "");
      }
    } catch (error) {
      this.#log.warn("reading from a plugin failed", { error: String(error) });
    }
    await this.#end();
  }

  /** Logs what the plugin writes to standard error. */
  async #readErrors(): Promise<void> {
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    try {
      for await (const piece of this.#child.stderr) {
        for (const line of splitter.push(piece)) {
          if ("text" in line) this.#log.warn("plugin wrote to standard error", { text: line.text });
        }
      }
    } catch {
      // The end of standard output reports the end of the process.
    }
  }

  #onLine(line: string): void {
    const reply = parseReply(line);
    const waiting = reply && this.#open.get(reply.id);
    if (reply === undefined || waiting === undefined) {
      this.#log.warn("plugin wrote an invalid reply", { text: line.slice(0, 200) });
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
    // The process may have closed its standard output and still run.
    this.kill();
    await this.#stdin.abort().catch(() => {});
    const { code } = await this.#child.status;
    this.#log.warn("plugin process ended", { code });
    const unanswered = [...this.#open.values()].flat();
    this.#open.clear();
    this.#count = 0;
    this.#events.ended(unanswered);
  }
}
