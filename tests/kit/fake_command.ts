/**
 * A command context without a process.
 *
 * @module
 */

import { type CommandContext } from "../../src/app/command_line/command_context.ts";
import { defaultSettings, type Settings } from "../../src/app/settings/setting_list.ts";
import type { CreatedFile, OpenedFile, Output } from "../../src/app/system/streams.ts";
import { concat } from "../../src/base/bytes.ts";
import { silentLog } from "../../src/base/log.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { FakeClock } from "./fake_clock.ts";
import { SeededRandom } from "./seeded_random.ts";

/** An output that keeps what is written. After `capacity` bytes it reports a closed pipe. */
export class KeptOutput implements Output {
  isTerminal = false;
  capacity = Infinity;
  /** The number of writes. */
  writes = 0;
  readonly #parts: Uint8Array[] = [];

  write(bytes: Uint8Array): Promise<boolean> {
    this.writes++;
    this.capacity -= bytes.length;
    if (this.capacity < 0) return Promise.resolve(false);
    this.#parts.push(bytes.slice());
    return Promise.resolve(true);
  }

  get text(): string {
    return this.#parts.map((part) => new TextDecoder().decode(part)).join("");
  }
}

/** A store that stays open from one command to the next. */
export class KeptMemoryStore extends MemoryStore {
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A command context, and what the command did with it. */
export class FakeCommand {
  readonly stdout = new KeptOutput();
  readonly stderr = new KeptOutput();
  readonly clock = new FakeClock();
  readonly store = new MemoryStore();
  /** Aborting it has the effect of a stop signal. */
  readonly controller = new AbortController();
  /** Files by path. */
  readonly files = new Map<string, ReadableStream<Uint8Array>>();
  /** Files that were written whole, by path. */
  readonly written = new Map<string, Uint8Array>();
  readonly context: CommandContext;

  constructor(changes: Partial<CommandContext> = {}) {
    const open = (path: string): Promise<OpenedFile> => {
      const readable = this.files.get(path);
      return Promise.resolve(readable ? { readable } : { fault: "no such file" });
    };
    const origins = new Map();
    const settings: Settings = {
      ...defaultSettings,
      signatures: { engine: "noble", library: "", workers: 0 },
    };
    this.context = {
      settings,
      origins,
      source: { path: "config.toml", load: () => Promise.resolve({ settings, origins }) },
      applyLog() {},
      log: silentLog,
      addressSecret: new Uint8Array(),
      clock: this.clock,
      random: new SeededRandom(1),
      streams: {
        stdout: this.stdout,
        stderr: this.stderr,
        open,
        create: (path) => this.#create(path),
      },
      environment: {},
      stop: this.controller.signal,
      openStore: () => Promise.resolve(this.store),
      ...changes,
    };
  }

  #create(path: string): Promise<CreatedFile | { readonly fault: string }> {
    if (this.files.has(path) || this.written.has(path)) {
      return Promise.resolve({ fault: "exists already" });
    }
    const parts: Uint8Array[] = [];
    const writable = new WritableStream<Uint8Array>({ write: (part) => void parts.push(part) });
    return Promise.resolve({
      writable,
      finish: () => Promise.resolve(void this.written.set(path, concat(parts))),
      discard: () => Promise.resolve(),
    });
  }
}
