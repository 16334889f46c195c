/**
 * The worker of the embedded database: Postgres as WebAssembly. A running statement blocks its
 * thread, so it must not be the relay's.
 *
 * @module
 */

/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

import { PGlite, protocol } from "@electric-sql/pglite";
import { concat } from "../../base/bytes.ts";
import type {
  PgliteAnswer,
  PgliteParameter,
  PgliteRequest,
  PgliteRows,
} from "./pglite_messages.ts";

const { serialize } = protocol;

/**
 * Sized for a small machine that the relay shares. The planner settings are those of
 * `postgres_driver.ts`.
 */
const settings: Readonly<Record<string, string>> = {
  wal_buffers: "1MB",
  work_mem: "4MB",
  maintenance_work_mem: "16MB",
  min_wal_size: "32MB",
  temp_buffers: "1MB",
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  enable_memoize: "off",
  enable_material: "off",
  jit: "off",
};

/** How many statements stay prepared. The relay uses far fewer different texts. */
const MAX_PREPARED = 200;

let database: PGlite | undefined;

/** The names of the prepared statements by their text, the most recently used last. */
const prepared = new Map<string, string>();
let preparedCount = 0;

/**
 * Settles when all requests so far are answered. The library mixes up the answers of overlapping
 * calls.
 */
let answered = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<PgliteRequest>) => {
  answered = answered.then(async () => {
    self.postMessage(await answer(data));
    if (data.type === "close") self.close();
  });
};

async function answer(request: PgliteRequest): Promise<PgliteAnswer> {
  const { number } = request;
  try {
    return { number, type: "rows", rows: await perform(request) };
  } catch (error) {
    return { number, type: "failed", message: messageOf(error), sqlState: sqlStateOf(error) };
  }
}

async function perform(request: PgliteRequest): Promise<PgliteRows> {
  switch (request.type) {
    case "open":
      database = await open(request.directory, request.sharedBuffersMb);
      return [];
    case "query":
      return await query(request.text, request.parameters);
    case "script":
      await database!.exec(request.sql);
      return [];
    case "close":
      await close();
      return [];
  }
}

/**
 * `max_wal_size` in proportion to `shared_buffers`: few checkpoints, because each page is logged
 * whole when it is first written after one.
 */
const WAL_PER_BUFFERS = 4;

async function open(directory: string | undefined, sharedBuffersMb: number): Promise<PGlite> {
  const memory = {
    shared_buffers: `${sharedBuffersMb}MB`,
    max_wal_size: `${WAL_PER_BUFFERS * sharedBuffersMb}MB`,
  };
  return await PGlite.create({
    dataDir: directory === undefined ? "memory://" : `file://${directory}`,
    startParams: [
      ...PGlite.defaultStartParams,
      ...Object.entries({ ...settings, ...memory }).flatMap((
        [name, value],
      ) => ["-c", `${name}=${value}`]),
    ],
  });
}

async function close(): Promise<void> {
  if (database === undefined) return;
  // So that the next start needs no recovery.
  await database.exec("checkpoint");
  await database.close();
}

/**
 * Runs a statement in one message: parse if necessary, bind, execute, sync. The library's own
 * `query` parses and plans each time, which takes longer than most of our statements run.
 */
async function query(text: string, parameters: readonly PgliteParameter[]): Promise<PgliteRows> {
  const known = prepared.get(text);
  const statement = known ?? `s${preparedCount++}`;
  const messages = await exchange(
    ...(known === undefined ? [serialize.parse({ name: statement, text })] : []),
    serialize.bind({ statement, values: [...parameters] }),
    serialize.execute(),
  ).catch(async (error) => {
    await forget(text, statement);
    throw error;
  });
  await remember(text, statement);
  const rows: (readonly (string | null)[])[] = [];
  for (const message of messages) {
    if (message instanceof protocol.messages.DataRowMessage) rows.push(message.fields);
  }
  return rows;
}

async function exchange(...requests: readonly Uint8Array[]) {
  const message = concat([...requests, serialize.sync()]);
  return (await database!.execProtocol(message, { syncToFs: false })).messages;
}

async function remember(text: string, statement: string): Promise<void> {
  prepared.delete(text);
  prepared.set(text, statement);
  if (prepared.size <= MAX_PREPARED) return;
  const [oldest] = prepared;
  await forget(...oldest!);
}

/** Closing a statement that the database never accepted is no error. */
async function forget(text: string, statement: string): Promise<void> {
  prepared.delete(text);
  await exchange(serialize.close({ type: "S", name: statement }));
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof protocol.messages.DatabaseError ? error.code : undefined;
}

/** What Emscripten's file system throws instead of an Error: the numbers are those of WASI. */
const FILE_FAULTS: Readonly<Record<number, string>> = {
  2: "Permission denied",
  20: "File exists",
  51: "No space left on device",
  54: "Not a directory",
  63: "Operation not permitted",
  69: "Read-only file system",
};

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error !== "object" || error === null || !("errno" in error)) return String(error);
  const { errno } = error;
  return FILE_FAULTS[Number(errno)] ?? `the file system reports error ${errno}`;
}
