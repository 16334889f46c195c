/**
 * The embedded database: Postgres inside the process.
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

interface PgliteOptions {
  /** `shared_buffers`, megabytes; more than 1,024 is taken as 1,024. Default 128. */
  readonly sharedBuffersMb?: number;
  /** Bounds how long closing waits for a running statement. Default: no bound. */
  readonly clock?: StoreClock;
}

/** How long closing waits for running statements and the final checkpoint, milliseconds. */
const CLOSE_MS = 10_000;

/** WebAssembly has 4 GB of memory in all. */
const MAX_SHARED_BUFFERS_MB = 1_024;

/** While a database is created, which needs little. */
const MIN_SHARED_BUFFERS_MB = 16;

/**
 * Opens the embedded database in the directory `path`, creating it if needed; without a path, in
 * memory.
 *
 * It has one connection and cannot be interrupted: statements run one after another, and one that
 * is aborted or out of time still runs to its end, though its caller does not wait. Commits survive
 * the end of the process, however it ends, but are not flushed to disk at once: a power cut may
 * lose the last moments.
 *
 * Rejects with {@link StoreUnavailable} when another process has the directory, or when it cannot
 * be read.
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

/**
 * In a thread of its own: creating a database takes hundreds of megabytes, which are freed with the
 * thread.
 */
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
  /** Held by one transaction, or one statement outside of transactions, at a time. */
  readonly #semaphore = new Semaphore(1);
  /**
   * Queries pass it before they acquire the semaphore, so that clients take turns and at most one
   * query is ahead of the writers.
   */
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
      await this.#semaphore.acquire(signal);
    } catch (error) {
      this.#gate.leave(visitor);
      throw error;
    }
    const rows = this.#run(statement, options).finally(() => {
      this.#semaphore.release();
      this.#gate.leave(visitor);
    });
    return await (timeBudget?.within(rows, () => {}) ?? rows);
  }

  async script(sql: string): Promise<void> {
    await this.#alone(() => this.#worker.call({ type: "script", sql }));
  }

  /** The semaphore is released once COMMIT has been sent: the worker answers in order. */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const { result, committed } = await this.#alone(async () => {
      const session: Session = {
        query: (statement, options = {}) => this.#run(statement, options),
        script: async (sql) => void await this.#worker.call({ type: "script", sql }),
      };
      // Not awaited: if this fails, so do the statements that follow.
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

  /**
   * Ends the thread after a timeout in any case. Recovery at the next start restores what was
   * committed.
   */
  async #close(): Promise<void> {
    const timer = this.#clock.after(CLOSE_MS, () => this.#worker.terminate());
    await this.#semaphore.acquire();
    try {
      await this.#worker.call({ type: "close" });
    } catch (error) {
      if (!this.#worker.isOver) throw error;
    } finally {
      timer.cancel();
      this.#worker.terminate();
      this.#release();
      // Waiting callers find the worker terminated.
      this.#semaphore.release();
    }
  }

  async #alone<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#semaphore.acquire(signal);
    try {
      return await work();
    } finally {
      this.#semaphore.release();
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

/** `Omit` for each member of a union. */
type Without<T, Key extends PropertyKey> = T extends unknown ? Omit<T, Key> : never;

/** The worker thread of the database: one call for each request. */
class PgliteWorker {
  // deno-lint-ignore gallimimus/pure-room -- the embedded database is a thread
  readonly #worker = new Worker(new URL("./pglite_worker.ts", import.meta.url), { type: "module" });
  readonly #calls = new Map<number, PromiseWithResolvers<PgliteRows>>();
  #count = 0;
  /** Whether the worker accepts no more requests. */
  isOver = false;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<PgliteAnswer>) => this.#settle(data);
    this.#worker.onerror = (event) => {
      // Otherwise an error of the worker would end the process; here it fails the calls.
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

/** One row in the text format of Postgres. */
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
