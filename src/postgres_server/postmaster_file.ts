/**
 * The file `postmaster.pid`, which a running Postgres server keeps in its data directory.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { sleep } from "../base/sleep.ts";
import { unlessMissing } from "../store/database/data_directory.ts";
import { StoreUnavailable } from "../store/event_store.ts";

interface PostmasterFile {
  /** The process id; the process may be gone. */
  readonly pid: number;
  /** Whether the server accepts queries, which it does not during recovery and shutdown. */
  readonly isReady: boolean;
}

/** Lines of the file, counted from 0. */
const PID_LINE = 0;
const STATUS_LINE = 7;

/** Parses the file; undefined while the server has not written its process id. */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split("\n");
  const pid = Number(lines[PID_LINE]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, isReady: lines[STATUS_LINE]?.trim() === "ready" };
}

/** The state of the server of the data directory `data`; undefined when there is no file. */
export async function readPostmasterFile(data: string): Promise<PostmasterFile | undefined> {
  try {
    return parsePostmasterFile(await Deno.readTextFile(postmasterPath(data)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function postmasterPath(data: string): string {
  return `${data}/postmaster.pid`;
}

/** The interval at which a stopping server is checked, milliseconds. */
const POLL_MS = 50;

/**
 * How long a fast shutdown may take, milliseconds. An immediate shutdown follows, and recovery at
 * the next start.
 */
const FAST_SHUTDOWN_MS = 60_000;

/** How long an immediate shutdown may take, milliseconds. */
const IMMEDIATE_SHUTDOWN_MS = 10_000;

/** The directories of a server. */
interface ServerDirectories {
  readonly data: string;
  /** The directory of its socket. */
  readonly socket: string;
}

/**
 * Stops the server that an earlier process left running, and returns whether there was one. Call it
 * only when no one else may use the directories. It also removes the lock files of a killed server:
 * the process id in them may be another process's by now, or that of a zombie, and Postgres would
 * take either for a running server.
 *
 * Rejects with {@link StoreUnavailable} when it does not stop.
 */
export async function stopLeftServer(
  { data, socket }: ServerDirectories,
  clock: Clock,
): Promise<boolean> {
  const left = await readPostmasterFile(data);
  const runs = left !== undefined && await isServerOf(data, left.pid);
  if (runs) {
    const isGone =
      await endProcess(data, left.pid, { signal: "SIGINT", waitMs: FAST_SHUTDOWN_MS, clock }) ||
      await endProcess(data, left.pid, { signal: "SIGQUIT", waitMs: IMMEDIATE_SHUTDOWN_MS, clock });
    if (!isGone) throw new StoreUnavailable(`the server ${left.pid} of ${data} does not stop`);
  }
  for (const path of [postmasterPath(data), `${socket}/.s.PGSQL.5432.lock`]) {
    await Deno.remove(path).catch(unlessMissing);
  }
  return runs;
}

interface Ending {
  readonly signal: Deno.Signal;
  readonly waitMs: number;
  readonly clock: Clock;
}

/** Sends a signal to the server and waits for its end; false when it still runs after that time. */
async function endProcess(
  data: string,
  pid: number,
  { signal, waitMs, clock }: Ending,
): Promise<boolean> {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    unlessMissing(error);
  }
  const endMs = clock.monotonicMs() + waitMs;
  while (await isServerOf(data, pid)) {
    if (clock.monotonicMs() > endMs) return false;
    await sleep(POLL_MS, clock);
  }
  return true;
}

/** Whether the command line of a process is that of a Postgres with this data directory. */
async function isServerOf(data: string, pid: number): Promise<boolean> {
  const { stdout } = await new Deno.Command("sh", {
    // Small systems have no `ps`; others have no `/proc`.
    args: ["-c", `tr '\\0' ' ' < "/proc/$1/cmdline" || ps -o args= -p "$1"`, "sh", String(pid)],
    stdin: "null",
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).includes(` -D ${data} `);
}
