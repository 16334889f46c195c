/**
 * Postgres inside the process.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import { DataDirectory } from "./data_directory.ts";
import {
  type Cells,
  type Database,
  databaseError,
  type Parameter,
  type Session,
  type Statement,
  type StatementOptions,
} from "./database.ts";
import { StoreUnavailable } from "../event_store.ts";
import type {
  PgliteAnswer,
  PgliteParameter,
  PgliteRequest,
  PgliteRows,
} from "./pglite_messages.ts";
import { type StoreClock, timeless } from "../store_clock.ts";
import { QueryGate } from "./query_gate.ts";
import { Semaphore } from "./semaphore.ts";

/** How the embedded database is set. */
export interface PgliteOptions {
  /** Memory for pages, megabytes; more than 1,024 is taken as 1,024. Default 128. */
  readonly sharedBuffersMb?: number;
  /** By what closing is cut short when a statement does not end. Default: it waits. */
  readonly clock?: StoreClock;
}

/** How long what runs has when the database is closed, and the last page to be written, milliseconds. */
const CLOSE_MS = 10_000;

/** WebAssembly has 4 GB for everything. */
const MAX_SHARED_BUFFERS_MB = 1_024;

/** For making a database, which holds little. */
const MIN_SHARED_BUFFERS_MB = 16;

/**
 * The embedded database in the directory `path`, which it makes when it is not there; without one, in memory.
 *
 * It has one connection and no way to interrupt it: statements run one after another, and one that was
 * aborted while it ran comes to its end first; one that runs out of time too, but nobody waits for it. What was committed survives the end of the process, however
 * that comes; it does not wait for the disk, so the last moments before a power cut may be lost.
 *
 * Rejects with {@link StoreUnavailable} when another process has the directory, or when it cannot be
 * read.
 */
export async function openPglite(path?: string, options: PgliteOptions = {}): Promise<Database> {
  const { clock = timeless } = options;
  const memoryMb = Math.min(options.sharedBuffersMb ?? 128, MAX_SHARED_BUFFERS_MB);
  if (path === undefined) {
    return new PgliteDatabase(await startWorker(undefined, memoryMb), () => {}, clock);
  }
  const directory = await DataDirectory.claim(path);
  try {
    if (!await directory.hasDatabase()) await makeDatabase(directory);
    const worker = await startWorker(directory.path, memoryMb);
    return new PgliteDatabase(worker, () => directory.release(), clock);
  } catch (error) {
    directory.release();
    throw error;
  }
}

/** In a thread of its own: making a database takes hundreds of megabytes, which end with the thread. */
async function makeDatabase(directory: DataDirectory): Promise<void> {
  const worker = await startWorker(directory.draftPath, MIN_SHARED_BUFFERS_MB);
  try {
    await worker.call({ type: "close" });
  } finally {
    worker.terminate();
  }
  await directory.adoptDraft();
}

