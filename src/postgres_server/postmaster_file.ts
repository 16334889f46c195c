/**
 * The file `postmaster.pid`, by which a Postgres server says in its data directory that it runs.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { StoreUnavailable } from "../store/event_store.ts";
import { sleep } from "../base/sleep.ts";

/** What the file says. */
export interface PostmasterFile {
  /** The process, which need not be there any more. */
  readonly pid: number;
  /** Whether it answers queries. It does not while it recovers or shuts down. */
  readonly isReady: boolean;
}

/** Lines of the file, counted from 0. */
const PID_LINE = 0;
const STATUS_LINE = 7;

/**
 * Reads the file's text; undefined while the server has written less than its number.
 */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split("\n");
  const pid = Number(lines[PID_LINE]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, isReady: lines[STATUS_LINE]?.trim() === "ready" };
}

/**
 * What the server of the data directory `data` says of itself; undefined when it says nothing.
 */
export async function readPostmasterFile(data: string): Promise<PostmasterFile | undefined> {
  try {
    return parsePostmasterFile(await Deno.readTextFile(`${data}/postmaster.pid`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** How often is looked whether a server has gone, milliseconds. */
const LOOK_MS = 50;

/**
 * How long a server may take to write down what it holds, milliseconds; then it is made to leave at once, and
 * the next start recovers from its log.
 */
const POLITE_MS = 60_000;

/** How long it may take to leave at once, milliseconds. */
const RUDE_MS = 10_000;

/** The directories of a server. */
export interface ServerDirectories {
  readonly data: string;
  /** Where its socket is. */
  readonly socket: string;
}

/**
 * Stops the server that an earlier process left running, and says whether there was one. Call it only when
 * nobody else may use the directories. The locks that a killed server has left behind go too: the number in
 * them may be another process's by now, or that of a process nobody has buried, and Postgres would take
 * either for a server.
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
      await endProcess(data, left.pid, { signal: "SIGINT", waitMs: POLITE_MS, clock }) ||
      await endProcess(data, left.pid, { signal: "SIGQUIT", waitMs: RUDE_MS, clock });
    if (!isGone) throw new StoreUnavailable(`the server ${left.pid} of ${data} does not stop`);
  }
  for (const path of [`${data}/postmaster.pid`, `${socket}/.s.PGSQL.5432.lock`]) {
    await Deno.remove(path).catch(unlessMissing);
  }
  return runs;
}

interface Ending {
  readonly signal: Deno.Signal;
  readonly waitMs: number;
  readonly clock: Clock;
}

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
    await sleep(LOOK_MS, clock);
  }
  return true;
}

/** Whether a process is a Postgres that was started with this data directory, by its command line. */
async function isServerOf(data: string, pid: number): Promise<boolean> {
  const { stdout } = await new Deno.Command("sh", {
    // Small systems have no `ps`; others have no `/proc`.
    args: ["-c", `tr '\\0' ' ' < "/proc/$1/cmdline" || ps -o args= -p "$1"`, "sh", String(pid)],
    stdin: "null",
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).includes(` -D ${data} `);
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
