/**
 * Detects that the `npx` which started this program has ended.
 *
 * `npx` passes a SIGTERM to the shell that it started. That shell ends without passing it on, so
 * the task runner below it and the program would run for ever. The program therefore watches the
 * chain of its ancestors up to `npx`.
 *
 * @module
 */

/** What {@link watchRunner} needs. */
export interface RunnerWatchOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** The process whose ancestors are watched. Default: this one. */
  readonly pid?: number;
}

/** Exit code of the script when an ancestor has another parent than before. */
const GONE = 10;

/**
 * A shell script that checks the ancestors once a second. A child process is used because Deno lets
 * a program read `/proc` only with all permissions. Watched are the task runner, the shell and
 * `npx`; the parent of `npx` may end.
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
 * Calls `onGone` when an ancestor between this process and `npx` has ended. Does nothing unless
 * `npx` (or `npm exec`) started the process. Returns a function that ends the watch.
 */
export function watchRunner(options: RunnerWatchOptions, onGone: () => void): () => Promise<void> {
  const { environment, pid = Deno.pid } = options;
  if (environment["npm_command"] !== "exec" || Deno.build.os === "windows") {
    return () => Promise.resolve();
  }
  const child = spawnWatch(pid);
  if (child === undefined) return () => Promise.resolve();
  child.unref();
  const ended = child.status.then(({ code }) => {
    if (code === GONE) onGone();
  });
  return async () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await ended;
  };
}

/** Undefined where the program may not start others, or there is no shell. */
function spawnWatch(pid: number): Deno.ChildProcess | undefined {
  try {
    return new Deno.Command("sh", {
      args: ["-c", SCRIPT, "sh", `${pid}`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  } catch {
    return undefined;
  }
}