async function startWorker(
  directory: string | undefined,
  sharedBuffersMb: number,
): Promise<PgliteWorker> {
  const worker = new PgliteWorker();
  try {
    await worker.call({ type: "open", directory, sharedBuffersMb });
    return worker;
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

class PgliteDatabase implements Database {
  readonly #worker: PgliteWorker;
  readonly #release: () => void;
  readonly #clock: StoreClock;
  /** One statement outside of transactions, or one transaction, at a time. */
  readonly #semaphore = new Semaphore(1);
  /** Passed before it by queries, so that clients take turns and one query at a time stands before writing. */
  readonly #gate: QueryGate;
  #closing: Promise<void> | undefined = undefined;

  constructor(worker: PgliteWorker, release: () => void, clock: StoreClock) {
    this.#worker = worker;
    this.#release = release;
    this.#clock = clock;
    this.#gate = new QueryGate({ connections: 1, reserved: 0, clock });
  }

  async query<Row>(
    statement: Statement<Row>,
    options: StatementOptions = {},
  ): Promise<readonly Row[]> {
    const { signal, timeBudget, isShort = false, source } = options;
    timeBudget?.check();
    const visitor = { isShort, signal, source };
    await this.#gate.enter(visitor);
    try {
      await this.#semaphore.enter(signal);
    } catch (error) {
      this.#gate.leave(visitor);
      throw error;
    }
    const rows = this.#run(statement, options).finally(() => {
      this.#semaphore.leave();
      this.#gate.leave(visitor);
    });
    return await (timeBudget?.within(rows, () => {}) ?? rows);
  }

  async script(sql: string): Promise<void> {
    await this.#alone(() => this.#worker.call({ type: "script", sql }));
  }

  /** The next may begin as soon as this one's end is on its way: the worker answers in order. */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const { result, committed } = await this.#alone(async () => {
      const session: Session = {
        query: (statement, options = {}) => this.#run(statement, options),
        script: async (sql) => void await this.#worker.call({ type: "script", sql }),
      };
      // Not waited for: if this fails so does all that follows.
      const begun = session.script("begin");
      begun.catch(() => {});
      try {
        const result = await work(session);
        return { result, committed: session.script("commit") };
      } catch (error) {
        await session.script("rollback");
        throw error;
      }
    });
    await committed;
    return result;
  }

  async close(): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  /** Ends the thread after a while whatever it does: what was committed is there at the next start. */
  async #close(): Promise<void> {
    const timer = this.#clock.after(CLOSE_MS, () => this.#worker.terminate());
    await this.#semaphore.enter();
    try {
      await this.#worker.call({ type: "close" });
    } catch (error) {
      if (!this.#worker.isOver) throw error;
    } finally {
      timer.cancel();
      this.#worker.terminate();
      this.#release();
      // Whoever waits finds the worker gone.
      this.#semaphore.leave();
    }
  }

  async #alone<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#semaphore.enter(signal);
    try {
      return await work();
    } finally {
      this.#semaphore.leave();
    }
  }

  async #run<Row>(
    { text, parameters, read }: Statement<Row>,
    { signal }: StatementOptions,
  ): Promise<readonly Row[]> {
    const request = { type: "query", text, parameters: parameters.map(inMessage) } as const;
    const rows = await this.#worker.call(request);
    signal?.throwIfAborted();
    return rows.map((cells) => read(new TextCells(cells)));
  }
}

function inMessage(parameter: Parameter): PgliteParameter {
  return typeof parameter === "number" ? String(parameter) : parameter;
}

/** A union without a property that all of its members have. */
type Without<T, Key extends PropertyKey> = T extends unknown ? Omit<T, Key> : never;

/** The thread of the database: a call for each request. */
class PgliteWorker {
  // deno-lint-ignore gallimimus/pure-room -- the embedded database is a thread
  readonly #worker = new Worker(new URL("./pglite_worker.ts", import.meta.url), { type: "module" });
  readonly #calls = new Map<number, PromiseWithResolvers<PgliteRows>>();
  #count = 0;
  /** Whether nothing can be asked of it any more. */
  isOver = false;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<PgliteAnswer>) => this.#settle(data);
    this.#worker.onerror = (event) => {
      // Otherwise the relay ends with its database; it has better ways to say so.
      event.preventDefault();
      this.#fail(new StoreUnavailable(`the embedded database broke: ${event.message}`));
    };
  }

  call(request: Without<PgliteRequest, "number">): Promise<PgliteRows> {
    if (this.isOver) return Promise.reject(new StoreUnavailable("the database is closed"));
    const call = Promise.withResolvers<PgliteRows>();
    const number = this.#count++;
    this.#calls.set(number, call);
    this.#worker.postMessage({ ...request, number });
    return call.promise;
  }

  terminate(): void {
    this.#worker.terminate();
    this.#fail(new StoreUnavailable("the database is closed"));
  }

  #settle(answer: PgliteAnswer): void {
    const call = this.#calls.get(answer.number);
    this.#calls.delete(answer.number);
    if (answer.type === "rows") call?.resolve(answer.rows);
    else call?.reject(databaseError(new Error(answer.message), answer.sqlState));
  }

  #fail(error: StoreUnavailable): void {
    this.isOver = true;
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }
}

const BACKSLASH_X = 2;

/** One row as the database wrote it. */
class TextCells implements Cells {
  readonly #cells: PgliteRows[number];

  constructor(cells: PgliteRows[number]) {
    this.#cells = cells;
  }

  hex(column: number): string {
    return this.text(column).slice(BACKSLASH_X);
  }

  integer(column: number): number {
    return Number(this.#cells[column]);
  }

  text(column: number): string {
    return this.#cells[column] ?? "";
  }

  utf8(column: number): Uint8Array {
    return utf8(this.text(column));
  }
}
