/**
 * Whether the `npx` that this program was started by still runs.
 *
 * `npx` passes a SIGTERM to the shell that it started, which ends without passing it on: the task runner
 * below it and the program would run for ever. So the program has the line of its ancestors, up to
 * `npx`, watched.
 *
 * @module
 */

/** What the watch needs to know. */
export interface RunnerWatchOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** The process whose ancestors are watched. Default: this one. */
  readonly pid?: number;
}

/** Ends with this when an ancestor has another parent than before. */
const GONE = 10;

/**
 * A shell that looks once a second. The program itself may not read `/proc` without permission for
 * everything. Between the program and `npx` stand a task runner and a shell; who started `npx` may end.
 */
const SCRIPT = `
parent_of() {
  if [ -r "/proc/$1/stat" ]; then
    read -r line <"/proc/$1/stat" || return
    set -- \${line##*) }
    parent=$2
  else
    parent=$(ps -o ppid= -p "$1" 2>/dev/null | tr -d ' ')
  fi
}
first=$1
parent_of "$first"; second=$parent
parent_of "$second"; third=$parent
parent_of "$third"; fourth=$parent
[ -n "$fourth" ] || exit 1
is_whole() { parent=; parent_of "$1"; [ "$parent" = "$2" ]; }
while is_whole "$first" "$second"; do
  is_whole "$second" "$third" || exit ${GONE}
  is_whole "$third" "$fourth" || exit ${GONE}
  sleep 1
done
`;

/**
 * Calls `onGone` when an ancestor is gone that stood between this process and `npx`. Does nothing unless
 * `npx` (or `npm exec`) started the process. Returns what ends the watch.
 */
export function watchRunner(options: RunnerWatchOptions, onGone: () => void): () => Promise<void> {
  const { environment, pid = Deno.pid } = options;
  if (environment["npm_command"] !== "exec" || Deno.build.os === "windows") {
    return () => Promise.resolve();
  }
  const child = new Deno.Command("sh", {
    args: ["-c", SCRIPT, "sh", `${pid}`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  child.unref();
  const ended = child.status.then(({ code }) => {
    if (code === GONE) onGone();
  });
  return async () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await ended;
  };
}
